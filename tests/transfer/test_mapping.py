"""Mapping files: what they may say, and that their errors name the key and the rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from ombud.transfer.mapping import BadMapping, CsvMapping, read_mapping
from ombud.transfer.template import Template

EXAMPLE = Path(__file__).parents[2] / "examples/mappings/customer_support_tickets.toml"
MINIMAL = """
source = "old"
[ticket]
key = "Id"
title = "Subject"
[requester]
email = "Mail"
"""


def _read(tmp_path: Path, text: str) -> CsvMapping:
    file = tmp_path / "map.toml"
    file.write_text(text, encoding="utf-8")
    return read_mapping(file)


def test_the_shipped_example_is_valid() -> None:
    mapping = read_mapping(EXAMPLE)
    assert mapping.source == "customer_support_tickets"
    assert set(mapping.columns()) >= {"Ticket ID", "Resolution", "Customer Email", "Product Purchased"}


def test_a_minimal_mapping_has_defaults(tmp_path: Path) -> None:
    mapping = _read(tmp_path, MINIMAL)
    assert (mapping.delimiter, mapping.encoding, mapping.time_zone) == (",", "utf-8-sig", "UTC")
    assert mapping.columns() == ("Id", "Subject", "Mail")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("source =", "sauce ="), "source: is missing"),
        (("source =", "sauce ="), "sauce: is not a known key"),
        (('title = "Subject"', ""), "ticket.title: is missing"),
        (('title = "Subject"', "title = 3"), "ticket.title"),
        (('title = "Subject"', "title = {}"), "needs exactly one of column, columns, template, value"),
        (('title = "Subject"', 'title = { column = "A", value = "B" }'), "ticket.title: needs exactly one"),
        (
            ('key = "Id"', 'key = "Id"\nstatus = { column = "S", map = { "a" = "opened" } }'),
            "ticket.status: 'opened'",
        ),
        (
            ('key = "Id"', 'key = "Id"\npriority = { column = "S", default = "top" }'),
            "ticket.priority: 'top'",
        ),
        (('key = "Id"', 'key = "Id"\nchannel = { value = "fax" }'), "is not one of web, email"),
        (('"old"', '"old"\ntime_zone = "Mars/Base"'), "time_zone: 'Mars/Base' is not known"),
        (('"old"', '"old"\nencoding = "utf-9"'), "encoding: 'utf-9' is not known"),
        (('"old"', '"old"\nencoding = "hex"'), "encoding: 'hex' is not known"),
        (('"old"', '"old"\nencoding = "a\\u0000"'), "encoding: 'a\\x00' is not known"),
        (('"old"', '"old"\ndeep = ' + "[" * 5000), "is nested too deeply"),
        (('"old"', '"old"\ndelimiter = "--"'), "delimiter"),
        (("[requester]", '[[comment]]\nbody = "R"\n[requester]'), "agent: is needed"),
        (("[requester]", '[[comment]]\nbody = "R"\nauthor = "bot"\n[requester]'), "comment.1.author"),
        (("[ticket]", "[ticket"), "is not a TOML file"),
    ],
)
def test_errors_name_key_and_rule(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    with pytest.raises(BadMapping) as caught:
        _read(tmp_path, MINIMAL.replace(*change))
    assert told in caught.value.message
    assert "pydantic" not in caught.value.message


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match="cannot be read: No such file"):
        read_mapping(tmp_path / "none.toml")


def test_values_of_a_template_are_not_filled_again() -> None:
    template = Template("{A}: {B}")
    assert template.columns == ("A", "B")
    assert template.fill({"A": "{B}", "B": "{A}"}) == "{B}: {A}"
