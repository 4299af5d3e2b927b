"""A visit, from identification to its end: what it may see, and how long it lasts (R10–R16, R22).

A visitor is recognised or not, and the one trace of it is which services are listed. Nothing here
says why: the cause goes to the audit trail, for staff (R10).
"""

from collections.abc import Iterable
from datetime import datetime

from attrs import evolve, frozen

from omnibook.audit import Operation
from omnibook.clinic import Clinic, Policies, Service
from omnibook.eligibility import Facts, judge_eligibility, possible_on_some_day
from omnibook.identity import Identity, Match, Patient
from omnibook.ids import ContactKey, SourceKey, VisitToken
from omnibook.known_facts import facts_in
from omnibook.outcomes import IdentifyOutcome, NotOnline, OfferedService, ResumeOutcome, Welcome
from omnibook.records import Slot, TermsAcceptance, Visit
from omnibook.times import local_date
from omnibook.transactions import Decision, PutVisit, Snapshot


@frozen(kw_only=True)
class IdentifyRequest:
    """A form that was read, what the patient files say of it, and what the visit will carry."""

    clinic: Clinic
    token: VisitToken
    identity: Identity
    match: Match
    language: str
    source: SourceKey
    contact_keys: frozenset[ContactKey]
    operation: Operation


def decide_identify(request: IdentifyRequest, snapshot: Snapshot) -> Decision[IdentifyOutcome]:
    """Begin the visit (R13, R14): :class:`Welcome`, or :class:`NotOnline`, one for every cause.

    The acceptance of the terms is recorded with the visit (R2), the cause of the match in the audit
    trail (R10, R50).
    """
    clinic, now = request.clinic, snapshot.now
    audit = request.operation.audit(now, "identify", request.match.cause)
    known = facts_in(
        snapshot, request.match.patient, clinic.zone, acting_for=request.identity.acting_for
    )
    services = listing(clinic, known, now)
    if not services:
        return Decision(NotOnline(), (audit,))
    patient = request.match.patient
    visit = Visit(
        clinic_id=clinic.clinic_id,
        visit_id=request.token.visit_id,
        started_at=now,
        active_at=now,
        language=request.language,
        terms=TermsAcceptance(
            document=clinic.terms.document,
            version=clinic.terms.version,
            language=request.language,
            accepted_at=now,
        ),
        identity=request.identity,
        patient_id=None if patient is None else patient.patient_id,
        source=request.source,
        contact_keys=request.contact_keys,
    )
    welcome = Welcome(visit=request.token, services=services)
    return Decision(welcome, (PutVisit(visit), audit))


def resumed(token: VisitToken, clinic: Clinic, facts: Facts, now: datetime) -> ResumeOutcome:
    """What a visit that goes on sees now: by the facts of this moment (R16, R22)."""
    services = listing(clinic, facts, now)
    return Welcome(visit=token, services=services) if services else NotOnline()


def listing(clinic: Clinic, facts: Facts, now: datetime) -> tuple[OfferedService, ...]:
    """The services that the visitor may choose from, whatever their stock (R13, R19, R22)."""
    return tuple(
        OfferedService(
            service_id=service.service_id,
            name=service.name,
            description=service.description,
            duration=service.duration,
            mode=service.mode,
        )
        for service in clinic.services
        if is_listed(service, facts, clinic, now)
    )


def is_listed(service: Service, facts: Facts, clinic: Clinic, now: datetime) -> bool:
    """Whether the visitor can be eligible for the service on some day up to the horizon (R22)."""
    today = local_date(now, clinic.zone)
    return possible_on_some_day(
        service.eligibility,
        facts,
        booked_on=today,
        first=today,
        last=local_date(now + clinic.policies.horizon, clinic.zone),
    ).eligible


def asks_visits(services: Iterable[Service]) -> bool:
    """Whether the file's appointments must be read before these services can be judged (R20).

    A service that is not configured to ask costs no read, and most are not.
    """
    return any(service.eligibility.asks_visits for service in services)


def is_offered(
    service: Service, patient: Patient | None, slot: Slot, clinic: Clinic, snapshot: Snapshot
) -> bool:
    """Whether the visitor is eligible for the service on the slot's date (R18, R22).

    The snapshot is of the visit; where the service's criteria ask for them, it has the file's
    appointments: its scope names the patient.
    """
    visit = snapshot.visit
    return judge_eligibility(
        service.eligibility,
        facts_in(
            snapshot,
            patient,
            clinic.zone,
            acting_for=None if visit is None else visit.identity.acting_for,
        ),
        booked_on=local_date(snapshot.now, clinic.zone),
        visit_on=local_date(slot.start, clinic.zone),
    ).eligible


def visit_is_over(visit: Visit, snapshot: Snapshot, policies: Policies) -> bool:
    """Whether a visit has ended: idle or too old, but never while its hold is live (R16)."""
    return (
        visit.is_over(snapshot.now, idle=policies.visit_idle, total=policies.visit_total)
        and snapshot.live_hold_of(visit.visit_id) is None
    )


def decide_touch(policies: Policies, snapshot: Snapshot) -> Decision[None]:
    """Record the visit's activity when the last record of it is old enough (R16).

    Nothing is written for a visit that has ended meanwhile: what ended stays so.
    """
    visit, now = snapshot.visit, snapshot.now
    if (
        visit is None
        or visit_is_over(visit, snapshot, policies)
        or now - visit.active_at <= policies.visit_activity
    ):
        return Decision(None)
    return Decision(None, (PutVisit(evolve(visit, active_at=now)),))
