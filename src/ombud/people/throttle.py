"""Turns at a door: sign-in, letters, codes. Taken before a try is judged, so that no flood outruns the count.

Each door counts by three keys, all at once, in one statement (`ombud.take_turns`): the account from one network, the
network, and the account from everywhere. The first two stop a guesser; the third stops many who guess together, and
is not asked of a network from which the account's owner came in during the last 90 days, so that strangers cannot
keep them out.

    take(session, CODES, account=str(user_id), ip=ip)      # RateLimited: nothing was taken
    ...compare, with no transaction open...
    succeed(session, CODES, account=str(user_id), ip=ip)   # only after a good try

`take` and the comparison are two transactions: what was taken stays taken if the process dies. The sessions are the
system's or anybody's.
"""

import ipaddress
import unicodedata
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ombud.errors import RateLimited
from ombud.kit.tokens import digest
from ombud.people import queries
from ombud.people.addresses import as_stored


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` turns at once, and one more in each `seconds`."""

    burst: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tries one door gives."""

    door: str
    both: Rate
    """For an account, from one network."""
    network: Rate
    account: Rate
    """For an account, from all networks that are not known to be its owner's."""


SIGN_IN = Limit("sign-in", both=Rate(5, 60), network=Rate(20, 15), account=Rate(50, 10))
"""Passwords. A network that was wrong five times waits a minute at most for its next try at this account."""
CODES = Limit("code", both=Rate(5, 60), network=Rate(20, 15), account=Rate(10, 60))
"""Short codes (TOTP, recovery): 5 tries, then one a minute; 10 in all from strange networks."""
LINKS = Limit("link", both=Rate(10, 30), network=Rate(30, 10), account=Rate(30, 10))
"""Links of letters that are opened or used; the account is the link's hash."""
DEPARTURES = Limit("departure", both=Rate(60, 2), network=Rate(60, 2), account=Rate(60, 2))
"""Ways to an OpenID provider: a minute's worth of a large office. The account is the network."""
LETTERS = Limit("letter", both=Rate(1, 300), network=Rate(10, 60), account=Rate(2, 150))
"""Letters that anybody may ask for: one in five minutes to an address, two where several networks ask."""


class NetworkLimited(RateLimited):
    """A network had all of its turns, whichever account it asks for next."""


def take(session: Session, limit: Limit, *, account: str, ip: str) -> None:
    """Take a turn, or raise RateLimited (NetworkLimited where it is the network's) with the seconds to wait."""
    (both, network, everywhere), known = _keys(limit, account, ip)
    alone, rates = limit.network, (limit.both, limit.account)
    of_network, others = session.execute(
        queries.take_turns(
            ([network], [alone.burst], [alone.seconds], ""),
            ([both, everywhere], [one.burst for one in rates], [one.seconds for one in rates], known),
        )
    ).one()
    if of_network:
        raise NetworkLimited(retry_after=of_network)
    if others:
        raise RateLimited(retry_after=others)


def succeed(session: Session, limit: Limit, *, account: str, ip: str) -> None:
    """Note a good try: failures of this account from this network are forgotten, and the network is known."""
    keys, known = _keys(limit, account, ip)
    rates = (limit.both, limit.network, limit.account)
    session.execute(queries.turn_was_good(keys, [rate.seconds for rate in rates], known))


def network_of(ip: str) -> str:
    """Return what is counted as one place: an IPv4 address, or the 64 bits of IPv6 that one customer line has."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip[:45]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def account_of(account: str) -> str:
    """Return what is counted as one account: whatever any locale of PostgreSQL's `lower()` makes alike, at least.

    Python's makes of `İ` two characters, PostgreSQL's an `i`: each such letter of somebody's address would double the
    turns. Accounts that differ by an accent share theirs.
    """
    letters = unicodedata.normalize("NFKD", as_stored(account)).casefold().replace("ı", "i")
    return "".join(char for char in letters if not unicodedata.combining(char))[:250]


def _keys(limit: Limit, account: str, ip: str) -> tuple[list[str], str]:
    who, place = account_of(account), network_of(ip)
    # A hash: who looks into the table must not read who comes from where.
    pair = digest(f"{who}\x1f{place}").hex()
    keys = [f"{limit.door}/pair:{pair}", f"{limit.door}/net:{place}", f"{limit.door}/all:{digest(who).hex()}"]
    return keys, f"{limit.door}/known:{pair}"


def forget_turns(session: Session) -> int:
    """Remove keys whose turns are all free again; returns how many there were."""
    return session.scalar(queries.forget_turns()) or 0
