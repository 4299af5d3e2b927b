"""The patient cancels by a link."""

from datetime import timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Policies
from omnibook.ids import ClinicId
from support.looking import actions, appointments, live_claims, on_schedules
from support.variations import under
from support.worlds import STAFF, World, small_clinic, world

TOMORROW = ob.Preference(first_date="2026-03-03")


def booked_tomorrow(here: World, service_id: str = "open") -> ob.Booked:
    token = here.enter()
    page = here.portal.find(token, service_id, TOMORROW)
    assert isinstance(page, ob.Page)
    return here.book(token, page.slots[0])


def test_cancelling_frees_the_time_at_once_and_keeps_the_record() -> None:
    """R46, R47: when, by whom and why."""
    here = world()
    booked = booked_tomorrow(here)
    here.wait(minutes=7)

    outcome = here.portal.cancel(booked.link, " I am better ")

    (kept,) = appointments(here.store)
    assert isinstance(outcome, ob.Cancelled)
    assert outcome.slot == booked.appointment.slot
    assert kept.status is ob.AppointmentStatus.CANCELLED
    assert kept.cancellation == outcome.cancellation
    cancellation = outcome.cancellation
    assert (cancellation.at, cancellation.by.kind) == (here.clock.now(), "visitor")
    assert cancellation.reason == "I am better"
    assert kept.entries == booked.appointment.entries
    assert live_claims(on_schedules(here.store, ["gagnon"])) == []
    page = here.portal.find(here.enter(), "open", TOMORROW)
    assert isinstance(page, ob.Page)
    assert page.slots[0] == booked.appointment.slot


def test_cancelling_again_is_the_same_answer() -> None:
    """R44: with the first reason and instant, and once in the audit trail (R50)."""
    here = world()
    booked = booked_tomorrow(here)
    first = here.portal.cancel(booked.link, "first")
    here.wait(hours=1)

    assert here.portal.cancel(booked.link, "second") == first
    assert actions(here.store).count(("cancel", "appointment.cancelled")) == 1


@pytest.mark.parametrize(
    "link", ["", "x", "a.0.b", "a.b.c.d", ".." * 2000, "\ud800.0.x", "\x00.0.\x00", None, 7, b"x"]
)
def test_a_link_that_nobody_made_is_dead(link: str) -> None:
    """R44: whatever comes with it."""
    here = world()
    booked_tomorrow(here)

    assert here.portal.cancel(link, "x" * 501) == ob.LinkDead()


def test_a_link_is_good_for_its_own_appointment_and_clinic_only() -> None:
    """R44: neither its identifier, nor its revision, nor its clinic can be exchanged."""
    here = world()
    link = booked_tomorrow(here).link
    identifier, revision, signature = link.split(".")
    other = evolve(here.clinic, clinic_id=ClinicId("another"))
    elsewhere = ob.Portal(other, store=here.store, directory=here.directory, keys=here.keys)

    for forged in (f"{identifier}x.{revision}.{signature}", f"{identifier}.1.{signature}"):
        assert here.portal.cancel(forged) == ob.LinkDead()
    assert elsewhere.cancel(link) == ob.LinkDead()
    assert isinstance(here.portal.cancel(link), ob.Cancelled)


def test_an_authentic_link_of_an_unknown_appointment_is_dead() -> None:
    """R44: such as one that was made from another database."""
    here, other = world(), world()

    assert other.portal.cancel(booked_tomorrow(here).link) == ob.LinkDead()


@pytest.mark.parametrize(("late", "expected"), [(0, ob.Cancelled), (1, ob.TooLate)])
def test_the_cut_off_counts_to_the_instant(late: int, expected: type) -> None:
    """R47: two hours by default, allowed at exactly two hours."""
    here = world()
    booked = booked_tomorrow(here)
    cutoff = booked.appointment.slot.start - timedelta(hours=2)
    here.clock.set(cutoff + timedelta(microseconds=late))
    shown = here.portal.show(booked.link)

    assert isinstance(shown, ob.LinkedAppointment)
    assert shown.cancellable is (not late)
    assert isinstance(here.portal.cancel(booked.link), expected)


def test_a_link_shows_what_it_is_about_and_changes_nothing() -> None:
    """R44: nothing of the person, and the same text for a link that is good no more."""
    here = world()
    booked = booked_tomorrow(here)
    before = actions(here.store)
    shown = here.portal.show(booked.link)
    slot = booked.appointment.slot

    assert shown == ob.LinkedAppointment(
        slot=slot,
        starts=slot.start.astimezone(here.clinic.zone),
        ends=slot.end.astimezone(here.clinic.zone),
        label=here.clinic.services[0].label,
        place=here.clinic.schedules[0].place,
        mode=here.clinic.services[0].mode,
        cancelled=False,
        cancellable=True,
        service_id=slot.service_id,
        presence=None,
    )
    assert actions(here.store) == before
    here.portal.cancel(booked.link)
    after = here.portal.show(booked.link)
    assert isinstance(after, ob.LinkedAppointment)
    assert (after.cancelled, after.cancellable) == (True, False)
    for text in ("", "nonsense", f"{booked.link}x", None):
        assert here.portal.show(text) == ob.LinkDead()  # type: ignore[arg-type]


def test_a_link_to_what_the_clinic_no_longer_configures_still_shows_the_time() -> None:
    """R44."""
    here = world()
    booked = booked_tomorrow(here)
    emptied = under(here, evolve(here.clinic, services=(), schedules=()))
    shown = emptied.portal.show(booked.link)

    assert isinstance(shown, ob.LinkedAppointment)
    assert (shown.slot, shown.label, shown.place, shown.mode) == (
        booked.appointment.slot,
        None,
        None,
        None,
    )


def test_a_link_dies_at_the_start() -> None:
    """R44: even where the clinic lets patients cancel until then."""
    here = world(small_clinic(policies=Policies(cancel_cutoff=timedelta())))
    booked = booked_tomorrow(here)
    here.clock.set(booked.appointment.slot.start - timedelta(microseconds=1))
    before = here.portal.show(booked.link)
    cancelled = here.portal.cancel(booked.link)
    here.wait(microseconds=1)

    assert isinstance(before, ob.LinkedAppointment)
    assert isinstance(cancelled, ob.Cancelled)
    assert here.portal.cancel(booked.link) == ob.LinkDead()
    assert here.portal.show(booked.link) == ob.LinkDead()


@pytest.mark.parametrize(
    ("reason", "code"), [("x" * 501, "entry.too-long"), (7, "entry.wrong-type")]
)
def test_an_unusable_reason_is_told_and_nothing_is_cancelled(reason: object, code: str) -> None:
    """R47, R11."""
    here = world()
    booked = booked_tomorrow(here)

    outcome = here.portal.cancel(booked.link, reason)

    assert isinstance(outcome, ob.InvalidEntry)
    assert [(each.field, each.code) for each in outcome.problems] == [("reason", code)]
    assert isinstance(here.portal.cancel(booked.link, None), ob.Cancelled)


def test_what_the_desk_cancelled_is_cancelled_for_the_patient_too() -> None:
    """R44: the desk's reason and name are what the record says."""
    here = world()
    booked = booked_tomorrow(here)
    desk = here.desk.cancel(booked.appointment.appointment_id, reason="the doctor", actor=STAFF)

    assert here.portal.cancel(booked.link, "mine") == desk
