"""Whose request it is, behind proxies of one's own and of others (R12, R36)."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.web.source import UNKNOWN_SOURCE, source_of

OWN = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
XFF = "x-forwarded-for"
lists = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))


@pytest.mark.parametrize(
    ("peer", "header", "values", "source"),
    [
        ("203.0.113.7", XFF, ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.2", XFF, [], "10.0.0.2"),
        ("10.0.0.2", XFF, ["192.0.2.66, 203.0.113.7, 10.0.0.9"], "203.0.113.7"),
        ("10.0.0.2", XFF, ["192.0.2.66", "203.0.113.7"], "203.0.113.7"),
        ("10.0.0.2", XFF, ["203.0.113.7:4711"], "203.0.113.7"),
        ("10.0.0.2", XFF, ["203.0.113.7, nonsense"], "10.0.0.2"),
        ("10.0.0.2", XFF, ["[2001:db8:1:2::7]:443"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2::77", XFF, [], "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", XFF, [], "203.0.113.7"),
        ("fe80::1%eth0", XFF, [], "fe80::/64"),
        ("fd00::1", XFF, ["203.0.113.7"], "203.0.113.7"),
        (None, XFF, ["203.0.113.7"], "203.0.113.7"),
        (None, XFF, [], UNKNOWN_SOURCE),
        ("10.0.0.2", "forwarded", ["for=192.0.2.66, for=203.0.113.7;proto=https"], "203.0.113.7"),
        ("10.0.0.2", "forwarded", ['proto=https; For="[2001:db8::7]:47"'], "2001:db8::/64"),
        ("10.0.0.2", "forwarded", ["for=203.0.113.7, for=unknown"], "10.0.0.2"),
        ("10.0.0.2", "forwarded", ["for=203.0.113.7, by=10.0.0.1"], "10.0.0.2"),
    ],
)
def test_the_nearest_address_that_is_not_ours(
    peer: str | None, header: str, values: list[str], source: str
) -> None:
    assert source_of(peer, header, values, OWN) == source


def test_a_socket_without_an_address_needs_a_proxy() -> None:
    assert source_of(None, XFF, ["203.0.113.7"], ()) == UNKNOWN_SOURCE


@given(lists)
def test_without_a_proxy_no_header_matters(values: list[str]) -> None:
    assert source_of("203.0.113.7", XFF, values, ()) == "203.0.113.7"
    assert source_of("203.0.113.7", XFF, values, OWN) == "203.0.113.7"


@given(lists)
def test_what_a_visitor_invents_stands_before_what_the_proxy_adds(values: list[str]) -> None:
    assert source_of("10.0.0.2", XFF, [*values, "203.0.113.7"], OWN) == "203.0.113.7"


@given(st.sampled_from((XFF, "forwarded")), lists, st.text(max_size=40))
def test_any_header_gives_a_source(header: str, values: list[str], peer: str) -> None:
    source = source_of(peer, header, values, OWN)
    assert source == UNKNOWN_SOURCE or str(ip_network(source)).startswith(source)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_one_household_is_one_source(network: int, one: int, other: int) -> None:
    first, second = (str(ip_address(network << 64 | host | 1 << 127)) for host in (one, other))
    assert source_of(first, XFF, [], ()) == source_of(second, XFF, [], ())
