"""The clinic that is measured: twenty schedules with forty times a day, and visitors without end.

Nobody is identified within the time that is measured: visits are written as identifying would have
written them. The caps of R36 and R26 count, but are set so high that they refuse nobody, and each
visitor has a contact and a source of their own.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import omnibook as ob
from omnibook.clinic import Clinic, Opening, Policies, Recurrence, Schedule, Service, Terms, Text
from omnibook.identity import Identity
from omnibook.ids import (
    ActivityId,
    ClinicId,
    ContactKey,
    PractitionerId,
    ScheduleId,
    ServiceId,
    SourceKey,
)
from omnibook.ports import Store
from omnibook.records import TermsAcceptance, Visit
from omnibook.transactions import Decision, PutVisit, Scope

KEYS = ob.Keyring((b"a secret for a benchmark, 32 bytes",))
FORM = ob.BookingForm("a sore throat")
SCHEDULES = 20
QUARTER = timedelta(minutes=15)
OPENS, CLOSES = time(8), time(18)
A_DAY = 40
FAR_OFF = timedelta(days=30)
"""Times before that stay free, as what a refused visitor is shown instead."""

UTC_ZONE = ZoneInfo("UTC")
CARE = ActivityId("care")
MANY = 10**9
_LOT = 500


def _text(words: str) -> Text:
    return Text(words, words)


def clinic() -> Clinic:
    opening = Opening(
        start=OPENS,
        end=CLOSES,
        recurrence=Recurrence(weekdays=frozenset(range(7))),
        activities=frozenset({CARE}),
        interval=QUARTER,
    )
    return Clinic(
        clinic_id=ClinicId("clinic"),
        name=_text("Clinic"),
        phone="514 555-0100",
        # Without summer time: the same times of the day, whenever it is measured.
        zone=UTC_ZONE,
        terms=Terms(document="terms", version="2026-01"),
        services=(
            Service(
                service_id=ServiceId("visit"),
                internal_name="visit",
                activities=(CARE,),
                name=_text("visit"),
                description=_text("visit"),
                label=_text("appointment"),
                duration=QUARTER,
            ),
        ),
        schedules=tuple(
            Schedule(
                schedule_id=ScheduleId(f"schedule-{number:02}"),
                name=_text(f"schedule {number}"),
                practitioner_id=PractitionerId(f"practitioner-{number:02}"),
                place=_text("room"),
                openings=(opening,),
            )
            for number in range(SCHEDULES)
        ),
        policies=Policies(
            horizon=timedelta(days=36_500),
            holds_per_contact=MANY,
            holds_per_source=MANY,
            upcoming_per_contact=MANY,
            upcoming_per_source_and_day=MANY,
        ),
    )


def slots(share: int, shares: int) -> Iterator[ob.Slot]:
    """The times of one of several equal shares, earliest first, without end."""
    start = datetime.now(UTC).date() + FAR_OFF
    for day in range(30_000):
        opens = datetime.combine(start + timedelta(days=day), OPENS, UTC)
        for quarter in range(A_DAY):
            for number in range(SCHEDULES):
                if (quarter * SCHEDULES + number) % shares == share:
                    begins = opens + quarter * QUARTER
                    yield ob.Slot(
                        ServiceId("visit"),
                        ScheduleId(f"schedule-{number:02}"),
                        begins,
                        begins + QUARTER,
                    )


def instead_of(slot: ob.Slot) -> ob.Preference:
    """What somebody who is refused this time would take: anything with the same practitioner."""
    return ob.Preference(practitioner=slot.schedule_id.replace("schedule", "practitioner"))


def let_in(store: Store, who: str, count: int) -> list[ob.VisitToken]:
    """Begin so many visits, as identifying would have."""
    names = [f"{who}-{number}" for number in range(count)]
    for begin in range(0, count, _LOT):
        visits = tuple(PutVisit(_visit(name)) for name in names[begin : begin + _LOT])
        scope = Scope(clinic_id=ClinicId("clinic"))
        store.transact(scope, lambda _, visits=visits: Decision(None, visits))  # type: ignore[misc]
    return list(map(_token, names))


def _token(name: str) -> ob.VisitToken:
    return ob.VisitToken(sha256(name.encode()).hexdigest())


def _visit(name: str) -> Visit:
    now = datetime.now(UTC)
    point = ob.ContactPoint(system=ob.ContactSystem.EMAIL, value=f"{name}@example.org")
    return Visit(
        clinic_id=ClinicId("clinic"),
        visit_id=_token(name).visit_id,
        started_at=now,
        active_at=now,
        language="fr",
        terms=TermsAcceptance(document="terms", version="2026-01", language="fr", accepted_at=now),
        identity=Identity(
            first_name="Visitor",
            last_name=f"Number {name}",
            birth_date=date(1990, 5, 17),
            gender=ob.Gender.OTHER,
            contacts=(point,),
        ),
        patient_id=None,
        source=SourceKey(KEYS.digest("source", name)),
        contact_keys=frozenset({ContactKey(KEYS.digest("contact", point.match_key))}),
    )


def portal(store: Store) -> ob.Portal:
    """The facade that is measured; its directory and its limiter are in memory."""
    return ob.Portal(clinic(), store=store, directory=ob.MemoryDirectory(), keys=KEYS)
