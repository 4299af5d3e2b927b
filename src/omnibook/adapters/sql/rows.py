"""Values as rows and rows as values: each pair of functions is one table, both ways.

Nothing is judged here. A row function names every column of its table; a value function reads a row
that was selected with all columns.
"""

from collections.abc import Iterable
from datetime import date
from types import SimpleNamespace
from typing import Any

from omnibook.booking_form import BookingEntries
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.health_numbers import HealthNumber
from omnibook.identity_form import ActingFor, Identity
from omnibook.ids import ActivityId
from omnibook.patient import Gender
from omnibook.records import (
    Actor,
    ActorKind,
    Appointment,
    AppointmentStatus,
    Busy,
    Cancellation,
    Claim,
    ClaimKind,
    DeskClosure,
    DeskOpening,
    Hold,
    HoldState,
    Move,
    Presence,
    Slot,
    TermsAcceptance,
    Visit,
)
from omnibook.times import MINUTE, Span

Values = dict[str, Any]
"""A row to write: column names and their values."""

Contacts = tuple[ContactPoint, ...]


# Parts -------------------------------------------------------------------------------------------


def contact_documents(points: Iterable[ContactPoint]) -> list[Values]:
    """Contact points in their order, as JSON keeps them."""
    return [
        {
            "system": point.system.value,
            "value": point.value,
            "rank": point.rank,
            "verified": point.verified,
            "current": point.current,
        }
        for point in points
    ]


def contacts_of(documents: Iterable[Values]) -> Contacts:
    """The contact points of what JSON keeps."""
    return tuple(
        ContactPoint(
            system=ContactSystem(each["system"]),
            value=each["value"],
            rank=each["rank"],
            verified=each["verified"],
            current=each["current"],
        )
        for each in documents
    )


def identity_columns(identity: Identity) -> Values:
    """The identity without its contacts."""
    number = identity.health_number
    return {
        "first_name": identity.first_name,
        "last_name": identity.last_name,
        "birth_date": identity.birth_date,
        "gender": identity.gender.value,
        "health_number_issuer": None if number is None else number.issuer,
        "health_number": None if number is None else number.value,
        "health_number_version": None if number is None else number.version,
        "acting_for": identity.acting_for.value,
    }


def _identity_of(row: Any) -> Identity:
    number = None
    if row.health_number is not None:
        number = HealthNumber(
            row.health_number_issuer, row.health_number, version=row.health_number_version
        )
    return Identity(
        first_name=row.first_name,
        last_name=row.last_name,
        birth_date=row.birth_date,
        gender=Gender(row.gender),
        contacts=contacts_of(row.contacts),
        health_number=number,
        acting_for=ActingFor(row.acting_for),
    )


def _person_document(person: Identity | None) -> Values | None:
    if person is None:
        return None
    return {
        **identity_columns(person),
        "birth_date": person.birth_date.isoformat(),
        "contacts": contact_documents(person.contacts),
    }


def _person_of(document: Values | None) -> Identity | None:
    if document is None:
        return None
    birth_date = date.fromisoformat(document["birth_date"])
    return _identity_of(SimpleNamespace(**{**document, "birth_date": birth_date}))


def _terms_columns(terms: TermsAcceptance | None) -> Values:
    return {
        "terms_document": None if terms is None else terms.document,
        "terms_version": None if terms is None else terms.version,
        "terms_language": None if terms is None else terms.language,
        "terms_accepted_at": None if terms is None else terms.accepted_at,
    }


def _terms_of(row: Any) -> TermsAcceptance:
    return TermsAcceptance(
        document=row.terms_document,
        version=row.terms_version,
        language=row.terms_language,
        accepted_at=row.terms_accepted_at,
    )


def actor_columns(prefix: str, actor: Actor | None) -> Values:
    """Who acted, in the columns that begin with ``prefix``."""
    return {
        f"{prefix}_kind": None if actor is None else actor.kind.value,
        f"{prefix}_staff_id": None if actor is None else actor.staff_id or None,
    }


def actor_of(kind: str, staff_id: str | None) -> Actor:
    """Who acted, from the two columns."""
    return Actor(ActorKind(kind), staff_id)


def _slot_columns(slot: Slot, activity: ActivityId, claimed: Span) -> Values:
    return {
        "service_id": slot.service_id,
        "schedule_id": slot.schedule_id,
        "starts_at": slot.start,
        "ends_at": slot.end,
        "activity_id": activity,
        "claimed_from": claimed.start,
        "claimed_until": claimed.end,
    }


def _entries_of(row: Any) -> BookingEntries:
    contacts = contacts_of(row.contacts)
    return BookingEntries(reason=row.reason, details=row.details, contacts=contacts)


def _slot_of(row: Any) -> Slot:
    return Slot(row.service_id, row.schedule_id, row.starts_at, row.ends_at)


# Visits, holds, appointments ---------------------------------------------------------------------


def visit_row(visit: Visit) -> Values:
    """A row of ``visits``."""
    return {
        "clinic_id": visit.clinic_id,
        "visit_id": visit.visit_id,
        "started_at": visit.started_at,
        "active_at": visit.active_at,
        "language": visit.language,
        **_terms_columns(visit.terms),
        "patient_id": visit.patient_id,
        "source": visit.source,
        **identity_columns(visit.identity),
        "contacts": contact_documents(visit.identity.contacts),
        "contact_keys": sorted(visit.contact_keys),
    }


def visit_of(row: Any) -> Visit:
    """The visit of a row."""
    return Visit(
        clinic_id=row.clinic_id,
        visit_id=row.visit_id,
        started_at=row.started_at,
        active_at=row.active_at,
        language=row.language,
        terms=_terms_of(row),
        identity=_identity_of(row),
        patient_id=row.patient_id,
        source=row.source,
        contact_keys=frozenset(row.contact_keys),
    )


def hold_row(hold: Hold) -> Values:
    """A row of ``holds``."""
    return {
        "clinic_id": hold.clinic_id,
        "hold_id": hold.hold_id,
        "visit_id": hold.visit_id,
        "patient_id": hold.patient_id,
        **_slot_columns(hold.slot, hold.activity, hold.claimed),
        "created_at": hold.created_at,
        "expires_at": hold.expires_at,
        "state": hold.state.value,
        "source": hold.source,
        "reason": hold.entries.reason,
        "details": hold.entries.details,
        "contacts": contact_documents(hold.entries.contacts),
        "contact_keys": sorted(hold.contact_keys),
    }


def hold_of(row: Any) -> Hold:
    """The hold of a row."""
    return Hold(
        clinic_id=row.clinic_id,
        hold_id=row.hold_id,
        visit_id=row.visit_id,
        patient_id=row.patient_id,
        slot=_slot_of(row),
        activity=row.activity_id,
        claimed=Span(row.claimed_from, row.claimed_until),
        created_at=row.created_at,
        expires_at=row.expires_at,
        state=HoldState(row.state),
        source=row.source,
        contact_keys=frozenset(row.contact_keys),
        entries=_entries_of(row),
    )


def appointment_row(appointment: Appointment) -> Values:
    """A row of ``appointments``."""
    cancellation, presence = appointment.cancellation, appointment.presence
    return {
        "clinic_id": appointment.clinic_id,
        "appointment_id": appointment.appointment_id,
        "reference": appointment.reference,
        **_slot_columns(appointment.slot, appointment.activity, appointment.claimed),
        "occupied_until": appointment.claimed.end if appointment.status.occupies else None,
        "minutes": (appointment.slot.end - appointment.slot.start) // MINUTE,
        "status": appointment.status.value,
        "revision": appointment.revision,
        "patient_id": appointment.patient_id,
        "provisional": _person_document(appointment.provisional),
        "reason": appointment.entries.reason,
        "details": appointment.entries.details,
        "contacts": contact_documents(appointment.entries.contacts),
        "contact_keys": sorted(appointment.contact_keys),
        "language": appointment.language,
        **_terms_columns(appointment.terms),
        "source": appointment.source,
        "messages": appointment.messages,
        "booked_at": appointment.booked_at,
        **actor_columns("booked_by", appointment.booked_by),
        "cancelled_at": None if cancellation is None else cancellation.at,
        **actor_columns("cancelled_by", None if cancellation is None else cancellation.by),
        "cancellation_reason": None if cancellation is None else cancellation.reason,
        "presence_at": None if presence is None else presence.at,
        **actor_columns("presence_by", None if presence is None else presence.by),
        **_move_columns(appointment.last_move),
    }


def _move_columns(move: Move | None) -> Values:
    return {
        "moved_at": None if move is None else move.at,
        **actor_columns("moved_by", None if move is None else move.by),
        "old_revision": None if move is None else move.old_revision,
        "old_service_id": None if move is None else move.old_slot.service_id,
        "old_schedule_id": None if move is None else move.old_slot.schedule_id,
        "old_starts_at": None if move is None else move.old_slot.start,
        "old_ends_at": None if move is None else move.old_slot.end,
    }


def _move_of(row: Any) -> Move | None:
    if row.moved_at is None:
        return None
    return Move(
        at=row.moved_at,
        by=actor_of(row.moved_by_kind, row.moved_by_staff_id),
        old_revision=row.old_revision,
        old_slot=Slot(row.old_service_id, row.old_schedule_id, row.old_starts_at, row.old_ends_at),
    )


def appointment_of(row: Any) -> Appointment:
    """The appointment of a row."""
    cancellation = None
    if row.cancelled_at is not None:
        cancellation = Cancellation(
            at=row.cancelled_at,
            by=actor_of(row.cancelled_by_kind, row.cancelled_by_staff_id),
            reason=row.cancellation_reason,
        )
    presence = None
    if row.presence_at is not None:
        by = actor_of(row.presence_by_kind, row.presence_by_staff_id)
        presence = Presence(at=row.presence_at, by=by)
    return Appointment(
        clinic_id=row.clinic_id,
        appointment_id=row.appointment_id,
        reference=row.reference,
        slot=_slot_of(row),
        activity=row.activity_id,
        claimed=Span(row.claimed_from, row.claimed_until),
        status=AppointmentStatus(row.status),
        revision=row.revision,
        patient_id=row.patient_id,
        provisional=_person_of(row.provisional),
        entries=_entries_of(row),
        language=row.language,
        terms=None if row.terms_document is None else _terms_of(row),
        source=row.source,
        contact_keys=frozenset(row.contact_keys),
        messages=row.messages,
        booked_at=row.booked_at,
        booked_by=actor_of(row.booked_by_kind, row.booked_by_staff_id),
        cancellation=cancellation,
        presence=presence,
        last_move=_move_of(row),
    )


# What stands on a schedule -----------------------------------------------------------------------


def claim_row(clinic_id: str, claim: Claim) -> Values:
    """A row of ``claims``."""
    return {
        "clinic_id": clinic_id,
        "owner_id": claim.owner,
        "schedule_id": claim.schedule_id,
        "starts_at": claim.span.start,
        "ends_at": claim.span.end,
        "kind": claim.kind.value,
        "expires_at": claim.expires_at,
    }


def claim_of(row: Any) -> Claim:
    """The claim of a row."""
    return Claim(
        span=Span(row.starts_at, row.ends_at),
        schedule_id=row.schedule_id,
        kind=ClaimKind(row.kind),
        owner=row.owner_id,
        expires_at=row.expires_at,
    )


def busy_row(clinic_id: str, busy: Busy) -> Values:
    """A row of ``busy_times``."""
    return {
        "clinic_id": clinic_id,
        "busy_id": busy.busy_id,
        "schedule_id": busy.schedule_id,
        "starts_at": busy.span.start,
        "ends_at": busy.span.end,
        # Rounded up: none that is longer than a day is taken for a shorter one.
        "minutes": -((busy.span.start - busy.span.end) // MINUTE),
    }


def busy_of(row: Any) -> Busy:
    """The busy time of a row."""
    return Busy(span=Span(row.starts_at, row.ends_at), schedule_id=row.schedule_id, busy_id=row.id)


def opening_row(opening: DeskOpening) -> Values:
    """A row of ``desk_openings``."""
    return {
        "clinic_id": opening.clinic_id,
        "opening_id": opening.opening_id,
        "schedule_id": opening.schedule_id,
        "starts_at": opening.span.start,
        "ends_at": opening.span.end,
        "activities": list(opening.activities),
        "interval_microseconds": opening.interval,
        "made_at": opening.made_at,
        **actor_columns("made_by", opening.made_by),
    }


def opening_of(row: Any) -> DeskOpening:
    """The desk's opening of a row."""
    return DeskOpening(
        clinic_id=row.clinic_id,
        opening_id=row.id,
        schedule_id=row.schedule_id,
        span=Span(row.starts_at, row.ends_at),
        activities=tuple(row.activities),
        interval=row.interval_microseconds,
        made_at=row.made_at,
        made_by=actor_of(row.made_by_kind, row.made_by_staff_id),
    )


def closure_row(closure: DeskClosure) -> Values:
    """A row of ``desk_closures``."""
    return {
        "clinic_id": closure.clinic_id,
        "closure_id": closure.closure_id,
        "schedule_id": closure.schedule_id,
        "starts_at": closure.span.start,
        "ends_at": closure.span.end,
        "made_at": closure.made_at,
        **actor_columns("made_by", closure.made_by),
    }


def closure_of(row: Any) -> DeskClosure:
    """The desk's closure of a row."""
    return DeskClosure(
        clinic_id=row.clinic_id,
        closure_id=row.id,
        schedule_id=row.schedule_id,
        span=Span(row.starts_at, row.ends_at),
        made_at=row.made_at,
        made_by=actor_of(row.made_by_kind, row.made_by_staff_id),
    )
