"""Where a request comes from, as far as the server is sure: an address, or nothing."""

from collections.abc import Sequence
from ipaddress import ip_address


def address_of(client: Sequence[object] | None) -> str:
    """Return the address of who asks (the `client` of an ASGI scope); empty where it is none.

    A proxy that is believed may hand on what a stranger wrote: that is neither stored, nor counted as a place.
    """
    if not client:
        return ""
    try:
        return str(ip_address(str(client[0])))
    except ValueError:
        return ""
