"""Staff look appointments up, and have tried again what was set aside (R39, R42, R46, R50)."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import omnibook as ob
from omnibook.booking import order_id
from omnibook.desk_looks import spellings
from omnibook.ids import PatientId
from omnibook.ports import DueEvents, DueNotices, DueOrders, ReadScope
from omnibook.records import (
    VISITOR,
    ContactOrder,
    Event,
    Flag,
    FlagCode,
    Notice,
    NoticeState,
)
from omnibook.transactions import (
    Decision,
    PutEvent,
    PutNotice,
    PutOrder,
    RaiseFlag,
    Scope,
    Write,
)
from support.desk_walks import EVENING, QUARTER, booked, slot
from support.looking import actions, trail
from support.tokens import SeededTokens
from support.worlds import JEAN, MARIE, STAFF, START, World, email, strangers_form, world

S = ob.AppointmentStatus


def write(here: World, *writes: Write) -> None:
    here.store.transact(Scope(clinic_id=here.clinic.clinic_id), lambda _: Decision(None, writes))


# By reference ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "say",
    [
        str,
        str.lower,
        lambda it: it.replace("-", ""),
        lambda it: f"  {it[:2]} {it[2:4]}  {it[5:].lower()} ",
        lambda it: it.replace("-", "–"),
    ],
)
def test_an_appointment_is_found_by_its_reference_however_it_is_typed(say: object) -> None:
    """R42: of whatever status."""
    here = world()
    mine = booked(here)
    booked(here, "r2", slot(EVENING + QUARTER))
    here.desk.cancel(mine.appointment_id, reason="", actor=STAFF)

    found = here.desk.find_by_reference(say(mine.reference), actor=STAFF)  # type: ignore[operator]

    assert [each.appointment_id for each in found.appointments] == [mine.appointment_id]
    assert found.appointments[0].status is S.CANCELLED


@pytest.mark.parametrize("typed", ["AAAA-AAAA", "", " ", "\ud800", None, 7, b"x", "9" * 10_000])
def test_what_is_no_reference_finds_nothing(typed: object) -> None:
    """R50: and the look is in the trail all the same."""
    here = world()
    booked(here)

    assert here.desk.find_by_reference(typed, actor=STAFF) == ob.AppointmentList(
        appointments=(), flags=()
    )
    assert actions(here.store).count(("find-by-reference", "desk.appointments")) == 1


def test_a_hosts_own_references_are_found_as_they_are() -> None:
    """R42: whatever they look like, and whoever has the same one."""

    class Numbered(SeededTokens):
        def reference(self) -> str:
            return "n° 12/7"

    here = world(tokens=Numbered())
    both = [booked(here, f"r{n}", slot(EVENING - n * QUARTER)) for n in range(2)]

    found = here.desk.find_by_reference(" n° 12/7 ", actor=STAFF)

    assert found.appointments == tuple(reversed(both))


@given(st.text() | st.from_regex(r"\A[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}\Z"))
def test_spellings_begin_with_what_was_typed(typed: str) -> None:
    """R42: a reference of omnibook's own has no other."""
    found = spellings(typed)

    assert len(set(found)) == len(found) <= 2
    assert not found or found[0] == typed.strip()
    if len(typed) == 9 and typed[4] == "-" and typed.isascii() and typed.isupper():
        assert found[0] == typed


# Of a patient ------------------------------------------------------------------------------------


def test_a_files_appointments_are_listed_by_start_with_their_flags() -> None:
    """R9, R50: under every identifier of the file; nobody else's."""
    new = evolve(MARIE, patient_id=PatientId("p-new"), replaces=frozenset({PatientId("p-marie")}))
    here = world(patients=[evolve(MARIE, contacts=()), JEAN])
    form = ob.BookingForm("why", email="marie@example.org")
    late, early = (
        here.desk.book(f"r{n}", slot(EVENING - n * QUARTER), form, patient="p-marie", actor=STAFF)
        for n in range(2)
    )
    booked(here, "r3", slot(START), patient="p-jean")
    booked(here, "r4", slot(START + QUARTER), patient=strangers_form(3))
    assert isinstance(late, ob.Booked)
    assert isinstance(early, ob.Booked)
    here.directory.put(new)
    here.directory.put(evolve(MARIE, merged_into=PatientId("p-new")))

    by_new, by_old = (here.desk.appointments_of(each, actor=STAFF) for each in ("p-new", "p-marie"))

    assert by_new == by_old
    assert isinstance(by_new, ob.AppointmentList)
    assert by_new.appointments == (early.appointment, late.appointment)
    assert {each.code for each in by_new.flags} == {FlagCode.FIRST_CONTACT}


@pytest.mark.parametrize("identifier", ["nobody", "", "\ud800", None])
def test_an_unknown_file_has_no_list(identifier: str) -> None:
    here = world()

    assert here.desk.appointments_of(identifier, actor=STAFF) == ob.NotFound()
    assert trail(here.store) == ()


def test_whose_data_are_shown_is_in_the_trail() -> None:
    """R50: a line for each person; of a file that has none, too."""
    here = world()
    booked(here, patient=strangers_form(3))
    mine = booked(here, "r2", slot(START))
    here.desk.appointments_of("p-jean", actor=STAFF)
    here.desk.appointments_of("p-marie", actor=STAFF)
    here.desk.find_by_reference(mine.reference, actor=STAFF)

    lines = trail(here.store)
    looks = [each for each in lines if each.action == "read-appointments"]
    (found,) = (each for each in lines if each.action == "find-by-reference")
    assert len({each.subject for each in looks}) == len(looks) == 2
    assert found.subject in {each.subject for each in looks}
    assert {each.actor for each in (*looks, found)} == {STAFF}


@pytest.mark.parametrize("look", ["find_by_reference", "appointments_of", "try_again"])
def test_only_staff_look(look: str) -> None:
    """R50."""
    here = world()
    with pytest.raises(ob.InvalidValue, match="staff"):
        getattr(here.desk, look)("p-marie", actor=VISITOR)
    with pytest.raises(ob.InvalidValue, match="staff"):
        here.desk.set_aside(actor=VISITOR)
    assert trail(here.store) == ()


# What was set aside ------------------------------------------------------------------------------


def pieces(here: World) -> tuple[Notice, ContactOrder, Event]:
    """A notice, an order and an event that wait, one of each."""
    clinic_id = here.clinic.clinic_id
    new = ob.BookingForm("why", email="new@example.org")
    made = here.desk.book("r1", slot(), new, patient="p-marie", actor=STAFF)
    assert isinstance(made, ob.Booked)
    _, notices = here.store.read(DueNotices(clinic_id=clinic_id))
    _, events = here.store.read(DueEvents(clinic_id=clinic_id))
    notice = here.store.read(ReadScope(Scope(clinic_id=clinic_id, notice=notices[0])))[1].notice
    event = here.store.read(ReadScope(Scope(clinic_id=clinic_id, event=events[0])))[1].event
    assert notice is not None
    assert event is not None
    scope = Scope(clinic_id=clinic_id, order=order_id(made.appointment))
    order = here.store.read(ReadScope(scope))[1].order
    assert order is not None
    return notice, order, event


def give_up(here: World) -> tuple[Notice, ContactOrder, Event]:
    """The same, set aside by dispatchers that tried too often."""
    notice, order, event = pieces(here)
    failed = evolve(notice, state=NoticeState.FAILED, attempts=9, outcome="notifier.refused")
    gone = evolve(order, done=False, failed=True, attempts=9)
    untold = evolve(event, failed=True, attempts=9)
    flag = Flag(
        clinic_id=here.clinic.clinic_id,
        flag_id=notice.notice_id,  # type: ignore[arg-type]
        code=FlagCode.NOTICE_FAILED,
        appointment_id=notice.appointment_id,
        raised_at=START,
    )
    write(here, PutNotice(failed), PutOrder(gone), PutEvent(untold), RaiseFlag(flag))
    return failed, gone, untold


def test_what_was_set_aside_is_listed_and_flagged() -> None:
    """R46, R50: until it is tried again."""
    here = world()
    empty = ob.SetAsideList(notices=(), orders=(), events=())
    assert here.desk.set_aside(actor=STAFF) == empty
    notice, order, event = give_up(here)

    assert here.desk.set_aside(actor=STAFF) == ob.SetAsideList(
        notices=(notice,), orders=(order,), events=(event,)
    )
    codes = [each.code for each in here.desk.day(START.date(), actor=STAFF).flags]
    assert codes == [FlagCode.NOTICE_FAILED]
    looks = [each for each in trail(here.store) if each.action == "read-set-aside"]
    # An order names a file, and is a look at its data.
    assert sorted(each.subject is None for each in looks) == [False, True]


def test_what_was_set_aside_starts_anew_and_is_due_at_once() -> None:
    """R39, R46, R50: each alone; a second click finds that there is nothing to do."""
    here = world()
    pile = give_up(here)
    here.wait(minutes=7)
    clinic_id = here.clinic.clinic_id

    def due() -> list[str]:
        _, notices = here.store.read(DueNotices(clinic_id=clinic_id))
        _, orders = here.store.read(DueOrders(clinic_id=clinic_id))
        _, events = here.store.read(DueEvents(clinic_id=clinic_id))
        return [*notices, *orders, *events]

    before = due()
    identifiers = (pile[0].notice_id, pile[1].order_id, pile[2].event_id)
    assert not set(identifiers) & set(before)
    for count, each in enumerate(identifiers, start=1):
        assert here.desk.try_again(each, actor=STAFF) == ob.QueuedAgain()
        assert here.desk.try_again(each, actor=STAFF) == ob.NotSetAside()
        assert set(due()) == {*before, *identifiers[:count]}
    assert actions(here.store).count(("try-again", "desk.queued-again")) == 3
    subjects = {each.action: each.subject for each in trail(here.store)}
    assert subjects["try-again"] == subjects["desk-book"] is not None
    scope = Scope(
        clinic_id=clinic_id,
        notice=pile[0].notice_id,
        order=pile[1].order_id,
        event=pile[2].event_id,
    )
    kept = here.store.read(ReadScope(scope))[1]
    now = START + timedelta(minutes=7)
    assert kept.notice == evolve(
        pile[0], state=NoticeState.QUEUED, attempts=0, not_before=now, outcome=""
    )
    assert kept.order == evolve(pile[1], failed=False, attempts=0, not_before=now)
    assert kept.event == evolve(pile[2], failed=False, attempts=0, not_before=now)
    here.dispatcher.run_once()
    assert here.notifier.sent
    assert here.desk.try_again(pile[0].notice_id, actor=STAFF) == ob.NotSetAside()


def test_what_waits_or_is_done_is_left_alone() -> None:
    """R46: so nothing is sent twice."""
    here = world()
    waiting = pieces(here)
    identifiers = (waiting[0].notice_id, waiting[1].order_id, waiting[2].event_id)
    before = trail(here.store)

    for each in identifiers:
        assert here.desk.try_again(each, actor=STAFF) == ob.NotSetAside()
    assert trail(here.store) == before
    here.dispatcher.run_once()
    sent = here.notifier.sent
    for each in identifiers:
        assert here.desk.try_again(each, actor=STAFF) == ob.NotSetAside()
    here.dispatcher.run_once()
    assert here.notifier.sent == sent


@pytest.mark.parametrize("identifier", ["nothing", "", "\ud800", None])
def test_what_does_not_exist_is_not_tried_again(identifier: str) -> None:
    here = world()
    booked(here)

    assert here.desk.try_again(identifier, actor=STAFF) == ob.NotFound()


def test_the_contacts_of_an_order_that_is_tried_again_are_added() -> None:
    """R41: in the end."""
    here = world(patients=[evolve(MARIE, contacts=(email("old"),))])
    away = Away(here.directory)
    desk = ob.FrontDesk(here.clinic, store=here.store, directory=away, keys=here.keys)  # type: ignore[arg-type]
    form = ob.BookingForm("why", email="new@example.org")
    made = desk.book("r1", slot(), form, patient="p-marie", actor=STAFF)
    assert isinstance(made, ob.Booked)
    scope = Scope(clinic_id=here.clinic.clinic_id, order=order_id(made.appointment))
    order = here.store.read(ReadScope(scope))[1].order
    assert order is not None
    write(here, PutOrder(evolve(order, failed=True)))
    here.dispatcher.run_once()

    def contacts() -> list[str]:
        file = here.directory.get(PatientId("p-marie"))
        assert file is not None
        return [each.value for each in file.contacts]

    assert contacts() == ["old@example.org"]
    assert desk.try_again(order.order_id, actor=STAFF) == ob.QueuedAgain()
    here.dispatcher.run_once()
    assert contacts() == ["old@example.org", "new@example.org"]


class Away:
    """A directory that tells, and takes nothing."""

    def __init__(self, directory: ob.MemoryDirectory) -> None:
        self._directory = directory

    def __getattr__(self, name: str) -> object:
        if name == "append_contacts":
            raise OSError
        return getattr(self._directory, name)
