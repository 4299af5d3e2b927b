"""The patient confirms to come, by a link (R43, R44)."""

from datetime import timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.records import VISITOR, AppointmentStatus, EventKind
from support.looking import actions, appointments, live_claims, on_schedules
from support.moves import TOMORROW, booked, kept, meanwhile, put, tomorrow
from support.worlds import world


def test_confirming_is_recorded_with_when_and_by_whom() -> None:
    """R44, R50: nothing else changes, neither time nor revision."""
    here = world()
    before = booked(here)
    here.wait(minutes=7)

    outcome = here.portal.confirm_presence(before.link)

    presence = ob.Presence(at=here.clock.now(), by=VISITOR)
    assert outcome == ob.PresenceConfirmed(
        appointment_id=before.appointment.appointment_id,
        slot=before.appointment.slot,
        presence=presence,
    )
    assert kept(here, before) == evolve(before.appointment, presence=presence)
    assert ("confirm-presence", "presence.confirmed") in actions(here.store)
    shown = here.portal.show(before.link)
    assert isinstance(shown, ob.LinkedAppointment)
    assert shown.presence == presence
    assert len(live_claims(on_schedules(here.store, ["gagnon", "nguyen", "nurse"]))) == 1


def test_confirming_again_is_the_same_answer() -> None:
    """R44: the first time counts; the trail and the host hear it once (R50)."""
    here = world()
    before = booked(here)
    first = here.portal.confirm_presence(before.link)
    here.wait(hours=1)

    assert here.portal.confirm_presence(before.link) == first
    assert actions(here.store).count(("confirm-presence", "presence.confirmed")) == 1
    here.dispatcher.run_once()
    told = [each.kind for each in here.events.told]
    assert told.count(EventKind.PRESENCE_CONFIRMED) == 1


def test_looking_confirms_nothing() -> None:
    """R44: opening a link changes nothing."""
    here = world()
    before = booked(here)
    here.portal.show(before.link)

    assert kept(here, before) == before.appointment


@pytest.mark.parametrize(("early", "expected"), [(1, ob.PresenceConfirmed), (0, ob.LinkDead)])
def test_a_link_confirms_until_the_start(early: int, expected: type) -> None:
    """R44, R47: no cut-off is asked, which is for cancelling and moving only."""
    here = world()
    before = booked(here)
    here.clock.set(before.appointment.slot.start - timedelta(microseconds=early))

    assert isinstance(here.portal.confirm_presence(before.link), expected)


def test_what_is_cancelled_is_not_confirmed() -> None:
    """R44: not even if it was before."""
    here = world()
    first, second = booked(here), booked(here, tomorrow(30), number=1)
    here.portal.confirm_presence(second.link)
    for each in (first, second):
        here.portal.cancel(each.link)

        assert here.portal.confirm_presence(each.link) == ob.LinkDead()
        assert here.portal.find_for_move(each.link, TOMORROW) == ob.LinkDead()
        assert here.portal.move(each.link, tomorrow(60)) == ob.LinkDead()


@pytest.mark.parametrize(
    "status",
    [AppointmentStatus.ARRIVED, AppointmentStatus.NOSHOW, AppointmentStatus.ENTERED_IN_ERROR],
)
@pytest.mark.parametrize("confirmed", [False, True])
def test_only_what_is_booked_can_be_confirmed(status: AppointmentStatus, confirmed: bool) -> None:
    """R44: who confirmed and has arrived is told so again; nobody confirms what did not happen."""
    here = world()
    before = booked(here)
    first = here.portal.confirm_presence(before.link) if confirmed else ob.LinkDead()
    put(here, evolve(kept(here, before), status=status))
    expected = first if status is AppointmentStatus.ARRIVED else ob.LinkDead()

    assert here.portal.confirm_presence(before.link) == expected


def test_a_presence_that_is_confirmed_goes_with_the_time() -> None:
    """R47: a move takes it back, and it can be confirmed again under the new link."""
    here = world()
    before = booked(here)
    here.portal.confirm_presence(before.link)
    here.wait(minutes=1)
    moved = here.portal.move(before.link, tomorrow(60))
    assert isinstance(moved, ob.Moved)
    assert moved.appointment.presence is None

    assert here.portal.confirm_presence(before.link) == ob.LinkDead()
    assert isinstance(here.portal.confirm_presence(moved.link), ob.PresenceConfirmed)
    here.dispatcher.run_once()
    confirmed = [each for each in here.events.told if each.kind is EventKind.PRESENCE_CONFIRMED]
    assert [each.revision for each in confirmed] == [0, 1]
    assert len({each.event_id for each in confirmed}) == 2


def test_a_move_in_between_is_looked_at_anew() -> None:
    """R44: the link was good when the page looked, and is dead when the store decides."""
    here = world()
    before = booked(here)
    other = meanwhile(here, lambda: here.portal.move(before.link, tomorrow(60)))

    assert other.portal.confirm_presence(before.link) == ob.LinkDead()
    (only,) = appointments(here.store)
    assert only.presence is None
