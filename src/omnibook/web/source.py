"""Where a visitor comes from: what attempts and holds are counted by (R12, R36).

Without a proxy it is the address of the connection. Behind one, that is the proxy's: what the proxy
wrote into a header says whose request it was. The header's beginning was written by the visitor,
who may have invented it; true is only what one's own proxies added, and that stands at the end. So
the list is read from the end, and the first address that is none of one's own proxies is the
source. Without a configured proxy no header is looked at.

One household has a whole IPv6 network, so that single addresses would count nothing there: the
source is then its /64.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

UNKNOWN_SOURCE = "unknown"
"""Connections without an address, such as a Unix socket's whose proxy says nothing."""

_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("[^"]*"|[^;,\s]+)', re.IGNORECASE)
_PORT = re.compile(r":[0-9]{1,5}$")


def source_of(peer: str | None, header: str, values: Sequence[str], own: Iterable[Network]) -> str:
    """The source of a request, as a text for :meth:`omnibook.AsyncPortal.identify`.

    ``peer`` is the address of the connection; ``header`` is the name of the header that one's own
    proxies write, ``x-forwarded-for`` or ``forwarded`` (RFC 7239, 2014-06), and ``values`` are its
    lines in order; ``own`` are the networks of one's own proxies.
    """
    networks = tuple(own)
    nearest = _read(peer or "")
    if nearest is None:
        # A Unix socket has no address: only a proxy of one's own can stand at its other end.
        if not networks:
            return UNKNOWN_SOURCE
    elif not _is_own(nearest, networks):
        return _as_source(nearest)
    for hop in reversed(_hops(header, values)):
        address = _read(hop)
        if address is None:
            break
        nearest = address
        if not _is_own(address, networks):
            break
    return UNKNOWN_SOURCE if nearest is None else _as_source(nearest)


def _hops(header: str, values: Sequence[str]) -> list[str]:
    entries = [entry.strip() for value in values for entry in value.split(",")]
    if header == "forwarded":
        found = (_FOR.search(entry) for entry in entries)
        return ["" if match is None else match[1].strip('"') for match in found]
    return [entry for entry in entries if entry]


def _read(hop: str) -> Address | None:
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].split("]")[0]
    elif text.count(":") == 1:
        text = _PORT.sub("", text)
    try:
        address = ip_address(text.split("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_own(address: Address, own: Iterable[Network]) -> bool:
    return any(address in network for network in own)


def _as_source(address: Address) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)
