"""A small clinic with everything wired up in memory, for tests of whole walks.

Monday 2026-03-02, 07:00 in Toronto. Two doctors and a nurse are open on weekdays. ``open`` is for
everyone, ``file`` for patients with a file, ``doctor`` for those with a family doctor here,
``child`` for children under six on the day of the visit.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from attrs import define, evolve

import omnibook as ob
from omnibook.clinic import (
    Clinic,
    Mode,
    Opening,
    Policies,
    Recurrence,
    Schedule,
    Service,
    Terms,
    Text,
)
from omnibook.criteria import AgeRange, FamilyDoctorHere, HasFile
from omnibook.dispatch import Dispatcher
from omnibook.eligibility import Eligibility
from omnibook.facts import Sex
from omnibook.ids import ActivityId, ClinicId, PatientId, PractitionerId, ScheduleId, ServiceId
from omnibook.ports import Clock, Notifier, PatientDirectory, Store, Tokens

TORONTO = ZoneInfo("America/Toronto")
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""07:00 on a Monday in Toronto."""

CARE = ActivityId("care")
SHOT = ActivityId("shot")
WEEKDAYS = frozenset(range(5))
STAFF = ob.Actor.staff("staff-7")


def text(words: str) -> Text:
    return Text(f"{words} (fr)", f"{words} (en)")


def service(name: str, minutes: int = 30, **more: Any) -> Service:
    made = Service(
        service_id=ServiceId(name),
        internal_name=f"internal {name}",
        activities=(CARE,),
        name=text(name),
        description=text(f"about {name}"),
        label=text("appointment"),
        duration=timedelta(minutes=minutes),
    )
    return evolve(made, **more)


def opening(start: time = time(8), end: time = time(12), **more: Any) -> Opening:
    made = Opening(
        start=start,
        end=end,
        recurrence=Recurrence(weekdays=WEEKDAYS),
        activities=frozenset({CARE}),
        interval=timedelta(minutes=15),
    )
    return evolve(made, **more)


def schedule(name: str, *openings: Opening, **more: Any) -> Schedule:
    made = Schedule(
        schedule_id=ScheduleId(name),
        name=text(name),
        practitioner_id=PractitionerId(name),
        place=text("room 1"),
        openings=openings,
    )
    return evolve(made, **more)


def small_clinic(**more: Any) -> Clinic:
    has_file = Eligibility(inclusions=((HasFile(),),))
    made = Clinic(
        clinic_id=ClinicId("clinic"),
        name=text("Clinic"),
        phone="514 555-0100",
        zone=TORONTO,
        terms=Terms(document="terms", version="2026-01"),
        services=(
            service("open", 15, mode=Mode.PHONE),
            service("file", eligibility=has_file),
            service("doctor", eligibility=Eligibility(inclusions=((FamilyDoctorHere(),),))),
            service("child", eligibility=Eligibility(inclusions=((AgeRange(maximum=5),),))),
        ),
        schedules=(
            schedule("gagnon", opening(), opening(time(13), time(16))),
            schedule("nguyen", opening()),
            schedule("nurse", opening(activities=frozenset({CARE, SHOT}))),
        ),
        policies=Policies(),
    )
    return evolve(made, **more)


def phone(last: int, **more: Any) -> ob.ContactPoint:
    """A phone number of the range for fiction; ``last`` is from 0 to 99."""
    value = f"+151455501{last:02}"
    return evolve(ob.ContactPoint(system=ob.ContactSystem.PHONE, value=value), **more)


def email(name: str, **more: Any) -> ob.ContactPoint:
    value = f"{name}@example.org"
    return evolve(ob.ContactPoint(system=ob.ContactSystem.EMAIL, value=value), **more)


MARIE = ob.Patient(
    patient_id=PatientId("p-marie"),
    names=(ob.PersonName("Marie", "Tremblay"),),
    birth_date=date(2004, 12, 19),
    gender=ob.Gender.FEMALE,
    contacts=(phone(23), email("marie", rank=2)),
    health_numbers=(ob.HealthNumber("CA-QC", "TREM04621918"),),
    file_number="1001",
    family_doctor="gagnon",
    registered_sex=Sex.FEMALE,
)
JEAN = ob.Patient(
    patient_id=PatientId("p-jean"),
    names=(ob.PersonName("Jean", "Testard"),),
    birth_date=date(1954, 12, 28),
    gender=ob.Gender.MALE,
    contacts=(email("jean"),),
    health_numbers=(ob.HealthNumber("CA-QC", "TEST54122816"),),
    file_number="1002",
    family_doctor=None,
    registered_sex=Sex.MALE,
)

MARIES_FORM = ob.IdentityForm(
    first_name="Marie",
    last_name="Tremblay",
    birth_date="2004-12-19",
    gender="female",
    cell_phone="514 555-0123",
    email="marie@example.org",
)
JEANS_FORM = ob.IdentityForm(
    first_name="Jean",
    last_name="Testard",
    birth_date="1954-12-28",
    gender="male",
    email="jean@example.org",
)


def strangers_form(number: int) -> ob.IdentityForm:
    """Somebody without a file; each ``number`` (0–99) another person."""
    return ob.IdentityForm(
        first_name=f"Visitor{chr(97 + number // 26)}{chr(97 + number % 26)}",
        last_name="Unknown",
        birth_date="1990-05-17",
        gender="other",
        cell_phone=f"514 555-01{number:02}",
    )


@define
class World:
    """A clinic, its ports and its facades; time stands still until :meth:`wait`."""

    clinic: Clinic
    clock: ob.ManualClock
    store: Store
    directory: ob.MemoryDirectory
    keys: ob.Keyring
    notifier: ob.RecordingNotifier
    events: ob.RecordingEvents
    portal: ob.Portal
    desk: ob.FrontDesk
    dispatcher: Dispatcher

    def wait(self, **duration: float) -> None:
        """Let time pass, such as ``wait(minutes=5)``."""
        self.clock.advance(timedelta(**duration))

    def enter(
        self, form: ob.IdentityForm = MARIES_FORM, *, source: str = "203.0.113.7"
    ) -> ob.VisitToken:
        """Identify and return the visit, which must be welcome."""
        outcome = self.portal.identify(form, terms="2026-01", language="fr", source=source)
        assert isinstance(outcome, ob.Welcome), outcome
        return outcome.visit

    def slots(self, visit: ob.VisitToken, service_id: str = "open") -> tuple[ob.Slot, ...]:
        """The next five slots, of which there must be some."""
        page = self.portal.find(visit, service_id, ob.Preference.soonest())
        assert isinstance(page, ob.Page), page
        return page.slots

    def hold(self, visit: ob.VisitToken, slot: ob.Slot) -> ob.Held:
        """Review the slot, which must succeed."""
        held = self.portal.review(visit, slot, ob.BookingForm("a sore throat"))
        assert isinstance(held, ob.Held), held
        return held

    def book(self, visit: ob.VisitToken, slot: ob.Slot) -> ob.Booked:
        """Review and book the slot, which must succeed."""
        booked = self.portal.book(visit, self.hold(visit, slot).hold_id)
        assert isinstance(booked, ob.Booked), booked
        return booked


def dispatcher_of(
    here: World,
    *,
    store: Store | None = None,
    directory: PatientDirectory | None = None,
    notifiers: Mapping[ob.ContactSystem, Notifier] | None = None,
) -> Dispatcher:
    """Another dispatcher of the same clinic, with some of its ports exchanged."""
    everyone = dict.fromkeys((ob.ContactSystem.PHONE, ob.ContactSystem.EMAIL), here.notifier)
    return Dispatcher(
        here.clinic,
        store=store or here.store,
        directory=directory or here.directory,
        keys=here.keys,
        notifiers=everyone if notifiers is None else notifiers,
        events=here.events,
        link_address=link_address,
    )


def link_address(link: str) -> str:
    return f"https://booking.example.org/{link}"


def world(
    clinic: Clinic | None = None,
    *,
    patients: Sequence[ob.Patient] = (MARIE, JEAN),
    make_store: Callable[[Clock], Store] = ob.MemoryStore,
    limiter: ob.LimiterPolicy | None = None,
    tokens: Tokens | None = None,
) -> World:
    """Wire up a clinic; ``make_store`` is given the clock."""
    clinic = clinic or small_clinic()
    clock = ob.ManualClock(START)
    store = make_store(clock)
    directory = ob.MemoryDirectory(patients)
    keys = ob.Keyring((b"a secret for tests, of 32 bytes..",))
    notifier, events = ob.RecordingNotifier(), ob.RecordingEvents()
    generous = ob.LimiterPolicy(per_source=10**6, per_person=10**6, overall=10**6)
    return World(
        clinic=clinic,
        clock=clock,
        store=store,
        directory=directory,
        keys=keys,
        notifier=notifier,
        events=events,
        portal=ob.Portal(
            clinic,
            store=store,
            directory=directory,
            keys=keys,
            limiter=ob.MemoryLimiter(clock, limiter or generous),
            tokens=tokens,
        ),
        desk=ob.FrontDesk(clinic, store=store, directory=directory, keys=keys, tokens=tokens),
        dispatcher=Dispatcher(
            clinic,
            store=store,
            directory=directory,
            keys=keys,
            notifiers={ob.ContactSystem.PHONE: notifier, ob.ContactSystem.EMAIL: notifier},
            events=events,
            link_address=link_address,
            tokens=tokens,
        ),
    )
