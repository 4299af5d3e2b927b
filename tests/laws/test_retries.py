"""Laws of waiting and of noting: what fails waits longer, and a late word changes nothing (R46)."""

from datetime import timedelta
from itertools import pairwise

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from omnibook.audit import Operation
from omnibook.errors import NotifierError
from omnibook.ids import ClinicId, OperationId
from omnibook.leases import (
    LEASE,
    PATIENCE,
    ReceiptCode,
    SetAsideCode,
    Taken,
    Waiting,
    note_dropped,
    note_failed,
    note_put_off,
    note_receipt,
    note_sent,
    note_told,
    take,
)
from omnibook.notices import DropCode
from omnibook.records import (
    SYSTEM,
    Appointment,
    ContactOrder,
    Event,
    Flag,
    FlagCode,
    Notice,
    NoticeState,
)
from omnibook.retries import (
    FIRST_WAIT,
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    full_wait,
    is_exhausted,
    is_outage,
    is_permanent,
    wait_after,
)
from omnibook.testing.samples import NOW, appointment, event, notice, order
from omnibook.transactions import (
    Decision,
    PutEvent,
    PutNotice,
    PutOrder,
    RaiseFlag,
    RecordAudit,
    Scope,
    Snapshot,
    Write,
)

Piece = Notice | ContactOrder | Event
SECOND = timedelta(seconds=1)
CLINIC = ClinicId("clinic")
OPERATION = Operation(clinic_id=CLINIC, operation_id=OperationId("o"), actor=SYSTEM)

identifiers = st.text(max_size=40)
attempts = st.integers(0, MOST_ATTEMPTS + 3)
moments = st.integers(-3 * 3600, 3 * 3600).map(lambda n: NOW + n * SECOND)
notices = st.builds(
    lambda due, state, count, outcome: evolve(
        notice("n"), not_before=due, state=state, attempts=count, outcome=outcome
    ),
    moments,
    st.sampled_from(NoticeState),
    attempts,
    st.sampled_from(("", *ReceiptCode, *SetAsideCode)),
)
orders = st.builds(
    lambda due, done, failed, count: evolve(
        order("o"), not_before=due, done=done, failed=failed, attempts=count
    ),
    moments,
    st.booleans(),
    st.booleans(),
    attempts,
)
events = st.builds(
    lambda due, done, failed, count: evolve(
        event("e"), not_before=due, done=done, failed=failed, attempts=count
    ),
    moments,
    st.booleans(),
    st.booleans(),
    attempts,
)
pieces = notices | orders | events


def seen(piece: Piece | None, about: Appointment | None = None) -> Snapshot:
    """What a store shows of the piece, now."""
    return Snapshot(
        scope=Scope(clinic_id=CLINIC),
        now=NOW,
        appointments={} if about is None else {about.appointment_id: about},
        notice=piece if isinstance(piece, Notice) else None,
        order=piece if isinstance(piece, ContactOrder) else None,
        event=piece if isinstance(piece, Event) else None,
    )


def after(piece: Piece, decision: Decision[object]) -> Piece:
    """The piece as it is kept once the decision is."""
    for write in decision.writes:
        match write:
            case PutNotice(notice=kept) | PutOrder(order=kept) | PutEvent(event=kept):
                piece = kept
            case _:
                pass
    return piece


def rest(decision: Decision[object]) -> list[Write]:
    kinds = (PutNotice, PutOrder, PutEvent)
    return [each for each in decision.writes if not isinstance(each, kinds)]


def waits(piece: Piece) -> bool:
    if isinstance(piece, Notice):
        return piece.state is NoticeState.QUEUED
    return not piece.done and not piece.failed


# Waiting -----------------------------------------------------------------------------------------


@given(identifier=identifiers, count=st.integers(1, 10_000))
def test_a_wait_is_between_three_quarters_and_the_whole_of_what_it_could_be(
    identifier: str, count: int
) -> None:
    """R46: and the same every time."""
    wait = wait_after(identifier, count)

    assert full_wait(count) * 3 / 4 <= wait <= full_wait(count) <= LONGEST_WAIT
    assert wait == wait_after(identifier, count)


def test_waits_double_from_a_minute_to_an_hour_and_last_a_day() -> None:
    """R46."""
    full = [full_wait(count) for count in range(1, MOST_ATTEMPTS)]

    assert full[0] == FIRST_WAIT == timedelta(minutes=1)
    assert all(two == min(2 * one, LONGEST_WAIT) for one, two in pairwise(full))
    assert timedelta(hours=20) < sum(full, timedelta()) < timedelta(hours=25)
    assert full_wait(0) == FIRST_WAIT


def test_pieces_that_failed_together_do_not_come_back_together() -> None:
    """R46."""
    waits = {wait_after(f"notice-{number}", 7) for number in range(100)}

    assert len(waits) == 100
    assert max(waits) - min(waits) > timedelta(minutes=10)


def test_what_a_notifier_says_of_a_failure_is_understood() -> None:
    """R46: only of its own errors."""
    plain, permanent = NotifierError("x"), NotifierError("x", permanent=True)
    outage = NotifierError("x", unavailable=True)

    assert [is_permanent(each) for each in (plain, permanent, outage)] == [False, True, False]
    assert [is_outage(each) for each in (plain, permanent, outage)] == [False, False, True]
    assert not is_permanent(ValueError()) | is_outage(ValueError())
    assert [is_exhausted(MOST_ATTEMPTS - 1), is_exhausted(MOST_ATTEMPTS)] == [False, True]


def test_a_port_has_to_give_up_before_the_lease_is_over() -> None:
    """R46: or else another dispatcher sends the same; a reminder waits for two, in turn."""
    assert 2 * PATIENCE < LEASE


# Taking ------------------------------------------------------------------------------------------


@given(piece=pieces)
def test_what_is_due_is_taken_once_and_counted(piece: Piece) -> None:
    """R46: with the lease, which nobody else enters."""
    decision = take(seen(piece))
    due = waits(piece) and piece.not_before <= NOW

    assert (decision.outcome is not None) is due
    if decision.outcome is None:
        assert not decision.writes
        return
    kept = after(piece, decision)
    assert decision.outcome == Taken(kept, NOW, None, spent=piece.attempts >= MOST_ATTEMPTS)
    if not decision.outcome.spent:
        assert kept == evolve(piece, not_before=NOW + LEASE, attempts=piece.attempts + 1)
        assert take(seen(kept)).outcome is None
    else:
        assert kept == piece


@given(piece=pieces, wait=st.integers(1, 600))
def test_what_waits_for_a_way_is_put_off_and_not_taken(piece: Piece, wait: int) -> None:
    """R46: nothing is counted; what was tried too often is set aside all the same."""
    until = NOW + wait * SECOND
    decision = take(seen(piece), lambda one, now: until if (one, now) == (piece, NOW) else None)

    if not waits(piece) or piece.not_before > NOW:
        assert decision == Decision(None)
    elif piece.attempts >= MOST_ATTEMPTS:
        assert decision == take(seen(piece))
    else:
        assert decision.outcome == Waiting(until)
        assert after(piece, decision) == evolve(piece, not_before=until)
        assert len(decision.writes) == 1


def test_nothing_is_taken_where_nothing_is() -> None:
    """R46: a purge may come first."""
    assert take(seen(None)) == Decision(None)


# Noting ------------------------------------------------------------------------------------------


@given(mine=pieces, now=pieces | st.none(), permanent=st.booleans())
def test_a_late_word_changes_nothing(mine: Piece, now: Piece | None, permanent: bool) -> None:
    """R46: of a piece that another dispatcher took, or that staff had tried again."""
    there = seen(now, appointment())
    decisions: list[Decision[object]] = [
        note_failed(mine, permanent, OPERATION, there),
        note_put_off(mine, NOW, there) if mine.attempts else Decision(None),
    ]
    if isinstance(mine, Notice):
        decisions.append(note_sent(mine, OPERATION, there))
        decisions.append(note_dropped(mine, DropCode.PAST, OPERATION, there))
    if isinstance(mine, Event):
        decisions.append(note_told(mine, there))

    if mine != now:
        assert [each.writes for each in decisions] == [()] * len(decisions)
    else:
        assert all(each.writes for each in decisions if each != Decision(None))


@given(piece=pieces.filter(lambda each: each.attempts > 0))
def test_what_waits_for_no_fault_of_its_own_has_not_been_tried(piece: Piece) -> None:
    """R43, R46: in the quiet hours, or while a service is down."""
    later = NOW + 7 * SECOND
    kept = after(piece, note_put_off(piece, later, seen(piece)))

    assert kept == evolve(piece, not_before=later, attempts=piece.attempts - 1)


@given(piece=pieces, permanent=st.booleans())
def test_what_failed_is_tried_again_or_set_aside(piece: Piece, permanent: bool) -> None:
    """R39, R46, R50: staff see a notice that is set aside, and the trail says so of each."""
    decision = note_failed(piece, permanent, OPERATION, seen(piece))
    kept, others = after(piece, decision), rest(decision)

    if not permanent and piece.attempts < MOST_ATTEMPTS:
        name = {Notice: "n", ContactOrder: "o", Event: "e"}[type(piece)]
        assert kept == evolve(piece, not_before=NOW + wait_after(name, piece.attempts))
        assert (decision.outcome, others) == (None, [])
        return
    kind = {Notice: "notice", ContactOrder: "order", Event: "event"}[type(piece)]
    code = SetAsideCode(f"{kind}.{'refused' if permanent else 'exhausted'}")
    assert decision.outcome is code
    if isinstance(piece, Notice):
        assert kept == evolve(piece, state=NoticeState.FAILED, outcome=code)
    else:
        assert kept == evolve(piece, failed=True)
    (audit,) = (each.event for each in others if isinstance(each, RecordAudit))
    assert (audit.action.split()[0], audit.code, audit.at) == (kind, code, NOW)
    flags = [each.flag.code for each in others if isinstance(each, RaiseFlag)]
    assert flags == ([FlagCode.NOTICE_FAILED] if kind == "notice" else [])


# Receipts ----------------------------------------------------------------------------------------


def told(codes: list[ReceiptCode], given: Notice) -> tuple[Notice, set[Flag], set[object]]:
    """What is kept of these receipts, one after the other: the notice, flags and audit lines."""
    kept: Notice = given
    flags: set[Flag] = set()
    lines: set[object] = set()
    for code in codes:
        operation = evolve(OPERATION, operation_id=OperationId(code))
        decision = note_receipt(code, operation, seen(kept))
        found = after(kept, decision)
        assert isinstance(found, Notice)
        kept = found
        flags |= {each.flag for each in decision.writes if isinstance(each, RaiseFlag)}
        lines |= {each.event for each in decision.writes if isinstance(each, RecordAudit)}
        assert decision.outcome is bool(decision.writes)
    return kept, flags, lines


codes = st.lists(st.sampled_from(ReceiptCode), max_size=5)


@given(given=notices, told_codes=codes)
def test_a_receipt_that_comes_again_is_noted_once(
    given: Notice, told_codes: list[ReceiptCode]
) -> None:
    """R46, R50."""
    twice = [code for code in told_codes for _ in range(2)]

    assert told(twice, given) == told(told_codes, given)


@given(given=notices, told_codes=codes)
def test_that_it_was_delivered_is_the_last_word(
    given: Notice, told_codes: list[ReceiptCode]
) -> None:
    """R46: whatever came before or comes after; but nothing brings back what was dropped."""
    kept, _, _ = told([*told_codes, ReceiptCode.DELIVERED, *told_codes], given)

    if given.state is NoticeState.DROPPED:
        assert kept == given
    elif given.outcome != ReceiptCode.DELIVERED:
        assert (kept.state, kept.outcome) == (NoticeState.SENT, ReceiptCode.DELIVERED)


@given(given=notices)
def test_staff_see_what_never_arrived_and_a_notice_that_waits_goes_its_way(given: Notice) -> None:
    """R46: the receipt may be of an earlier attempt."""
    kept, flags, lines = told([ReceiptCode.UNDELIVERED], given)

    believed = given.state is not NoticeState.DROPPED and given.outcome not in set(ReceiptCode)
    assert {each.code for each in flags} == ({FlagCode.NOTICE_UNDELIVERED} if believed else set())
    assert len(lines) == len(flags)
    if given.state is NoticeState.SENT and believed:
        assert kept == evolve(given, outcome=ReceiptCode.UNDELIVERED)
    else:
        assert kept == given


def test_a_receipt_of_an_unknown_message_is_ignored() -> None:
    """R46."""
    assert note_receipt(ReceiptCode.DELIVERED, OPERATION, seen(None)) == Decision(False)


def test_staff_see_what_reached_nobody_and_what_came_too_late() -> None:
    """R43: of what is outdated or switched off, nothing; nor of what was booked after its start."""
    mine = notice("n")

    def flagged(code: DropCode, about: Appointment) -> list[FlagCode]:
        decision = note_dropped(mine, code, OPERATION, seen(mine, about))
        assert [type(each) for each in rest(decision)][:1] == [RecordAudit]
        return [each.flag.code for each in rest(decision) if isinstance(each, RaiseFlag)]

    kept = appointment()
    by_code = {code: flagged(code, kept) for code in DropCode}
    assert {code: found for code, found in by_code.items() if found} == {
        DropCode.UNREACHABLE: [FlagCode.REMINDER_UNREACHABLE],
        DropCode.PAST: [FlagCode.NOTICE_LATE],
    }
    for recorded_later in (timedelta(), timedelta(hours=1)):
        recorded = evolve(kept, booked_at=kept.slot.start + recorded_later)
        assert flagged(DropCode.PAST, recorded) == []
