"""Links and cursors: opaque, authentic, and nothing else is read (R25, R44)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from omnibook.adapters.keys import Keyring
from omnibook.ids import AppointmentId, ClinicId, ScheduleId
from omnibook.sealed import Cursor, Link, make_cursor, make_link, read_cursor, read_link

KEYS = Keyring((b"a secret for tests, of 32 bytes..",))
OTHER_KEYS = Keyring((b"another secret, also of 32 bytes.",))
CLINIC = ClinicId("clinic")
LINK = make_link(KEYS, "cancel", CLINIC, AppointmentId("appointment-1"), 3)
BASE = datetime(2026, 3, 2, 12, tzinfo=UTC)
CURSOR = Cursor(start=BASE, schedule_id=ScheduleId("a"), end=BASE + timedelta(minutes=15), shown=5)
SEALED = make_cursor(KEYS, "visit service preference", CURSOR)

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=36)
anything = st.text(st.characters(exclude_categories=()), max_size=60)
no_text = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.binary(), st.builds(object)
)
some_keys = st.sampled_from(
    ("", ".", "..", "...", "a.b.c", "a.-1.c", "é.1.é", "\ud800.1.\udfff", "." * 600, "9" * 5000)
)


def edited(good: str) -> st.SearchStrategy[str]:
    """The text with something put in, taken out or put in its place; never the text itself."""
    place = st.integers(0, len(good))
    return st.builds(
        lambda at, gone, more: good[:at] + more + good[at + gone :],
        place,
        st.integers(0, 3),
        anything | st.sampled_from(("A", "0", ".", "=", "\n")),
    ).filter(lambda text: text != good)


# Links ----------------------------------------------------------------------------------------


@given(names, st.integers(0, 10**6), names)
def test_a_link_names_its_appointment_and_revision(name: str, revision: int, purpose: str) -> None:
    """R44: whatever identifiers a host's own tokens make."""
    text = make_link(KEYS, purpose, CLINIC, AppointmentId(name), revision)
    assert read_link(KEYS, purpose, CLINIC, text) == Link(AppointmentId(name), revision)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", text)


@given(edited(LINK) | anything | some_keys | no_text)
def test_no_other_text_is_a_link(text: object) -> None:
    """R44: whatever it is, it is only not one."""
    assert read_link(KEYS, "cancel", CLINIC, text) is None


def test_a_link_is_of_one_clinic_and_one_purpose_and_one_keyring() -> None:
    """R44."""
    assert read_link(KEYS, "cancel", CLINIC, LINK) is not None
    assert read_link(KEYS, "confirm", CLINIC, LINK) is None
    assert read_link(KEYS, "cancel", ClinicId("other"), LINK) is None
    assert read_link(OTHER_KEYS, "cancel", CLINIC, LINK) is None


def test_a_link_outlives_a_rotation_while_its_secret_is_kept() -> None:
    """R44."""
    rotated = Keyring((b"a newer secret, of 32 bytes too..", b"a secret for tests, of 32 bytes.."))
    assert read_link(rotated, "cancel", CLINIC, LINK) == Link(AppointmentId("appointment-1"), 3)


# Cursors --------------------------------------------------------------------------------------


@given(
    st.integers(0, 10**8),
    st.integers(1, 1440),
    st.text(min_size=1, max_size=40),
    st.integers(1, 50),
    anything,
)
def test_a_cursor_carries_the_place_and_the_count(
    start: int, length: int, name: str, shown: int, bound_to: str
) -> None:
    """R25, R26."""
    begin = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    cursor = Cursor(
        start=begin,
        schedule_id=ScheduleId(name),
        end=begin + timedelta(minutes=length),
        shown=shown,
    )
    text = make_cursor(KEYS, bound_to, cursor)
    assert read_cursor(KEYS, bound_to, text) == cursor
    assert cursor.rank == (begin, name, begin + timedelta(minutes=length))
    assert re.fullmatch(r"[A-Za-z0-9._-]+", text)


@given(edited(SEALED) | anything | some_keys | no_text)
def test_no_other_text_is_a_cursor(text: object) -> None:
    """R25."""
    assert read_cursor(KEYS, "visit service preference", text) is None


@given(anything)
def test_a_cursor_is_bound_to_what_it_was_made_for(other: str) -> None:
    """R25: visit, service and preference are signed, not carried."""
    assume(other != "visit service preference")
    assert read_cursor(KEYS, other, SEALED) is None
    assert read_cursor(OTHER_KEYS, "visit service preference", SEALED) is None
    assert "visit" not in SEALED


@pytest.mark.parametrize("purpose", ["cancel", "cursor", "link cursor"])
def test_a_cursor_is_no_link_and_a_link_no_cursor(purpose: str) -> None:
    """R25, R44."""
    assert read_link(KEYS, purpose, CLINIC, SEALED) is None
    assert read_cursor(KEYS, f"{CLINIC} appointment-1", LINK) is None
