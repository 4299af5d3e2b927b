"""What a deployment may say, and how drafts wait."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import omnibook as ob
from omnibook.ids import VisitId
from omnibook.web import Draft, MemoryDrafts, WebSettings
from omnibook.web.forms import read_slot, slot_text
from support.worlds import START

KEYS = ob.Keyring((b"a secret for tests, of 32 bytes..",))


@pytest.mark.parametrize(
    "wrong",
    [
        {"hosts": ()},
        {"hosts": ("https://booking.example.org",)},
        {"hosts": ("booking.example.org:443",)},
        {"hosts": ("*",)},
        {"trusted_proxies": ("10.0.0.1/8",)},
        {"trusted_proxies": ("anybody",)},
        {"trusted_proxies": ("10.0.0.0/8", "0.0.0.0/0")},
        {"trusted_proxies": ("::/0",)},
        {"body_seconds": 0.0},
        {"body_seconds": float("nan")},
        {"proxy_header": "x-real-ip"},
        {"body_limit": 0},
        {"field_limit": 0},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ob.InvalidValue):
        WebSettings(**{"keys": KEYS, "hosts": ("booking.example.org",), **wrong})


def test_settings_show_no_key() -> None:
    assert "Keyring" not in repr(WebSettings(keys=KEYS, hosts=("Booking.example.org", "[::1]")))


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def drafts_of(most: int = 3) -> tuple[ob.ManualClock, MemoryDrafts, Callable[[str], Any]]:
    clock = ob.ManualClock(START)
    drafts = MemoryDrafts(clock, most=most)
    return clock, drafts, lambda name: run(drafts.get(VisitId(name)))


def test_a_draft_waits_until_it_is_dropped() -> None:
    _, drafts, get = drafts_of()
    draft = Draft(wish={"reason": "a cough"})
    run(drafts.put(VisitId("one"), draft))
    assert get("one") == draft
    assert "cough" not in repr(draft)
    run(drafts.drop(VisitId("one")))
    run(drafts.drop(VisitId("one")))
    assert get("one") is None


def test_the_oldest_of_too_many_drafts_is_forgotten() -> None:
    _, drafts, get = drafts_of()
    for name in ("one", "two", "three", "one", "four"):
        run(drafts.put(VisitId(name), Draft()))
    assert get("two") is None
    assert all(get(name) for name in ("one", "three", "four"))


def test_a_draft_is_forgotten_after_three_hours() -> None:
    clock, drafts, get = drafts_of()
    run(drafts.put(VisitId("one"), Draft()))
    clock.advance(timedelta(hours=2, minutes=59))
    assert get("one") is not None
    clock.advance(timedelta(minutes=1))
    assert get("one") is None
    run(drafts.put(VisitId("two"), Draft()))
    clock.set(START)
    assert get("one") is None, "it was taken away, and not only hidden"


def test_a_draft_that_is_changed_grows_no_younger() -> None:
    """Three hours at most, however often a form is posted (R16)."""
    clock, drafts, get = drafts_of()
    run(drafts.put(VisitId("one"), Draft()))
    clock.advance(timedelta(hours=2, minutes=59))
    changed = run(drafts.change(VisitId("one"), lambda draft: evolve(draft, pages=2)))
    assert changed == get("one") == Draft(pages=2)
    clock.advance(timedelta(minutes=1))
    assert run(drafts.change(VisitId("one"), lambda draft: draft)) is None
    clock.set(START)
    assert get("one") is None


def test_a_draft_that_is_not_there_is_not_changed() -> None:
    _, drafts, get = drafts_of()
    assert run(drafts.change(VisitId("one"), lambda draft: draft)) is None
    assert get("one") is None


minutes = st.integers(0, 10**7)
names = st.text(min_size=1, max_size=20)


@given(minutes, st.integers(1, 1000), names, names)
def test_a_slot_comes_back_as_it_was_sent(
    start: int, length: int, service: str, schedule: str
) -> None:
    """R38: also with identifiers of any characters that can be sent."""
    begins = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    slot: Any = ob.Slot(service, schedule, begins, begins + timedelta(minutes=length))  # type: ignore[arg-type]
    assert read_slot(slot_text(slot)) == slot


@given(st.text())
def test_any_text_is_a_slot_or_none(text: str) -> None:
    read = read_slot(text)
    assert read is None or isinstance(read, ob.Slot)
