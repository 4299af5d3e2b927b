"""What a deployment says about its portal: under which names, behind which proxies, with what keys.

The clinic's own file says everything about booking; nothing of it is repeated here.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_network

from attrs import field, frozen

from omnibook.adapters.clocks import RandomTokens, SystemClock
from omnibook.clinic import Text
from omnibook.errors import InvalidValue
from omnibook.ports import Clock, Keys, Tokens
from omnibook.web.drafts import Drafts, MemoryDrafts
from omnibook.web.source import Network

_HOST = re.compile(r"[a-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\]")
_HEADERS = ("x-forwarded-for", "forwarded")


def _hosts(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(host.lower() for host in given)


def _networks(given: Iterable[str | Network]) -> tuple[Network, ...]:
    try:
        found = tuple(ip_network(each) for each in given)
    except ValueError:
        raise InvalidValue("trusted_proxies are addresses or networks, as 10.0.0.0/8") from None
    if not all(network.prefixlen for network in found):
        raise InvalidValue("trusted_proxies are one's own, and not every address there is")
    return found


@frozen(kw_only=True)
class WebSettings:
    """How the pages are served.

    ``hosts`` are the names under which they are reached, without a port: a request for another one
    is refused. ``trusted_proxies`` are the addresses or networks of one's own reverse proxies, and
    ``proxy_header`` the one header that they write, ``"x-forwarded-for"`` or ``"forwarded"``; from
    anybody else it is not looked at. ``terms`` is the text of the clinic's terms of use, a
    paragraph for each line; without it the page names the document and its version only.

    ``secure=False`` drops the ``Secure`` attribute and the ``__Host-`` prefix of the cookies, and
    HSTS: for a demonstration on plain ``http://127.0.0.1``, and for nothing else.

    ``clock`` is the clock by which the countdown is drawn; what is still held, the store's decides.

    Raises :class:`~omnibook.errors.InvalidValue` for hosts or proxies that are none, and for limits
    under 1.
    """

    keys: Keys = field(repr=False)
    hosts: tuple[str, ...] = field(converter=_hosts)
    secure: bool = True
    trusted_proxies: tuple[Network, ...] = field(default=(), converter=_networks)
    proxy_header: str = "x-forwarded-for"
    terms: Text | None = None
    clock: Clock = field(factory=SystemClock)
    tokens: Tokens = field(factory=RandomTokens)
    drafts: Drafts = field(factory=MemoryDrafts)
    body_limit: int = 32_768
    """The greatest size of a form, in bytes; a larger one is answered 413."""
    field_limit: int = 64
    """The greatest number of fields of a form; one with more is answered 413."""
    body_seconds: float = 15.0
    """Within how many seconds a form has to arrive; a slower one is answered 408."""
    sends_messages: bool = True
    """Whether anything sends the clinic's messages; without it no page promises one."""

    def __attrs_post_init__(self) -> None:
        if not self.hosts or not all(_HOST.fullmatch(host) for host in self.hosts):
            raise InvalidValue("hosts are names such as booking.example.org, at least one")
        if self.proxy_header not in _HEADERS:
            raise InvalidValue(f"proxy_header is one of {', '.join(_HEADERS)}")
        if self.body_limit < 1 or self.field_limit < 1:
            raise InvalidValue("body_limit and field_limit are 1 or more")
        if not self.body_seconds > 0:
            raise InvalidValue("body_seconds is more than 0")
