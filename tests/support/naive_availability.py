"""What is offered, worked out in the most naive way: every minute is tried against every rule.

The oracle of the laws of availability. It shares no code with the engine: it reads the wall clock
of each minute of a day to find where a wall time lies, instead of asking what the engine asks, and
it tries each minute of each opening, instead of stepping along a grid. Rules R24, R27, R28, R30.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from attrs import field, frozen

from omnibook.availability import Own, Search
from omnibook.clinic import Clinic, Opening, Schedule, Service
from omnibook.ids import ActivityId, HoldId, PatientId, ScheduleId, VisitId
from omnibook.preference import Filter
from omnibook.records import Busy, Claim, ClaimKind, DeskClosure, DeskOpening, Hold, HoldState, Slot
from omnibook.times import Span
from omnibook.transactions import ScheduleState, Scope, Snapshot

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


# The engine, driven by the scene --------------------------------------------------------------


def searched(
    scene: Scene, wanted: int, after: tuple[datetime, ScheduleId, datetime] | None = None
) -> list[Slot]:
    """What the engine finds in the scene."""
    search = Search(
        scene.clinic,
        scene.service,
        scene.chosen,
        scene.openings,
        now=scene.now,
        wanted=wanted,
        eligible=lambda day: day not in scene.days_off,
        after=after,
    )
    mine = [] if scene.patient_id is None else [scene.patient_id]
    while (window := search.window) is not None:
        reach = search.reach(window)
        snapshot = scene.snapshot({each.schedule_id: reach for each in search.schedules})
        search.feed(window, snapshot, Own.of(snapshot, scene.visit_id, mine))
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


@frozen
class Stretch:
    """One occurrence of an opening."""

    first: int
    last: int
    every: int
    activities: frozenset[ActivityId]
    online: bool = True
    released: int = 0


def stretches(scene: Scene, schedule: Schedule, days: tuple[date, date]) -> Iterator[Stretch]:
    """The occurrences of openings on these dates and around them, and the desk's openings."""
    zone = schedule.zone or scene.clinic.zone
    day = days[0] - 3 * DAY
    while (day := day + DAY) <= days[1] + DAY:
        for each in schedule.openings:
            dates = each.recurrence
            if (
                day.weekday() not in dates.weekdays
                or day in dates.exceptions
                or (dates.first and day < dates.first)
                or (dates.last and day > dates.last)
            ):
                continue
            released = 0
            if each.release is not None:
                on = day - each.release.days_before * DAY
                released = placed(datetime.combine(on, each.release.at), zone)
            end = day + DAY if each.ends_next_day else day
            yield Stretch(
                placed(datetime.combine(day, each.start), zone),
                placed(datetime.combine(end, each.end), zone),
                each.interval // MINUTE,
                each.activities,
                each.online,
                released,
            )
    for made in scene.desk_openings:
        if made.schedule_id == schedule.schedule_id:
            yield Stretch(
                minute_of(made.span.start),
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
        (placed(c.start, scene.clinic.zone), placed(c.end, scene.clinic.zone))
        for c in scene.clinic.closures
    ]
    stretches += [(placed(c.start, zone), placed(c.end, zone)) for c in schedule.closures]
    stretches += [
        (minute_of(c.span.start), minute_of(c.span.end))
        for c in scene.desk_closures
        if c.schedule_id == schedule.schedule_id
    ]
    return any(max(start, first) < min(end, last) for start, end in stretches)


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
    day, clock = wall.date(), wall.hour * 60 + wall.minute
    if chosen.part is not None:
        upper = chosen.part.upper
        lowest = chosen.part.lower.hour * 60 + chosen.part.lower.minute
        highest = 24 * 60 if upper is None else upper.hour * 60 + upper.minute
        if not lowest <= clock < highest:
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
    for schedule in scene.clinic.schedules:
        if scene.chosen.practitioner_id not in {None, schedule.practitioner_id}:
            continue
        zone = schedule.zone or scene.clinic.zone
        days = (scene.now.astimezone(zone).date(), latest.astimezone(zone).date())
        for each in stretches(scene, schedule, days):
            for minute in range(each.first, each.last):
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
    zone = scene.clinic.zone
    latest = (scene.now + scene.clinic.policies.horizon).astimezone(zone).date()
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
            and shown(minute, zone).date() <= latest
            and is_wanted(scene, minute)
        ):
            found.add(slot)
    return found


def hold_id(number: int) -> HoldId:
    return HoldId(f"hold-{number}")
