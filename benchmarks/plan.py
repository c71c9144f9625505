"""How much is measured: the amounts, which a test makes tiny. What they mean is in the modules that use them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CSV = Path("shared/cases/datasets/customer_support_tickets/customer_support_tickets.csv")
MAPPING = ROOT / "examples" / "mappings" / "customer_support_tickets.toml"


@dataclass(frozen=True)
class Plan:
    """The amounts of a run."""

    starts: int = 3
    """Starts of each kind; the median counts."""
    sample: int = 2000
    """Tickets of the sample desk that is started."""
    tickets: int = 10_000
    """Tickets of the desk whose pages are measured."""
    views: int = 1000
    """Page views before memory is looked at again."""
    requests: int = 200
    """Requests of each kind by one visitor; many visitors together make twice as many."""
    clients: tuple[int, ...] = (1, 16)
    csv: Path = ROOT.parent / CSV
