"""The store of files, the same on a folder and on an S3 server; and what is said when that is away."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from ombud import clock
from ombud.config import Settings
from ombud.errors import Invalid, NotFound, TooLarge, Unavailable
from ombud.files import FileStore, Part, files_of
from ombud.files.check import check_files
from ombud.files.download import wanted_part
from tests.files.s3 import KEY, s3_running

LARGE = bytes(range(256)) * 48_000  # three pieces of an object store's upload


def read(store: FileStore, key: str, part: tuple[int, int] | None = None) -> bytes:
    async def all_of_it() -> bytes:
        return b"".join([piece async for piece in await store.aopen(key, part)])

    return asyncio.run(all_of_it())


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["nothing", "small", "large"])
def test_what_is_put_comes_back_however_it_is_asked_for(store: FileStore, content: bytes) -> None:
    stored = store.put(content[at : at + 70_000] for at in range(0, len(content), 70_000))
    assert stored.checksum == hashlib.sha256(content).hexdigest()
    assert stored.size == len(content)
    assert store.has(stored.storage_key)
    assert store.get(stored.storage_key) == content
    assert bytes(store.map(stored.storage_key)) == content
    size, pieces = store.open(stored.storage_key)
    assert (size, b"".join(pieces)) == (len(content), content)
    assert read(store, stored.storage_key) == content
    assert store.put([content]) == stored, "stored twice, it is one file"
    assert [(key, size) for key, size, _ in store.listed()] == [(stored.storage_key, len(content))]


def test_a_part_is_fetched_alone(store: FileStore) -> None:
    key = store.put([LARGE]).storage_key
    assert read(store, key, (5_000_000, 5_000_010)) == LARGE[5_000_000:5_000_010]


def test_a_file_that_is_too_large_leaves_nothing(store: FileStore) -> None:
    store = store.up_to(100_000)
    with pytest.raises(TooLarge):
        store.put([b"x" * 60_000, b"x" * 60_000])
    assert list(store.listed()) == []


def test_what_is_missing_is_not_found(store: FileStore) -> None:
    key = f"sha256/ab/{'ab' * 32}"
    assert not store.has(key)
    for ask in (store.get, store.map, store.open, lambda one: read(store, one)):
        with pytest.raises(NotFound, match="missing from the store"):
            ask(key)
    with pytest.raises(NotFound):
        store.get("../../etc/passwd")


def test_what_is_young_is_not_removed(store: FileStore) -> None:
    key = store.put([b"young"]).storage_key
    assert not store.remove(key, untouched_for=60)
    assert store.has(key)
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert store.remove(key, untouched_for=60)
    assert not store.has(key)
    assert store.remove(key, untouched_for=60), "gone is gone"


def test_the_check_names_what_is_missing_damaged_and_left_over(
    store: FileStore, store_settings: Settings
) -> None:
    import obstore

    sound, damaged, left = (store.put([name]).storage_key for name in (b"sound", b"damaged", b"left"))
    obstore.put(store._store, damaged, b"Damaged")
    missing = f"sha256/cd/{'cd' * 32}"
    referred = [sound, damaged, missing]
    report = check_files(store, referred)
    assert (report.missing, report.damaged, report.orphans) == ([missing], [damaged], [])
    assert not report.is_sound
    with clock.frozen(clock.now() + timedelta(hours=2)):
        report = check_files(store, referred)
    assert (report.orphans, report.orphan_bytes) == ([left], 4)
    assert (report.files, report.file_bytes) == (2, 12)
    assert check_files(store, [sound]).is_sound


def test_a_store_that_is_away_is_unavailable_and_nothing_is_half(tmp_path: Path) -> None:
    with s3_running() as s3:
        store = files_of(s3.settings(Settings(data_dir=tmp_path), "away"))
        key = store.put([b"here"]).storage_key
        s3.process.kill()
        s3.process.wait()
        for ask in (
            lambda: store.put([LARGE]),
            lambda: store.get(key),
            lambda: store.open(key),
            lambda: store.has(key),
            lambda: store.remove(key, untouched_for=0),
            lambda: read(store, key),
            lambda: list(store.listed()),
        ):
            with pytest.raises(Unavailable, match="cannot be reached") as caught:
                ask()
            assert KEY not in f"{caught.value!r} {caught.value.message}"


@pytest.mark.parametrize(
    "url",
    ["/a/folder", "s3://", "s3://key:secret@bucket/x", "ftp://host/x", "file://elsewhere/x", "file:///"],
)
def test_an_address_of_no_known_kind_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="OMBUD_FILES_URL is"):
        files_of(Settings(data_dir=tmp_path, files_url=url))


def test_keys_travel_only_to_this_machine_or_under_tls(tmp_path: Path) -> None:
    given: dict[str, Any] = {"data_dir": tmp_path, "files_url": "s3://b/x", "files_region": "x"}
    keys: dict[str, Any] = {"files_access_key": SecretStr("a"), "files_secret_key": SecretStr("b")}
    with pytest.raises(Invalid, match="https"):
        files_of(Settings(**given, **keys, files_endpoint="http://files.example.com"))
    files_of(Settings(**given, **keys, files_endpoint="https://files.example.com"))
    files_of(Settings(**given, **keys, files_endpoint="http://files.example.com", allow_plain_tcp=True))


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("bytes=0-3", Part(0, 4, 10)),
        ("bytes=4-", Part(4, 10, 10)),
        ("bytes=-3", Part(7, 10, 10)),
        ("bytes=-99", Part(0, 10, 10)),
        ("bytes=8-99", Part(8, 10, 10)),
        ("bytes=10-", Part(10, 10, 10)),
        ("bytes=10-99", Part(10, 10, 10)),
        ("bytes=999999999999999999-", Part(999999999999999999, 10, 10)),
        ("bytes=-0", Part(10, 10, 10)),
        ("bytes=5-2", None),
        ("bytes=-", None),
        ("bytes=0-1,4-5", None),
        ("bytes=" + ",".join(["0-"] * 10_000), None),
        ("lines=1-2", None),
        ("bytes=٣-٤", None),
    ],
)
def test_one_range_is_honoured_and_all_else_is_the_whole_file(asked: str, got: Part | None) -> None:
    assert wanted_part({"range": asked}, size=10, etag='"x"') == got
    assert got is None or got.is_there is (got.start < 10)
    assert wanted_part({"range": asked, "if-range": '"y"'}, size=10, etag='"x"') is None
