"""What the build promises: pinned inputs, and a wheel that holds the built pages and needs no Node.js."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "src" / "ombud" / "web" / "frontend"
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
DIST = "ombud/web/static/dist"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_python_package_is_pinned_with_hashes_and_without_addresses(lock: Path) -> None:
    text = lock.read_text("utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())

    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash)", text, flags=re.MULTILINE), "an option or a file"


def test_every_npm_package_is_pinned_with_a_hash_and_without_an_address() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert "node_modules/htmx.org" in packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name


def test_direct_npm_dependencies_name_one_version() -> None:
    package = json.loads((FRONTEND / "package.json").read_text("utf-8"))

    for version in {**package["dependencies"], **package["devDependencies"]}.values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_built_assets_and_not_their_sources(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        manifest = json.loads(archive.read(f"{DIST}/manifest.json"))

    assert {"app.js", "app.css", "icons.svg", "licenses.txt"} <= set(manifest)
    assert {f"{DIST}/{name}" for name in manifest.values()} <= names
    assert all("-" in name for logical, name in manifest.items() if logical != "licenses.txt"), "hashed names"
    assert not [name for name in names if "frontend" in name or "node_modules" in name]
    assert "ombud/py.typed" in names


def test_the_licences_of_what_is_bundled_come_along(wheel: Path) -> None:
    package = json.loads((FRONTEND / "package.json").read_text("utf-8"))
    with zipfile.ZipFile(wheel) as archive:
        licences = archive.read(f"{DIST}/licenses.txt").decode()

    for name, version in package["dependencies"].items():
        assert f"{name} {version} (" in licences
