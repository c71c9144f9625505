"""Forms as they arrive: fields as text, files into the store, and what is wrong with them in words."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, BinaryIO

from fastapi import Depends, Request
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.exceptions import HTTPException

from ombud.errors import Invalid
from ombud.files import FileStore
from ombud.kit.text import clean_line
from ombud.tickets import StoredFile
from ombud.web.auth import SignedIn

MAX_FILES = 10
MAX_FIELDS = 200
MAX_TEXT = 4 * 2**20
CHUNK = 1 << 20
FORM_TYPES = ("", "application/x-www-form-urlencoded", "multipart/form-data")
"""What bodies may be; none is named where there is none."""


async def read_form(request: Request) -> FormData:
    """Parse a form within limits; Invalid when it is not one, 415 when it does not say that it is."""
    _check_type(request.headers)
    try:
        return await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_TEXT)
    except HTTPException as error:
        raise Invalid(f"This form cannot be read: {error.detail}") from error


def _check_type(headers: Headers) -> None:
    """Refuse what would be read as a form with nothing in it: another type, other signs than UTF-8, or packed."""
    kind, _, rest = headers.get("content-type", "").partition(";")
    name, _, charset = rest.strip().lower().partition("=")
    if (
        kind.strip().lower() not in FORM_TYPES
        or (name == "charset" and charset.strip('"') not in ("utf-8", "utf8"))
        or headers.get("content-encoding", "identity").strip().lower() != "identity"
        or (not kind and ("transfer-encoding" in headers or headers.get("content-length", "0") != "0"))
    ):
        raise HTTPException(415)


async def signed_form(request: Request, visitor: SignedIn) -> AsyncIterator[FormData]:
    """Parse a form of a signed-in visitor, check its token, and drop its files when the request is done."""
    form = await read_form(request)
    try:
        visitor.check_form(form, request)
        yield form
    finally:
        await form.close()


SignedForm = Annotated[FormData, Depends(signed_form)]


def text_of(form: FormData, name: str) -> str:
    """Return a field's text, empty when it is missing or a file; the last one's where it is given twice."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def id_of(form: FormData, name: str) -> int | None:
    """Return a field that holds an id, None when it is empty; Invalid for anything else."""
    text = text_of(form, name).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid(fields={name: "is not one of the choices."})
    return int(text)


async def store_files(form: FormData, store: FileStore) -> list[StoredFile]:
    """Put the uploaded files into the store, before any transaction; Invalid for one that is too large."""
    stored = []
    for upload in form.getlist("files"):
        if not isinstance(upload, UploadFile) or not upload.filename:
            continue
        name = clean_line("files", upload.filename.replace("\\", "/").rpartition("/")[2], limit=255)
        try:
            kept = await store.aput(_chunks(upload.file))
        except Invalid as error:
            raise Invalid(
                fields={"files": f"“{name}” {error.fields.get('file', 'cannot be stored.')}"}
            ) from error
        stored.append(StoredFile(name, _type_of(name), kept.size, kept.checksum, kept.storage_key))
    return stored


def _type_of(name: str) -> str:
    # What the sender says of a file is not evidence; its name only picks an icon.
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def field_errors(error: Invalid, names: dict[str, str]) -> dict[str, str]:
    """Return a sentence for each field of a form, empty where there is nothing wrong.

    `names` maps the form's fields to the words in front of the rule.
    """
    return {
        field: f"{label} {error.fields[field]}" if field in error.fields else ""
        for field, label in names.items()
    }
