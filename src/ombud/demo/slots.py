"""The values that fill a ticket's templates: amounts, numbers, dates, devices.

Each value is drawn when it is first asked for and stays the same for the whole ticket.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

BANKS = (
    "Hansebank", "Crédit Ligérien", "Banco del Turia", "Northern Mutual", "Sparhaus", "Alpenbank",
    "First Harbour", "Banca Felsinea", "Oriel Bank", "Volksbond",
)  # fmt: skip
PHONES = (
    "a Pixel 8",
    "an iPhone 13",
    "an iPad (9th gen)",
    "a Galaxy Tab A8",
    "an iPhone SE",
    "a Lenovo tablet",
)
BROWSERS = ("Firefox", "Chrome", "Safari", "Edge", "Firefox ESR")
PLANS = ("Studio", "Company", "Studio Plus")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SYMBOLS = ("€", "€", "€", "£", "$")


class Slots(dict[str, str]):
    """The slots of one ticket; raises KeyError for a name that nobody knows."""

    def __init__(self, rng: Random, at: datetime, known: dict[str, str]) -> None:
        super().__init__(known)
        self.rng = rng
        self.at = at

    def __missing__(self, name: str) -> str:
        value = self[name] = _MAKERS[name](self.rng, self.at)
        return value


def _money(low: float, high: float) -> Callable[[Random, datetime], str]:
    def make(rng: Random, _at: datetime) -> str:
        cents = rng.randrange(100) if rng.random() < 0.8 else 0
        value = int(low * (high / low) ** rng.random())
        return f"{rng.choice(SYMBOLS)}{value:,}.{cents:02}"

    return make


def _number(low: int, high: int) -> Callable[[Random, datetime], str]:
    return lambda rng, _at: str(rng.randint(low, high))


def _one_of(options: tuple[str, ...]) -> Callable[[Random, datetime], str]:
    return lambda rng, _at: rng.choice(options)


def _day(when: datetime) -> str:
    return f"{when.day} {MONTHS[when.month - 1]}"


_MAKERS: dict[str, Callable[[Random, datetime], str]] = {
    "amount": _money(29, 4800),
    "small_amount": _money(3, 140),
    "invoice": lambda rng, at: f"INV-{at.year}-{rng.randrange(1000, 99999):05}",
    "order": lambda rng, _at: f"TB-{rng.randrange(40000, 99999)}",
    "payout": lambda rng, at: f"PO-{at:%m%d}-{rng.randrange(1000, 9999)}",
    "sale": lambda rng, _at: f"#{rng.randrange(1000, 99999)}",
    "serial": lambda rng, _at: f"TAP-{rng.choice('47A')}{rng.choice('FKMRX')}{rng.randrange(1000, 9999)}",
    "batch": lambda rng, at: f"{at:%y}{rng.choice('BCD')}{rng.randrange(10, 40)}",
    "error": lambda rng, _at: f"{rng.choice(('E', 'PX', 'TB'))}-{rng.randrange(100, 5000)}",
    "version": lambda _rng, at: f"{at.year - 2020}.{at.month}",
    "vat": lambda rng, _at: f"{rng.choice(('DE', 'IT', 'PL', 'NL'))}{rng.randrange(10**8, 10**9)}",
    "tracking": lambda rng, _at: f"{rng.choice(('JD', 'RR', '1Z'))}{rng.randrange(10**9, 10**10)}",
    "digits": lambda rng, _at: str(rng.randrange(10000, 99999)),
    "last4": lambda rng, _at: f"{rng.randrange(10000):04}",
    "small": _number(2, 9),
    "small2": _number(10, 14),
    "count": _number(12, 900),
    "percent": _number(11, 99),
    "bank": _one_of(BANKS),
    "phone": _one_of(PHONES),
    "browser": _one_of(BROWSERS),
    "plan": _one_of(PLANS),
    "day": lambda rng, at: _day(at - timedelta(days=rng.randint(1, 12))),
    "later": lambda rng, at: _day(at + timedelta(days=rng.randint(6, 24))),
    "date_dmy": lambda rng, at: f"{at - timedelta(days=rng.randint(2, 9)):%d.%m.%Y}",
    "weekday": lambda rng, at: WEEKDAYS[(at + timedelta(days=rng.randint(2, 6))).weekday()],
    "month": lambda _rng, at: MONTHS[at.month - 2],
}
