"""The route class of the API: what is checked before a route's own code, in the same order everywhere.

Token, then method's right, then query, then size and type of the body, then its JSON. A route that forgets to
ask for any of it is guarded all the same.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any, ClassVar, get_args, get_origin
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from ombud.api import conditional, looks, once
from ombud.api.auth import authenticate, check_scope
from ombud.api.json_body import read_json
from ombud.api.problems import MEDIA_TYPE, Explained
from ombud.api.rates import Buckets, weight_of
from ombud.api.selecting import PARAMETER, Selection
from ombud.config import Settings
from ombud.errors import Invalid, NotFound

JSON_LIMIT = 2**20
# A file's body is a little longer than the file: boundaries and part headers.
MULTIPART_OVERHEAD = 2**16
JSON_TYPES = ("application/json", "application/merge-patch+json")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_DESCRIPTIONS = {
    400: "The body cannot be read as what it says it is.",
    401: "No valid token came with the request.",
    403: "The caller may see the thing but not do this.",
    404: "There is no such thing, or not for this caller.",
    409: "The state of things does not allow it.",
    412: "`If-Match` names another version than the present one.",
    413: "The body is too large.",
    415: "The body has another Content-Type than this address takes.",
    416: "The file has no byte of the part that `Range` asked for; `Content-Range` says how long it is.",
    422: "Something in the request is not valid; `errors` says what.",
    429: "Too many requests; wait for `Retry-After` seconds.",
    503: "Not now; the same request may succeed later.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for these statuses, each a problem."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _DESCRIPTIONS[status], "content": content} for status in statuses}


def api_router(tag: str, route_class: "type[ApiRoute] | None" = None) -> APIRouter:
    """Return a router for one resource.

    Addresses with a parameter may find nothing; a route that looks for what its body names says 404 itself.
    """
    return APIRouter(
        tags=[tag],
        route_class=route_class or ApiRoute,
        responses=problems(401, 403, 422, 429, 503),
        generate_unique_id_function=lambda route: route.name,
    )


class ApiRequest(Request):
    """A request whose body is bounded, and whose JSON is strict."""

    limit: int = JSON_LIMIT

    async def stream(self) -> AsyncGenerator[bytes, None]:
        announced = self.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self.limit:
            raise HTTPException(413)
        size = 0
        async for chunk in super().stream():
            size += len(chunk)
            if size > self.limit:
                raise HTTPException(413)
            yield chunk

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


class ApiRoute(APIRoute):
    """A route that only lets in what it is documented to take."""

    scope: ClassVar[str | None] = None
    """What a token must be made for, by name; None: for reading or writing, by the method."""

    is_raw: ClassVar[bool] = False
    """True where the body is taken as it comes."""

    secrets: ClassVar[tuple[str, ...]] = ()
    """Fields of the answer that are shown once: an answer kept for repetitions has null in their place."""

    shows: Handler
    """What answers, without what is checked before."""

    selection: Selection | None = None
    """What `fields` may name, where things are shown as JSON."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        known = _query_parameters(self.dependant)
        route = self.path_format
        takes_form = self.body_field is not None and isinstance(self.body_field.field_info, Form)
        weights = {method: weight_of(method, route) for method in self.methods or ()}
        own_check = conditional.checks_itself(self)
        self.shows = handle
        selection = Selection.of(self.response_model) if "GET" in (self.methods or ()) else None
        if selection is not None:
            self.selection = selection
            known[PARAMETER] = False
        parts = frozenset(field.alias for field in self.dependant.body_params)
        body: once.Body = "form" if takes_form else "none" if self.body_field is None else "json"

        async def guarded(plain: Request) -> Response:
            request = ApiRequest(plain.scope, plain.receive)
            runtime = request.app.state.runtime
            request.state.principal = await authenticate(request, runtime)
            async with AsyncExitStack() as stack:
                stack.enter_context(looks.noted(request))
                _take(request, weights[request.method])
                check_scope(request.state.principal, request.method, self.scope)
                if "\x00" in request.url.path:
                    raise NotFound
                _check_query(request, known)
                names = selection.asked(request) if selection is not None else None
                self.prepare(request, runtime.current)
                if takes_form:
                    request.limit = self.file_limit(runtime.current) + MULTIPART_OVERHEAD
                    check_type(request, ("multipart/form-data",))
                    stack.push_async_callback(request.close)  # of files that nobody came to read
                    await _check_form(request, parts)
                elif self.body_field is not None:
                    check_type(request, JSON_TYPES)
                    await request.json()
                elif request.method in once.UNSAFE and not self.is_raw:
                    await _check_no_body(request)
                if_match = request.headers.get(conditional.IF_MATCH)
                if if_match is None or own_check or request.method == "GET":
                    response = await once.answer(request, route, body, handle, self.secrets)
                    return response if selection is None or names is None else selection.cut(response, names)
                careful = self._careful(request, if_match, handle)
                return await once.answer(request, route, body, careful, self.secrets, reads=True)

        return guarded

    def _careful(self, request: Request, if_match: str, handle: Handler) -> Handler:
        """Return `handle`, behind a look at what it changes: it must be what `If-Match` asks for."""
        shown = conditional.shown_by(request.app.routes, self)
        if request.method == "POST" or not isinstance(shown, ApiRoute):
            raise conditional.not_taken()
        shows = shown.shows

        async def careful(request: Request) -> Response:
            await conditional.require_wanted(request, shows, if_match)
            return await handle(request)

        return careful

    def prepare(self, request: ApiRequest, settings: Settings) -> None:
        """Check what only this kind of route takes; a plain one takes nothing else."""

    def file_limit(self, settings: Settings) -> int:
        """Return how many bytes the file of a form may have."""
        return settings.attachment_limit


class RawMailRoute(ApiRoute):
    """A route that takes a mail as it is: bytes that are no JSON, and many, by a token that does only this."""

    scope, is_raw = "mail", True

    def prepare(self, request: ApiRequest, settings: Settings) -> None:
        request.limit = settings.mail_limit
        check_type(request, ("message/rfc822", "application/octet-stream"))


class TransferRoute(ApiRoute):
    """A route that takes a file to import."""

    def file_limit(self, settings: Settings) -> int:
        return settings.transfer_limit


def _take(request: Request, units: int) -> None:
    """Take a call's units from the caller's bucket; the envelope tells every answer what is left."""
    buckets: Buckets | None = request.app.state.buckets
    if buckets is None or hasattr(
        request.state, "left"
    ):  # taken the short way, which did not lead to an answer
        return
    left, is_enough = buckets.take(request.state.principal.actor.label, units)
    request.state.left = left
    if not is_enough:
        raise buckets.refusal(left, units)


def _query_parameters(dependant: Dependant) -> dict[str, bool]:
    """Return the parameters of the query, each with whether it may be repeated."""
    found: dict[str, bool] = {}
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= {name: _is_list(info.annotation) for name, info in kind.model_fields.items()}
        else:
            found[field.alias] = _is_list(kind)
    for dependency in dependant.dependencies:
        found |= _query_parameters(dependency)
    return found


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(_is_list(part) for part in get_args(annotation))


def _check_query(request: Request, known: Mapping[str, bool]) -> None:
    """Refuse unknown parameters and second values: a filter that is ignored would show too much."""
    wrong: dict[str, str] = {}
    if b"%" in request.scope["query_string"] or not request.scope["query_string"].isascii():
        _check_encoding(request)
    for name, value in request.query_params.multi_items():
        if name not in known:
            wrong[f"parameter:{name}"] = "is not a parameter of this address."
        elif not known[name] and len(request.query_params.getlist(name)) > 1:
            wrong[f"parameter:{name}"] = "must be given once."
        elif "\x00" in value:
            wrong[f"parameter:{name}"] = "must not contain NUL characters."
    if wrong:
        raise Invalid(fields=wrong)


async def _check_form(request: Request, known: frozenset[str]) -> None:
    """Refuse parts that nobody asked for, and a second one of a name: a file that is sent is kept, or refused."""
    form = await request.form()
    names = [name for name, _part in form.multi_items()]
    wrong = {f"/{name}": "is not a part that can be given here." for name in names if name not in known}
    wrong |= {f"/{name}": "must be given once." for name in known if names.count(name) > 1}
    if wrong:
        raise Invalid(fields=wrong)


async def _check_no_body(request: Request) -> None:
    """Refuse what would be passed over: fields that an address does not have are unknown fields."""
    if (await request.body()).strip() not in (b"", b"{}"):
        raise Invalid(fields={"": "is not taken here: nothing is said in the body at this address."})


def _check_encoding(request: Request) -> None:
    """Refuse what is not UTF-8: Starlette would search for the signs that it puts in its place."""
    for pair in request.scope["query_string"].split(b"&"):
        name, _, value = (unquote_to_bytes(part.replace(b"+", b" ")) for part in pair.partition(b"="))
        try:
            b"=".join((name, value)).decode()
        except UnicodeDecodeError:
            shown = name.decode(errors="replace")
            raise Invalid(fields={f"parameter:{shown}": "must be UTF-8."}) from None


def check_type(request: Request, allowed: tuple[str, ...]) -> None:
    """Refuse bodies of another type, a charset other than UTF-8 included (RFC 9110 section 15.5.16).

    Packed ones too: nothing here unpacks, so that a few kilobytes never become gigabytes.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Explained(
            415,
            "The body is packed. Send it as it is, without Content-Encoding.",
            {"Accept-Encoding": "identity"},
        )
    given, _, rest = request.headers.get("content-type", "").partition(";")
    name, _, charset = rest.strip().lower().partition("=")
    if given.strip().lower() not in allowed or (
        name == "charset" and charset.strip('"') not in ("utf-8", "utf8")
    ):
        raise Explained(415, f"Send the body in UTF-8 with this Content-Type: {' or '.join(allowed)}.")
