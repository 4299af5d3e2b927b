"""A database of version 0006 is upgraded, and its queues go on where they were (R41, R43, R51)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from attrs import evolve

from omnibook.adapters.clocks import ManualClock
from omnibook.adapters.sql import SqlStore, upgrade
from omnibook.adapters.sql.check import check_database
from omnibook.adapters.sql.columns import instant_text
from omnibook.ids import AppointmentId, EventId
from omnibook.ports import (
    AppointmentsByReference,
    DueEvents,
    DueNotices,
    DueOrders,
    FlagsOf,
    ReadSetAside,
    SetAside,
)
from omnibook.records import (
    VISITOR,
    ContactOrder,
    Event,
    EventKind,
    Flag,
    FlagCode,
    Move,
    Notice,
    NoticeKind,
    NoticeRole,
    NoticeState,
    Presence,
)
from omnibook.testing.samples import (
    CLINIC,
    NOW,
    appointment,
    at,
    cancelled,
    event,
    flag,
    keep,
    look,
    notice,
    order,
    slot,
)
from omnibook.transactions import (
    PutAppointment,
    PutEvent,
    PutNotice,
    PutOrder,
    RaiseFlag,
)
from support.sql_stores import REFUSED, is_sqlite, migrate, raw

MADE = (
    appointment("booked", 1, keys=("key-1",)),
    appointment("of-a-file", 3, patient="file-1", reference="B2CD-39RS"),
    cancelled(appointment("cancelled", 1)),
)
NOTICES = tuple(
    notice(
        f"{kind}-{role}-{state}",
        "booked",
        kind=kind,
        role=role,
        state=state,
        offset=None if kind is NoticeKind.BOOKING else at(24) - NOW,
        not_before=at(-1),
        outcome="" if state is NoticeState.QUEUED else "notice.late",
    )
    for kind in (NoticeKind.BOOKING, NoticeKind.CANCELLATION, NoticeKind.REMINDER)
    for role in NoticeRole
    for state in (NoticeState.QUEUED, NoticeState.SENT, NoticeState.DROPPED)
)
OLD_KINDS = (
    EventKind.BOOKED,
    EventKind.CANCELLED,
    EventKind.CONTACT_ADDED,
    EventKind.CONTACT_EDITED,
)
EVENTS = tuple(
    event(f"{kind}-{done}", "booked", kind=kind, done=done, revision=3, at=at(-2))
    for kind in OLD_KINDS
    for done in (False, True)
)
ORDERS = tuple(order(f"order-{done}", "of-a-file", done=done) for done in (False, True))
FLAGS = tuple(
    flag(code, "booked", code=code)
    for code in FlagCode
    if code not in {FlagCode.NOTICE_FAILED, FlagCode.NOTICE_UNDELIVERED, FlagCode.NOTICE_LATE}
)


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """What the store of 0006 kept of these, but for the appointments: table and row."""
    for each in NOTICES:
        yield "notices", row_of(each, "kind", "role", "revision", "not_before", "state", "outcome")
    for told in EVENTS:
        yield "events", row_of(told, "kind", "revision", "at", "not_before", "done")
    for ordered in ORDERS:
        yield "contact_orders", row_of(ordered, "patient_id", "not_before", "done")
    for raised in FLAGS:
        yield "flags", row_of(raised, "code", "raised_at")


def row_of(each: Notice | Event | ContactOrder | Flag, *names: str) -> dict[str, Any]:
    identifier = {Notice: "notice_id", Event: "event_id", ContactOrder: "order_id", Flag: "flag_id"}
    row: dict[str, Any] = {
        name: getattr(each, name)
        for name in ("clinic_id", identifier[type(each)], "appointment_id", *names)
    }
    if isinstance(each, Notice) and each.offset is not None:
        row["offset_microseconds"] = each.offset.days * 24 * 60 * 60 * 10**6
    return row


@pytest.fixture
def old(database_url: str) -> str:
    """A database of version 0006 with these records."""
    migrate(database_url, "0006")
    lite = is_sqlite(database_url)
    mark = "?" if lite else "%s"

    def plain(value: object) -> object:
        if isinstance(value, datetime):
            return instant_text(value) if lite else value
        return str(value) if isinstance(value, str) else value

    with raw(database_url) as connection:
        connection.execute("BEGIN")
        for table, row in (*appointments_of_then(), *rows()):
            connection.execute(
                f"INSERT INTO {table} ({', '.join(row)}) "  # noqa: S608
                f"VALUES ({', '.join([mark] * len(row))})",
                [plain(value) for value in row.values()],
            )
        connection.execute("COMMIT")
    return database_url


def appointments_of_then() -> Iterator[tuple[str, dict[str, Any]]]:
    from omnibook.adapters.sql.rows import appointment_row, claim_row
    from omnibook.records import Claim, ClaimKind

    later = ("presence", "moved", "old_")
    for made in MADE:
        if made.status.occupies:
            claim = Claim(
                span=made.claimed,
                schedule_id=made.slot.schedule_id,
                kind=ClaimKind.APPOINTMENT,
                owner=made.appointment_id,
            )
            yield "claims", claim_row(CLINIC, claim)
        row = appointment_row(made)
        kept = {name: value for name, value in row.items() if not name.startswith(later)}
        yield "appointments", {name: written(value) for name, value in kept.items()}


def written(value: object) -> object:
    from omnibook.adapters.sql.columns import Document

    if isinstance(value, list | dict):
        convert = Document().to_driver("sqlite")
        assert convert is not None
        return convert(value)
    return value


def test_what_is_kept_comes_back_as_it_was(old: str) -> None:
    """R43, R51: nothing was tried or set aside yet."""
    upgrade(old)

    with SqlStore(old, clock=ManualClock(NOW)) as store:
        for made in MADE:
            name = made.appointment_id
            assert look(store, appointment=name).appointments[name] == made
        for each in NOTICES:
            assert look(store, notice=each.notice_id).notice == each
        for told in EVENTS:
            assert look(store, event=told.event_id).event == told
        for ordered in ORDERS:
            assert look(store, order=ordered.order_id).order == ordered
        asked = FlagsOf(clinic_id=CLINIC, appointments=frozenset({"booked"}))
        assert set(store.read(asked)[1]) == set(FLAGS)
        queued = {each.notice_id for each in NOTICES if each.state is NoticeState.QUEUED}
        assert set(store.read(DueNotices(clinic_id=CLINIC))[1]) == queued
        untold = {each.event_id for each in EVENTS if not each.done}
        assert set(store.read(DueEvents(clinic_id=CLINIC))[1]) == untold
        assert store.read(DueOrders(clinic_id=CLINIC))[1] == ("order-False",)
        assert store.read(ReadSetAside(clinic_id=CLINIC))[1] == SetAside()
        by_reference = AppointmentsByReference(clinic_id=CLINIC, reference="K7TM-42QX")
        assert store.read(by_reference)[1] == (MADE[0], MADE[2])


def test_what_could_not_be_kept_before_can_be_now(old: str) -> None:
    """R43, R44, R46: presence, moves, attempts, and the new words."""
    upgrade(old)
    made = evolve(
        appointment("booked", 6, keys=("key-1",)),
        revision=1,
        presence=Presence(at=NOW, by=VISITOR),
        last_move=Move(at=NOW, by=VISITOR, old_revision=0, old_slot=slot(1)),
    )

    with SqlStore(old, clock=ManualClock(NOW)) as store:
        keep(store, PutAppointment(made), appointment=AppointmentId("booked"))
        assert look(store, appointment="booked").appointments[made.appointment_id] == made
        failed = notice("failed", "booked", kind=NoticeKind.CHANGE, attempts=9)
        failed = evolve(failed, state=NoticeState.FAILED)
        ordered = evolve(ORDERS[0], attempts=9, failed=True)
        told = tuple(
            evolve(EVENTS[0], event_id=EventId(kind.value), kind=kind, failed=True)
            for kind in EventKind
        )
        keep(store, PutNotice(failed), PutOrder(ordered), *map(PutEvent, told))
        keep(store, *(RaiseFlag(flag(f"new-{code}", "booked", code=code)) for code in FlagCode))
        aside = store.read(ReadSetAside(clinic_id=CLINIC))[1]
        assert aside == SetAside(
            notices=(failed,),
            orders=(ordered,),
            events=tuple(sorted(told, key=lambda each: each.event_id)),
        )


BROKEN = {
    "presence without anybody": "presence_at = booked_at",
    "somebody without presence": "presence_by_kind = 'visitor'",
    "a member of staff without a name": "presence_at = booked_at, presence_by_kind = 'staff'",
    "somebody unknown": "presence_at = booked_at, presence_by_kind = 'nobody'",
    "a move without anything else": "moved_at = booked_at",
    "a former time without a move": "old_starts_at = starts_at, old_ends_at = ends_at",
    "a move without a former revision": (
        "moved_at = booked_at, moved_by_kind = 'visitor', old_service_id = 'x', "
        "old_schedule_id = 'x', old_starts_at = starts_at, old_ends_at = ends_at"
    ),
    "a former time that ends before it starts": (
        "moved_at = booked_at, moved_by_kind = 'visitor', old_revision = 0, old_service_id = 'x', "
        "old_schedule_id = 'x', old_starts_at = ends_at, old_ends_at = starts_at"
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_record_that_contradicts_itself_is_refused_by_the_database(old: str, what: str) -> None:
    """R43, R44: all of a presence or of a move is there, or nothing."""
    upgrade(old)
    with raw(old) as connection, pytest.raises(REFUSED):
        connection.execute(f"UPDATE appointments SET {BROKEN[what]}")  # noqa: S608


@pytest.mark.parametrize(
    "words",
    ["notices SET state = 'lost'", "notices SET kind = 'x'", "events SET kind = 'x'"],
)
def test_a_word_that_nobody_knows_is_refused_by_the_database(old: str, words: str) -> None:
    upgrade(old)
    with raw(old) as connection, pytest.raises(REFUSED):
        connection.execute(f"UPDATE {words}")


def test_an_upgraded_database_is_whole(old: str) -> None:
    upgrade(old)

    # The rows of this test come without their days, which 0003 fills for those of its time.
    assert {fault.code for fault in check_database(old).faults} == {"booked-day.differs"}
