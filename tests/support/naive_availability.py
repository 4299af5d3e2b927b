"""What is offered, worked out in the most naive way: every minute is tried against every rule.

The oracle of the laws of availability. It shares no code with the engine: it reads the wall clock
of each minute of a day to find where a wall time lies, instead of asking what the engine asks, and
it tries each minute of each opening, instead of stepping along a grid. Rules R24, R27, R28, R30.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from attrs import field, frozen

from omnibook.clinic import Clinic, Opening, Schedule, Service
from omnibook.ids import ActivityId, HoldId, PatientId, ScheduleId, VisitId
from omnibook.kept_days import DayKeeper
from omnibook.outlook import HeldTime, Outlook, ScheduleDays
from omnibook.preference import Filter
from omnibook.records import Busy, Claim, ClaimKind, DeskClosure, DeskOpening, Hold, HoldState, Slot
from omnibook.recurrence import Recurrence
from omnibook.search import Search
from omnibook.times import Span
from omnibook.transactions import ScheduleState, Scope, Snapshot
from omnibook.wishes import Leaving, Wish
from support.naive_recurrence import naive_dates, parts_of

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@frozen(kw_only=True)
class Scene:
    """A clinic at one moment, with all that stands in its stores, and who is looking."""

    clinic: Clinic
    service: Service
    now: datetime
    appointments: tuple[Claim, ...] = ()
    holds: tuple[Hold, ...] = ()
    busy: tuple[Busy, ...] = ()
    desk_openings: tuple[DeskOpening, ...] = ()
    desk_closures: tuple[DeskClosure, ...] = ()
    visit_id: VisitId = VisitId("visit-1")
    patient_id: PatientId | None = None
    chosen: Filter = Filter()
    days_off: frozenset[date] = field(factory=frozenset[date])
    """The local dates on which the visitor is not eligible (R22)."""
    versions: Mapping[ScheduleId, int] = field(factory=dict[ScheduleId, int])
    opening_version: str = ""

    @property
    def openings(self) -> dict[ScheduleId, tuple[Opening, ...]]:
        return {each.schedule_id: each.openings for each in self.clinic.schedules}

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every claim, lapsed ones included."""
        held = (
            Claim(
                span=hold.claimed,
                schedule_id=hold.slot.schedule_id,
                kind=ClaimKind.HOLD,
                owner=hold.hold_id,
                expires_at=hold.expires_at,
            )
            for hold in self.holds
        )
        return (*self.appointments, *held)

    def snapshot(self, schedules: Mapping[ScheduleId, Span]) -> Snapshot:
        """What a store would load of these schedules."""
        states = {key: self._state(key, span) for key, span in schedules.items()}
        owners = {claim.owner for state in states.values() for claim in state.claims}
        return Snapshot(
            scope=Scope(clinic_id=self.clinic.clinic_id, schedules=schedules),
            now=self.now,
            schedules=states,
            holds={each.hold_id: each for each in self.holds if each.hold_id in owners},
        )

    def _state(self, key: ScheduleId, span: Span) -> ScheduleState:
        def here(each: Claim | Busy | DeskOpening | DeskClosure) -> bool:
            return (
                each.schedule_id == key
                and each.span.start < span.end
                and span.start < each.span.end
            )

        return ScheduleState(
            schedule_id=key,
            span=span,
            claims=tuple(sorted(filter(here, self.claims), key=lambda each: each.span)),
            busy=tuple(filter(here, self.busy)),
            openings=tuple(filter(here, self.desk_openings)),
            closures=tuple(filter(here, self.desk_closures)),
        )

    def outlook(self) -> Outlook:
        """What a store would tell a search of the scene to begin with."""
        return Outlook(
            snapshot=Snapshot(scope=Scope(clinic_id=self.clinic.clinic_id), now=self.now),
            versions=self.versions,
            holds=tuple(
                HeldTime(
                    hold_id=each.hold_id,
                    visit_id=each.visit_id,
                    patient_id=each.patient_id,
                    slot=each.slot,
                    claimed=each.claimed,
                )
                for each in self.holds
                if each.state is HoldState.HELD and self.now < each.expires_at
            ),
        )

    def days(self, key: ScheduleId, first: int, last: int) -> ScheduleDays:
        """What a store would tell of some days of a schedule."""
        span = Span(instant_of(first * 1440), instant_of((last + 1) * 1440))
        state, booked = self._state(key, span), dict[int, int]()
        for each in self.appointments:
            if each.schedule_id == key:
                for minute in range(minute_of(each.span.start), minute_of(each.span.end)):
                    day = minute // 1440
                    booked[day] = booked.get(day, 0) | 1 << minute % 1440
        return ScheduleDays(
            schedule_id=key,
            version=self.versions.get(key, 0),
            booked={day: bits for day, bits in booked.items() if first <= day <= last},
            busy=state.busy,
            openings=state.openings,
            closures=state.closures,
            opened_until=max(
                (each.span.end for each in self.desk_openings if each.schedule_id == key),
                default=None,
            ),
        )


# The engine, driven by the scene --------------------------------------------------------------


def searched(
    scene: Scene,
    wanted: int,
    after: tuple[datetime, ScheduleId, datetime] | None = None,
    keeper: DayKeeper | None = None,
    *,
    unsettled: Collection[ScheduleId] = (),
    leaving: Leaving | None = None,
) -> list[Slot]:
    """What the engine finds in the scene, with what earlier searches kept of it, if any.

    With what an appointment is leaving, it is looked for by a link: then there is no visit.
    """
    theirs = frozenset() if scene.patient_id is None else frozenset({scene.patient_id})
    search = Search(
        (keeper or DayKeeper(scene.clinic)).kept(minute_of(scene.now) // 1440),
        scene.outlook(),
        Wish(
            service=scene.service,
            chosen=scene.chosen,
            visit_id=scene.visit_id if leaving is None else None,
            patient_ids=theirs if leaving is None else frozenset(),
            eligible=lambda day: day not in scene.days_off,
            after=after,
            leaving=leaving,
        ),
        opening_versions=dict.fromkeys(scene.openings, scene.opening_version),
        wanted=wanted,
    )
    while (need := search.need) is not None:
        days = {each: scene.days(each, need.first, need.last) for each in need.schedules}
        openings = {each: scene.openings[each] for each in need.openings}
        search.feed(days, openings, unsettled=unsettled)
    return search.found


# The oracle -------------------------------------------------------------------------------------


def minute_of(instant: datetime) -> int:
    return (instant - EPOCH) // MINUTE


def instant_of(minute: int) -> datetime:
    return EPOCH + minute * MINUTE


def shown(minute: int, zone: ZoneInfo) -> datetime:
    """What the wall clock shows at a minute."""
    return datetime.fromtimestamp(minute * 60, zone).replace(tzinfo=None)


@cache
def _readings(day: date, zone: ZoneInfo) -> tuple[tuple[int, datetime], ...]:
    """Each minute around a local date, with what the wall clock shows."""
    midnight = minute_of(datetime.combine(day, time(), UTC))
    return tuple((m, shown(m, zone)) for m in range(midnight - 16 * 60, midnight + 41 * 60))


@cache
def placed(wall: datetime, zone: ZoneInfo) -> int:
    """The minute of a wall time: its first occurrence, or by the clock before the gap (R30)."""
    before = (0, wall)
    for minute, reading in _readings(wall.date(), zone):
        if reading == wall:
            return minute
        if reading > wall:
            # The clock skipped it: go on counting from the last minute before.
            return before[0] + (wall - before[1]) // MINUTE
        before = (minute, reading)
    raise AssertionError(f"the clock of {zone} never came to {wall}")


def moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall time, to the second: clocks change on whole minutes."""
    whole = wall.replace(second=0, microsecond=0)
    return instant_of(placed(whole, zone)) + (wall - whole)


def minute_from(instant: datetime) -> int:
    """The first minute that does not begin before an instant."""
    minute = minute_of(instant)
    return minute if instant_of(minute) == instant else minute + 1


@frozen
class Stretch:
    """One occurrence of an opening."""

    first: int
    last: int
    every: int
    activities: frozenset[ActivityId]
    online: bool = True
    released: int = 0


@cache
def _dates_near(recurrence: Recurrence, year: int) -> frozenset[date]:
    """The dates of a year on which a recurrence occurs."""
    parts = None if recurrence.rule is None else parts_of(recurrence.rule)
    return frozenset(naive_dates(recurrence, parts, date(year, 1, 1), date(year, 12, 31)))


def stretches(scene: Scene, schedule: Schedule, days: tuple[date, date]) -> Iterator[Stretch]:
    """The occurrences of openings on these dates and around them, and the desk's openings."""
    zone = schedule.zone or scene.clinic.zone
    day = days[0] - 3 * DAY
    while (day := day + DAY) <= days[1] + DAY:
        for each in schedule.openings:
            if day not in _dates_near(each.recurrence, day.year):
                continue
            released = 0
            if each.release is not None:
                on = day - each.release.days_before * DAY
                released = minute_from(moment(datetime.combine(on, each.release.at), zone))
            end = day + DAY if each.ends_next_day else day
            yield Stretch(
                minute_from(moment(datetime.combine(day, each.start), zone)),
                minute_of(moment(datetime.combine(end, each.end), zone)),
                each.interval // MINUTE,
                each.activities,
                each.online,
                released,
            )
    for made in scene.desk_openings:
        if made.schedule_id == schedule.schedule_id:
            yield Stretch(
                minute_from(made.span.start),
                minute_of(made.span.end),
                made.interval // MINUTE,
                frozenset(made.activities),
            )


def offering(scene: Scene, schedule: Schedule, minute: int) -> list[Stretch]:
    """The occurrences that offer a start online at this minute, were nothing in the way (R27)."""
    zone = schedule.zone or scene.clinic.zone
    today = shown(minute, zone).date()
    return [
        each for each in stretches(scene, schedule, (today, today)) if _offers(scene, each, minute)
    ]


def _offers(scene: Scene, each: Stretch, minute: int) -> bool:
    return (
        each.online
        and not each.activities.isdisjoint(scene.service.activities)
        and each.first <= minute
        and minute + scene.service.duration // MINUTE <= each.last
        and (minute - each.first) % each.every == 0
        and instant_of(each.released) <= scene.now
    )


def closed_at(scene: Scene, schedule: Schedule, first: int, last: int) -> bool:
    """Whether some closure has a minute of the stretch (R27)."""
    zone = schedule.zone or scene.clinic.zone
    stretches = [
        (moment(c.start, scene.clinic.zone), moment(c.end, scene.clinic.zone))
        for c in scene.clinic.closures
    ]
    stretches += [(moment(c.start, zone), moment(c.end, zone)) for c in schedule.closures]
    stretches += [
        (c.span.start, c.span.end)
        for c in scene.desk_closures
        if c.schedule_id == schedule.schedule_id
    ]
    begin, finish = instant_of(first), instant_of(last)
    return any(max(start, begin) < min(end, finish) for start, end in stretches)


def in_the_way(scene: Scene, slot: Slot) -> list[ClaimKind | None]:
    """What stands where the slot would stand; ``None`` is the host's busy time (R27, R28)."""
    start = slot.start - scene.service.buffer_before
    end = slot.end + scene.service.buffer_after
    found: list[ClaimKind | None] = []
    mine: set[str] = set()
    for hold in scene.holds:
        if hold.visit_id == scene.visit_id:
            mine.add(hold.hold_id)
    for claim in scene.claims:
        if claim.schedule_id != slot.schedule_id or claim.owner in mine:
            continue
        if claim.expires_at is not None and claim.expires_at <= scene.now:
            continue
        if claim.span.start < end and start < claim.span.end:
            found.append(claim.kind)
    found.extend(
        None
        for busy in scene.busy
        if busy.schedule_id == slot.schedule_id and busy.span.start < end and start < busy.span.end
    )
    return found


def is_wanted(scene: Scene, minute: int) -> bool:
    """Whether the preference admits a start, in the clinic's local time (R24)."""
    chosen, wall = scene.chosen, shown(minute, scene.clinic.zone)
    day = wall.date()
    if chosen.part is not None:
        tomorrow = datetime.combine(day, time()) + DAY
        lower = datetime.combine(day, chosen.part.lower)
        upper = chosen.part.upper
        if not lower <= wall < (tomorrow if upper is None else datetime.combine(day, upper)):
            return False
    return (
        day.weekday() in chosen.weekdays
        and not (chosen.first and day < chosen.first)
        and not (chosen.last and day > chosen.last)
        and day not in scene.days_off
    )


def is_free(scene: Scene, schedule: Schedule, minute: int) -> bool:
    """Whether nothing but the openings stands against a start (R27)."""
    policies, start = scene.clinic.policies, instant_of(minute)
    if start <= scene.now or start < scene.now + policies.minimum_notice:
        return False
    if start >= scene.now + policies.horizon:
        return False
    end = start + scene.service.duration
    slot = Slot(scene.service.service_id, schedule.schedule_id, start, end)
    return not closed_at(scene, schedule, minute, minute_of(end)) and not in_the_way(scene, slot)


def generated(scene: Scene) -> list[Slot]:
    """Everything that is offered, in the order of R26."""
    found: set[Slot] = set()
    latest = scene.now + scene.clinic.policies.horizon
    # No minute outside is offered, as `is_free` says; many are not tried.
    begin, finish = minute_of(scene.now), minute_of(latest) + 1
    for schedule in scene.clinic.schedules:
        if scene.chosen.practitioner_id not in {None, schedule.practitioner_id}:
            continue
        zone = schedule.zone or scene.clinic.zone
        days = (scene.now.astimezone(zone).date(), latest.astimezone(zone).date())
        for each in stretches(scene, schedule, days):
            for minute in range(max(each.first, begin), min(each.last, finish)):
                if (
                    _offers(scene, each, minute)
                    and is_wanted(scene, minute)
                    and is_free(scene, schedule, minute)
                ):
                    start = instant_of(minute)
                    end = start + scene.service.duration
                    found.add(Slot(scene.service.service_id, schedule.schedule_id, start, end))
    return sorted(found | held(scene), key=lambda slot: (slot.start, slot.schedule_id, slot.end))


def held(scene: Scene) -> set[Slot]:
    """What the visitor holds and could still come to: listed whatever became of it (R28)."""
    practitioners = {each.schedule_id: each.practitioner_id for each in scene.clinic.schedules}
    found: set[Slot] = set()
    for hold in scene.holds:
        same_file = scene.patient_id is not None and hold.patient_id == scene.patient_id
        slot, minute = hold.slot, minute_of(hold.slot.start)
        if (
            (hold.visit_id == scene.visit_id or same_file)
            and hold.state is HoldState.HELD
            and scene.now < hold.expires_at
            and slot.service_id == scene.service.service_id
            and slot.schedule_id in practitioners
            and scene.chosen.practitioner_id in {None, practitioners[slot.schedule_id]}
            and scene.now < slot.start
            and is_wanted(scene, minute)
        ):
            found.add(slot)
    return found


def hold_id(number: int) -> HoldId:
    return HoldId(f"hold-{number}")
