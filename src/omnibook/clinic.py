"""A clinic as its owner configures it: services, schedules, openings, policies.

Values only; reading them from a file is :mod:`omnibook.clinic_file`. What a visitor may see is
marked *public*; internal names and activities never leave the clinic (R17).
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum, unique
from pathlib import PurePath
from zoneinfo import ZoneInfo

from attrs import field, frozen

from omnibook.contacts import ContactSystem
from omnibook.eligibility import Eligibility
from omnibook.errors import InvalidValue
from omnibook.health_numbers import SHIPPED_ISSUERS, Issuers
from omnibook.identity import EntryRules, MatchPolicy
from omnibook.ids import ActivityId, ClinicId, PractitionerId, ScheduleId, ServiceId
from omnibook.own_texts import OwnTexts
from omnibook.recurrence import Recurrence as Recurrence  # noqa: PLC0414 - public here too
from omnibook.times import is_interval

LANGUAGES = ("fr", "en")

_LONGEST = timedelta(days=36525)
"""A hundred years: nothing that a clinic configures is further off, and every sum stays a date."""


@frozen
class Text:
    """A text in French and English."""

    fr: str
    en: str

    def __getitem__(self, language: str) -> str:
        """The text in ``language``; French for a language that the product does not speak."""
        return self.en if language == "en" else self.fr


@unique
class Mode(StrEnum):
    """How the patient is seen (R17)."""

    IN_PERSON = "in-person"
    PHONE = "phone"
    VIDEO = "video"


@frozen(kw_only=True)
class Service:
    """What a patient can choose online (FHIR HealthcareService; R17).

    ``duration`` and the buffers are elapsed time in whole minutes. ``label`` is the discreet name
    that messages use (R49). ``activities`` are in the order of preference of R45.
    """

    service_id: ServiceId
    internal_name: str
    activities: tuple[ActivityId, ...]
    name: Text
    description: Text
    label: Text
    duration: timedelta
    mode: Mode = Mode.IN_PERSON
    eligibility: Eligibility = Eligibility()
    confidential: bool = False
    buffer_before: timedelta = timedelta()
    buffer_after: timedelta = timedelta()
    messages: bool = True

    def __attrs_post_init__(self) -> None:
        if self.duration <= timedelta():
            raise InvalidValue("a service's duration must be longer than nothing")
        for stretch in (self.duration, self.buffer_before, self.buffer_after):
            if stretch < timedelta() or stretch % timedelta(minutes=1):
                raise InvalidValue("durations and buffers are whole minutes, none negative")
        if not self.activities:
            raise InvalidValue("a service needs at least one activity")


@frozen(kw_only=True)
class Release:
    """When an opening's times appear online: some calendar days before, at a wall time (R27)."""

    days_before: int
    at: time

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.days_before <= _LONGEST.days:
            raise InvalidValue("a release comes 0 or more days before, at most a hundred years")
        if self.at.tzinfo is not None:
            raise InvalidValue("a release is at a wall time; leave the zone out")


@frozen(kw_only=True)
class Opening:
    """A stretch of wall-clock time on a schedule, on each date of its recurrence (R30).

    It runs from ``start`` to ``end`` on the clock, to the next day's ``end`` with
    ``ends_next_day``. Starts lie every ``interval`` of elapsed time from its first instant: whole
    minutes, a day at most.
    ``online`` false keeps it for the desk.
    """

    start: time
    end: time
    ends_next_day: bool = False
    recurrence: Recurrence = Recurrence()
    activities: frozenset[ActivityId]
    interval: timedelta
    online: bool = True
    release: Release | None = None

    def __attrs_post_init__(self) -> None:
        if not is_interval(self.interval):
            raise InvalidValue("an opening's interval is a whole number of minutes from 1 to 1440")
        if not self.activities:
            raise InvalidValue("an opening needs at least one activity")
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise InvalidValue("an opening's bounds are wall times; leave the zone out")


@frozen(kw_only=True)
class Closure:
    """A stretch of wall-clock time in which nothing is offered, from one wall time to another."""

    start: datetime
    end: datetime
    label: str = ""

    def __attrs_post_init__(self) -> None:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise InvalidValue("a closure's bounds are wall times; leave the zone out")
        if self.end <= self.start:
            raise InvalidValue("a closure must end after it starts")
        if self.start.year < 2 or self.end.year > 9998:
            raise InvalidValue("a closure's bounds lie in the years 2 to 9998 in any zone")


@frozen(kw_only=True)
class Schedule:
    """One bookable agenda, a practitioner's or a room's (FHIR Schedule)."""

    schedule_id: ScheduleId
    name: Text
    """Public: who or what is seen, such as the practitioner's name (R25)."""
    practitioner_id: PractitionerId | None = None
    place: Text
    """Public: where (R25)."""
    zone: ZoneInfo | None = None
    """Of its openings and closures (R30); ``None`` is the clinic's."""
    openings: tuple[Opening, ...] = ()
    closures: tuple[Closure, ...] = ()


@frozen(kw_only=True)
class Terms:
    """The clinic's current terms of use (R2)."""

    document: str
    version: str


@frozen
class DayPart:
    """A time-of-day filter in wall time: lower bound in, upper bound out; ``None`` is midnight."""

    lower: time
    upper: time | None

    def __contains__(self, moment: time) -> bool:
        return self.lower <= moment and (self.upper is None or moment < self.upper)


@frozen(kw_only=True)
class Reminders:
    """When reminders go out (R43): offsets before the start, and the hours of silence."""

    offsets: tuple[timedelta, ...] = (timedelta(hours=24),)
    quiet_from: time = time(21)
    quiet_until: time = time(8)
    shortest: timedelta = timedelta(hours=2)
    """A reminder put off to less than this before the start goes out before the silence instead."""

    def __attrs_post_init__(self) -> None:
        if any(offset <= timedelta() for offset in self.offsets):
            raise InvalidValue("a reminder goes out before the start: its offset must be positive")


@frozen(kw_only=True)
class Retention:
    """For how long records are kept; :mod:`omnibook.retention` says what counts from when (R51).

    Whole days are periods of 24 hours. Appointments of files are the clinic's record: no time ends
    them.
    """

    visits: timedelta = timedelta(hours=24)
    """Visits and their holds, after the visit's end."""
    provisional: timedelta = timedelta(days=90)
    """Appointments of persons who were not attached to a file, after the appointment's end."""
    notices: timedelta = timedelta(days=90)
    """Notices, contact orders that are done and events that were told."""
    audit: timedelta = timedelta(days=730)
    """Lines of the audit trail."""

    def __attrs_post_init__(self) -> None:
        stretches = (self.visits, self.provisional, self.notices, self.audit)
        if not all(timedelta() <= stretch <= _LONGEST for stretch in stretches):
            raise InvalidValue("a retention is not negative, and at most a hundred years")


@frozen(kw_only=True)
class Policies:
    """What a clinic may decide otherwise; the defaults are those of RULES.md."""

    match: MatchPolicy = MatchPolicy()
    blind_indexes: bool = False
    """Whether the directory is asked by keyed hashes too (:mod:`omnibook.blind_indexes`)."""
    self_minimum_age: int = 14
    hold: timedelta = timedelta(minutes=5)
    visit_idle: timedelta = timedelta(minutes=30)
    visit_total: timedelta = timedelta(hours=2)
    visit_activity: timedelta = timedelta(minutes=5)
    horizon: timedelta = timedelta(days=365)
    minimum_notice: timedelta = timedelta()
    cancel_cutoff: timedelta = timedelta(hours=2)
    holds_per_contact: int = 2
    holds_per_source: int = 3
    upcoming_per_contact: int = 2
    upcoming_per_source_and_day: int = 3
    one_upcoming_per_service: bool = True
    morning: DayPart = DayPart(time(0), time(12))
    afternoon: DayPart = DayPart(time(12), time(17))
    evening: DayPart = DayPart(time(17), None)
    reminders: Reminders = Reminders()
    channels: frozenset[ContactSystem] = frozenset({ContactSystem.EMAIL, ContactSystem.PHONE})
    """The kinds of address that messages go to; none sends nothing (R42)."""
    retention: Retention = Retention()

    def __attrs_post_init__(self) -> None:
        positive = (self.hold, self.visit_idle, self.visit_total, self.horizon)
        if any(stretch <= timedelta() for stretch in positive):
            raise InvalidValue("hold, visit_idle, visit_total and horizon must be longer than 0")
        if self.horizon > _LONGEST:
            raise InvalidValue("horizon is at most a hundred years")
        if self.self_minimum_age < 0:
            raise InvalidValue("self_minimum_age cannot be negative")
        caps = (
            self.holds_per_contact,
            self.holds_per_source,
            self.upcoming_per_contact,
            self.upcoming_per_source_and_day,
        )
        if min(caps) < 0:
            raise InvalidValue("a cap counts holds or appointments: it cannot be negative")
        if self.visit_activity >= self.visit_idle:
            raise InvalidValue("visit_activity must be shorter than visit_idle")
        if min(self.minimum_notice, self.cancel_cutoff, self.visit_activity) < timedelta():
            raise InvalidValue(
                "minimum_notice, cancel_cutoff and visit_activity cannot be negative"
            )


@frozen(kw_only=True)
class Clinic:
    """Everything that a clinic configures.

    Raises :class:`InvalidValue` when two services or two schedules share an identifier, or when the
    region or the health numbers' issuer is unknown.
    """

    clinic_id: ClinicId
    name: Text
    phone: str
    zone: ZoneInfo
    region: str = "CA"
    health_number_issuer: str = "CA-QC"
    issuers: Issuers = SHIPPED_ISSUERS
    """Whose health numbers can be read (R4)."""
    terms: Terms
    services: tuple[Service, ...] = field(converter=tuple[Service, ...])
    schedules: tuple[Schedule, ...] = field(converter=tuple[Schedule, ...])
    closures: tuple[Closure, ...] = ()
    silent_activities: frozenset[ActivityId] = frozenset()
    """Those whose appointments send no message (R45)."""
    policies: Policies = Policies()
    texts: OwnTexts = OwnTexts()
    """The clinic's own words, in place of those that :mod:`omnibook.messages` has."""

    def __attrs_post_init__(self) -> None:
        _refuse_twins("service", (service.service_id for service in self.services))
        _refuse_twins("schedule", (schedule.schedule_id for schedule in self.schedules))
        # Built once here, so that an unknown region or issuer is found before the first visitor.
        _ = self.entry_rules

    @classmethod
    def from_toml(cls, path: str | PurePath) -> "Clinic":
        """The clinic that a TOML file describes; see :mod:`omnibook.clinic_file`.

        Raises :class:`~omnibook.errors.ConfigurationError` with every mistake found, each with its
        key's path and a remedy, also when the file cannot be read.
        """
        # The reader stands above the values it makes; this name is for those who use both.
        from omnibook.adapters.files import clinic_from_toml  # noqa: PLC0415

        return clinic_from_toml(path)

    @property
    def entry_rules(self) -> EntryRules:
        """What the identity form is read with (R3, R4, R11)."""
        return EntryRules(
            region=self.region,
            issuer=self.health_number_issuer,
            self_minimum_age=self.policies.self_minimum_age,
            issuers=self.issuers,
        )

    @property
    def activities(self) -> frozenset[ActivityId]:
        """The activities of all services."""
        return frozenset(activity for each in self.services for activity in each.activities)

    def service(self, service_id: object) -> Service | None:
        """The service of this identifier, if the clinic has it."""
        return next((each for each in self.services if each.service_id == service_id), None)

    def schedule(self, schedule_id: object) -> Schedule | None:
        """The schedule of this identifier, if the clinic has it."""
        return next((each for each in self.schedules if each.schedule_id == schedule_id), None)


def _refuse_twins(kind: str, identifiers: Iterable[str]) -> None:
    seen: set[str] = set()
    for identifier in identifiers:
        if identifier in seen:
            raise InvalidValue(f"two {kind}s share the identifier {identifier!r}")
        seen.add(identifier)
