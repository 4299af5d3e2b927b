"""The patient moves an appointment by a link (R27, R44, R46, R47)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Policies
from omnibook.ids import ClinicId
from omnibook.records import VISITOR, EventKind, Move
from support.looking import actions, appointments, live_claims, on_schedules
from support.moves import (
    DAY,
    SCHEDULES,
    TOMORROW,
    booked,
    claims,
    kept,
    listed,
    meanwhile,
    moved,
    put,
    tomorrow,
)
from support.variations import MICRO, under
from support.worlds import (
    World,
    small_clinic,
    world,
)

# Moving ------------------------------------------------------------------------------------------


def test_a_move_takes_the_new_time_and_frees_the_old() -> None:
    """R46, R47: one record, of the next revision, that knows where it came from."""
    here = world()
    first = booked(here)
    here.wait(minutes=7)

    outcome = here.portal.move(first.link, tomorrow(60, on="nguyen"))

    assert isinstance(outcome, ob.Moved)
    assert outcome.appointment == evolve(
        first.appointment,
        slot=tomorrow(60, on="nguyen"),
        claimed=tomorrow(60).span,
        revision=1,
        last_move=Move(
            at=here.clock.now(), by=VISITOR, old_revision=0, old_slot=first.appointment.slot
        ),
    )
    assert appointments(here.store) == (outcome.appointment,)
    owner = first.appointment.appointment_id
    assert claims(here) == [("nguyen", owner, tomorrow(60).span)]
    assert ("move", "appointment.moved") in actions(here.store)
    booked(here, number=1)
    assert len(claims(here)) == 2


def test_the_new_link_is_good_and_the_old_one_dead() -> None:
    """R44."""
    here = world()
    first = booked(here)
    new = moved(here, first.link, tomorrow(60))

    assert new.link != first.link
    assert here.portal.show(first.link) == ob.LinkDead()
    assert here.portal.cancel(first.link) == ob.LinkDead()
    assert here.portal.find_for_move(first.link, TOMORROW) == ob.LinkDead()
    assert isinstance(here.portal.show(new.link), ob.LinkedAppointment)
    assert isinstance(here.portal.cancel(new.link), ob.Cancelled)
    assert claims(here) == []


def test_a_move_that_is_repeated_is_answered_the_same() -> None:
    """R44: by the link that made it, and for the same time only."""
    here = world()
    first = booked(here)
    new = moved(here, first.link, tomorrow(60))
    here.wait(hours=1)

    assert here.portal.move(first.link, tomorrow(60)) == new
    assert here.portal.move(first.link, tomorrow(90)) == ob.LinkDead()
    assert here.portal.move(first.link, first.appointment.slot) == ob.LinkDead()
    assert actions(here.store).count(("move", "appointment.moved")) == 1
    here.dispatcher.run_once()
    assert [each.kind for each in here.events.told].count(EventKind.MOVED) == 1


def test_only_the_last_move_can_be_repeated() -> None:
    """R44: there and back again is another move, which the first link knows nothing of."""
    here = world()
    first = booked(here)
    second = moved(here, first.link, tomorrow(60))
    third = moved(here, second.link, first.appointment.slot)

    assert here.portal.move(first.link, tomorrow(60)) == ob.LinkDead()
    assert here.portal.move(first.link, first.appointment.slot) == ob.LinkDead()
    assert here.portal.move(second.link, first.appointment.slot) == third
    assert third.appointment.revision == 2


def test_a_repeated_move_is_not_answered_once_it_is_past_or_cancelled() -> None:
    """R44: that it was moved is then no longer what a patient should read."""
    here = world()
    first, other = booked(here), booked(here, tomorrow(30), number=1)
    moved(here, first.link, tomorrow(60))
    new = moved(here, other.link, tomorrow(90))
    here.portal.cancel(new.link)

    assert here.portal.move(other.link, tomorrow(90)) == ob.LinkDead()
    here.clock.set(tomorrow(60).start - MICRO)
    assert isinstance(here.portal.move(first.link, tomorrow(60)), ob.Moved)
    here.clock.set(tomorrow(60).start)
    assert here.portal.move(first.link, tomorrow(60)) == ob.LinkDead()


def test_the_time_it_has_already_changes_nothing() -> None:
    """R46, R47: no revision, no message; it is not listed either."""
    here = world()
    first = booked(here)

    assert here.portal.move(first.link, first.appointment.slot) == ob.Moved(
        appointment=first.appointment, link=first.link
    )
    assert kept(here, first) == first.appointment
    assert ("move", "appointment.moved") not in actions(here.store)
    assert first.appointment.slot not in listed(here, first.link)


@pytest.mark.parametrize(("late", "expected"), [(0, ob.Moved), (1, ob.TooLate)])
def test_the_cut_off_counts_to_the_instant(late: int, expected: type) -> None:
    """R47: allowed while now is at most the start less two hours, for searching as for moving."""
    here = world()
    first = booked(here)
    cutoff = timedelta(hours=2)
    here.clock.set(first.appointment.slot.start - cutoff + late * MICRO)
    page = here.portal.find_for_move(first.link, TOMORROW)

    assert isinstance(page, ob.Page) is not late
    outcome = here.portal.move(first.link, tomorrow(60))
    assert isinstance(outcome, expected)
    if late:
        assert outcome == page == ob.TooLate(cutoff=cutoff)
        assert kept(here, first) == first.appointment


def test_the_new_time_may_be_nearer_than_the_cut_off() -> None:
    """R27, R47: it is about the time that is given up; of the new one the notice is asked."""
    here = world()
    first = booked(here)
    here.clock.set(tomorrow(-DAY).start)

    assert isinstance(here.portal.move(first.link, tomorrow(-DAY)), ob.SlotTaken)
    moved(here, first.link, tomorrow(15 - DAY))


def test_a_link_moves_nothing_from_the_start_on() -> None:
    """R44: not even where the clinic has no cut-off."""
    here = world(small_clinic(policies=Policies(cancel_cutoff=timedelta())))
    first = booked(here)
    here.clock.set(first.appointment.slot.start)

    assert here.portal.find_for_move(first.link, TOMORROW) == ob.LinkDead()
    assert here.portal.move(first.link, tomorrow(60)) == ob.LinkDead()


@pytest.mark.parametrize("text", ["", "no link", "a.0.b", "a.0." + "f" * 43, "x" * 9999, None])
def test_a_link_that_nobody_made_is_dead(text: str) -> None:
    """R44: and asks nothing of the store."""
    here = world()
    deaf = ob.Portal(here.clinic, store=None, directory=here.directory, keys=here.keys)  # type: ignore[arg-type]

    assert deaf.show(text) == ob.LinkDead()
    assert deaf.confirm_presence(text) == ob.LinkDead()
    assert deaf.cancel(text) == ob.LinkDead()
    assert deaf.find_for_move(text, TOMORROW) == ob.LinkDead()
    assert deaf.move(text, tomorrow()) == ob.LinkDead()


def test_another_clinics_link_is_dead() -> None:
    """R44."""
    here = world()
    link = booked(here).link
    other = under(here, evolve(here.clinic, clinic_id=ClinicId("another"))).portal

    assert other.confirm_presence(link) == ob.LinkDead()
    assert other.find_for_move(link, TOMORROW) == ob.LinkDead()
    assert other.move(link, tomorrow(60)) == ob.LinkDead()


def test_an_authentic_link_of_an_unknown_appointment_is_dead() -> None:
    """R44, R51: such as one of an appointment that was erased."""
    here, elsewhere = world(), world()
    link = booked(elsewhere).link

    assert here.portal.confirm_presence(link) == ob.LinkDead()
    assert here.portal.find_for_move(link, TOMORROW) == ob.LinkDead()
    assert here.portal.move(link, tomorrow(60)) == ob.LinkDead()


# What happens in between -------------------------------------------------------------------------


def test_the_loser_of_a_time_keeps_the_old_one() -> None:
    """R40, R47."""
    here = world()
    first = booked(here)
    other = meanwhile(here, lambda: booked(here, tomorrow(60), number=1))

    outcome = other.portal.move(first.link, tomorrow(60))

    assert isinstance(outcome, ob.SlotTaken)
    assert kept(here, first) == first.appointment
    assert len(claims(here)) == 2


def test_a_cancellation_in_between_is_seen() -> None:
    """R44, R47."""
    here = world()
    first = booked(here)
    other = meanwhile(here, lambda: here.portal.cancel(first.link))

    assert other.portal.move(first.link, tomorrow(60)) == ob.LinkDead()
    assert claims(here) == []


def test_an_appointment_that_moved_meanwhile_is_looked_up_where_it_is() -> None:
    """R44: the same link raced itself: one move, and the same answer to both."""
    here = world()
    first = booked(here)
    other = meanwhile(here, lambda: here.portal.move(first.link, tomorrow(60, on="nguyen")))

    outcome = moved(other, first.link, tomorrow(60, on="nguyen"))
    assert outcome == moved(here, first.link, tomorrow(60, on="nguyen"))
    assert outcome.appointment == kept(here, first)
    assert kept(here, first).revision == 1


def test_time_outside_of_the_scope_is_asked_for() -> None:
    """R40: an appointment that claims more than it did when the facade looked."""
    here = world()
    first = booked(here)
    wide = first.appointment.slot.span.widened(timedelta(minutes=30), timedelta(minutes=5))
    acts: tuple[Callable[[World], object], ...] = (
        lambda w: w.portal.confirm_presence(first.link),
        lambda w: w.portal.move(first.link, tomorrow(60)),
    )
    for act in acts:
        put(here, evolve(kept(here, first), claimed=first.appointment.claimed))
        other = meanwhile(here, lambda: put(here, evolve(kept(here, first), claimed=wide)))
        assert isinstance(act(other), ob.PresenceConfirmed | ob.Moved)
    assert [claim.span for claim in live_claims(on_schedules(here.store, SCHEDULES))] == [
        tomorrow(60).span
    ]
    new = kept(here, first)
    link = moved(here, first.link, tomorrow(60)).link
    other = meanwhile(here, lambda: put(here, evolve(new, claimed=tomorrow(60, length=45).span)))
    assert isinstance(other.portal.cancel(link), ob.Cancelled)
    assert claims(here) == []


def test_a_hold_that_was_booked_and_moved_is_answered_as_it_is_now() -> None:
    """R38: Book repeated returns the appointment as it stands, with the link that is good now."""
    here = world()
    visit = here.enter()
    held = here.hold(visit, tomorrow())
    first = here.portal.book(visit, held.hold_id)
    assert isinstance(first, ob.Booked)
    new = moved(here, first.link, tomorrow(60))

    assert here.portal.book(visit, held.hold_id) == ob.Booked(
        appointment=new.appointment, link=new.link
    )
