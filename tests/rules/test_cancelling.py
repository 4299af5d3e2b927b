"""The patient cancels by the link (R44, R46, R47)."""

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.ids import AppointmentId
from omnibook.records import AppointmentStatus, Event, EventKind
from omnibook.transactions import Decision, PutAppointment, Scope
from support.variations import MICRO, at, review, slot, stranger, under
from support.worlds import (
    STAFF,
    START,
    world,
)

DAY = 24 * 60


def test_cancelling_frees_the_time_at_once_and_keeps_the_record() -> None:
    """R46, R47."""
    w = world()
    booked = w.book(w.enter(), slot(DAY))
    w.wait(minutes=1)

    done = w.portal.cancel(booked.link, "  I am well again ")

    assert isinstance(done, ob.Cancelled)
    assert done.cancellation.at == START + timedelta(minutes=1)
    assert done.cancellation.by == ob.records.VISITOR
    assert done.cancellation.reason == "I am well again"
    assert isinstance(review(w, stranger(w, 1), slot(DAY)), ob.Held)
    listed = w.desk.day(slot(DAY).start.date(), actor=STAFF).appointments
    assert [each.status for each in listed] == [AppointmentStatus.CANCELLED]
    assert listed[0].revision == 0


def test_cancelling_again_answers_the_same_until_the_start() -> None:
    """R44: a done action repeated; the link dies at the start."""
    w = world()
    link = w.book(w.enter(), slot(DAY)).link
    done = w.portal.cancel(link, "the first reason")

    w.clock.set(at(DAY) - MICRO)
    assert w.portal.cancel(link, "another") == done
    w.clock.set(at(DAY))
    assert w.portal.cancel(link) == ob.LinkDead()


def test_the_patient_cancels_until_the_cutoff_and_not_a_microsecond_later() -> None:
    """R47: the cut-off, its boundary, and the policy."""
    w = world()
    link = w.book(w.enter(), slot(DAY)).link

    w.clock.set(at(DAY) - timedelta(hours=2) + MICRO)
    assert w.portal.cancel(link) == ob.TooLate(cutoff=timedelta(hours=2))
    w.clock.set(at(DAY) - MICRO)
    assert w.portal.cancel(link) == ob.TooLate(cutoff=timedelta(hours=2))
    w.clock.set(at(DAY) - timedelta(hours=2))
    assert isinstance(w.portal.cancel(link), ob.Cancelled)


def test_a_link_is_good_for_its_own_appointment_purpose_and_revision_only() -> None:
    """R44."""
    w = world()
    booked = w.book(w.enter(), slot(DAY))
    link = booked.link
    other = under(w, evolve(w.clinic, clinic_id=ob.ids.ClinicId("another")))
    forged = [
        "",
        link[:-1],
        link + "x",
        link.replace(".0.", ".1."),
        ob.sealed.make_link(
            w.keys, "move", w.clinic.clinic_id, booked.appointment.appointment_id, 0
        ),
        ob.sealed.make_link(w.keys, "appointment", w.clinic.clinic_id, AppointmentId("unknown"), 0),
        ob.sealed.make_link(
            w.keys, "appointment", w.clinic.clinic_id, booked.appointment.appointment_id, 1
        ),
    ]

    for text in forged:
        assert w.portal.cancel(text) == ob.LinkDead()
    assert other.portal.cancel(link) == ob.LinkDead()
    assert isinstance(w.portal.cancel(link, 7), ob.InvalidEntry)
    assert isinstance(w.portal.cancel(link), ob.Cancelled)


@pytest.mark.parametrize(
    "status", [AppointmentStatus.ARRIVED, AppointmentStatus.NOSHOW, AppointmentStatus.FULFILLED]
)
def test_an_appointment_that_took_place_is_not_cancelled_by_a_link(
    status: AppointmentStatus,
) -> None:
    """R47."""
    w = world()
    booked = w.book(w.enter(), slot(DAY))
    became = evolve(booked.appointment, status=status)
    scope = Scope(clinic_id=w.clinic.clinic_id, schedules={slot().schedule_id: slot(DAY).span})
    w.store.transact(scope, lambda _: Decision(None, (PutAppointment(became),)))

    assert w.portal.cancel(booked.link) == ob.LinkDead()


def test_events_tell_the_host_what_happened() -> None:
    """R39."""
    w = world()
    booked = w.book(w.enter(), slot(DAY))
    w.dispatcher.run_once()
    w.wait(minutes=1)
    w.portal.cancel(booked.link)
    w.dispatcher.run_once()

    def told(event: Event) -> tuple[Any, ...]:
        return (event.kind, event.appointment_id, event.at)

    assert [told(event) for event in w.events.told] == [
        (EventKind.BOOKED, booked.appointment.appointment_id, START),
        (EventKind.CANCELLED, booked.appointment.appointment_id, START + timedelta(minutes=1)),
    ]
