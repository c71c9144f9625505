"""What a mapping file may say (docs/import.md), checked before anything is read. Using it is in `cells`."""

import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ombud.errors import Invalid
from ombud.models import TicketChannel, TicketPriority, TicketStatus
from ombud.transfer.template import Template


class BadMapping(Invalid):
    """The mapping file is wrong. The message names each key and its rule."""

    code = "bad_mapping"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(_Part):
    """Where a value comes from: one column, the first filled one of several, a template, or a constant."""

    column: str | None = None
    columns: tuple[str, ...] = ()
    template: str | None = None
    value: str | None = None
    map: dict[str, str] = Field(default_factory=dict)
    default: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = (self.column, self.columns or None, self.template, self.value)
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("needs exactly one of column, columns, template, value")
        return self

    def names(self) -> tuple[str, ...]:
        """Return the columns that the cell reads."""
        if self.template is not None:
            return Template(self.template).columns
        return (self.column,) if self.column is not None else self.columns


class Moment(Cell):
    """A point in time. `format` is strptime's (else ISO 8601); `pick` chooses among several columns."""

    format: str | None = None
    pick: Literal["first", "earliest", "latest"] = "first"


def _spelled_out(value: Any) -> Any:
    """Let `"Subject"` stand for a column and `"{Subject} ({Product})"` for a template."""
    if isinstance(value, str):
        return {"template": value} if "{" in value else {"column": value}
    return value


def _choice(kind: type[StrEnum]) -> AfterValidator:
    allowed = [member.value for member in kind]

    def check(cell: Cell) -> Cell:
        constants = [cell.value] if cell.value is not None else []
        for said in (*cell.map.values(), *constants, *([cell.default] if cell.default else [])):
            if said not in allowed:
                raise ValueError(f"{said!r} is not one of {', '.join(allowed)}")
        return cell

    return AfterValidator(check)


CellField = Annotated[Cell, BeforeValidator(_spelled_out)]
MomentField = Annotated[Moment, BeforeValidator(_spelled_out)]
StatusField = Annotated[Cell, BeforeValidator(_spelled_out), _choice(TicketStatus)]
PriorityField = Annotated[Cell, BeforeValidator(_spelled_out), _choice(TicketPriority)]
ChannelField = Annotated[Cell, BeforeValidator(_spelled_out), _choice(TicketChannel)]


class TicketFields(_Part):
    """The section `[ticket]`."""

    key: CellField
    title: CellField
    description: CellField | None = None
    status: StatusField | None = None
    priority: PriorityField | None = None
    channel: ChannelField | None = None
    created_at: MomentField | None = None
    first_response_at: MomentField | None = None
    resolved_at: MomentField | None = None
    assignee: CellField | None = None
    team: CellField | None = None
    tags: tuple[CellField, ...] = ()


class PersonFields(_Part):
    """The section `[requester]`."""

    email: CellField
    name: CellField | None = None


class AgentFields(_Part):
    """The section `[agent]`: who stands for the staff of the former desk."""

    email: str
    name: str = ""


class CommentFields(_Part):
    """A section `[[comment]]`: a comment on every ticket where `body` is not empty."""

    body: CellField
    author: Literal["agent", "requester"] = "agent"
    at: MomentField | None = None
    internal: bool = False


class CsvMapping(_Part):
    """A whole mapping file."""

    source: str = Field(min_length=1, max_length=100)
    encoding: str = "utf-8-sig"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    time_zone: str = "UTC"
    ticket: TicketFields
    requester: PersonFields
    agent: AgentFields | None = None
    comment: tuple[CommentFields, ...] = ()

    @model_validator(mode="after")
    def _known_names(self) -> Self:
        try:
            "".encode(self.encoding)
        except (LookupError, ValueError):
            raise ValueError(f"encoding: {self.encoding!r} is not known") from None
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, KeyError, OSError):
            raise ValueError(f"time_zone: {self.time_zone!r} is not known") from None
        if self.agent is None and any(comment.author == "agent" for comment in self.comment):
            raise ValueError('agent: is needed, as a comment has author = "agent"')
        return self

    def columns(self) -> tuple[str, ...]:
        """Return every column that the mapping reads, each once."""
        return tuple(dict.fromkeys(name for cell in _cells(self) for name in cell.names()))


def read_mapping(path: Path) -> CsvMapping:
    """Read a mapping file; BadMapping says what is wrong with it, key by key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadMapping(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadMapping(f"{path} is not a TOML file: {error}.") from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, named: str) -> CsvMapping:
    """Understand the text of a mapping, which errors call `named`; BadMapping as `read_mapping`."""
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise BadMapping(f"{named} is nested too deeply.") from None
    except ValueError as error:
        raise BadMapping(f"{named} is not a TOML file: {error}.") from error
    try:
        return CsvMapping.model_validate(raw)
    except ValidationError as error:
        raise BadMapping(f"{named}: {'; '.join(_told(error))}.") from None


def _cells(part: BaseModel) -> Iterator[Cell]:
    for _name, value in part:
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Cell):
                yield each
            elif isinstance(each, BaseModel):
                yield from _cells(each)


def _told(error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        place = ".".join(str(step + 1) if isinstance(step, int) else step for step in detail["loc"])
        match detail["type"]:
            case "missing":
                rule = "is missing"
            case "extra_forbidden":
                rule = "is not a known key"
            case _:
                rule = detail["msg"].removeprefix("Value error, ")
        yield f"{place}: {rule}" if place else rule
