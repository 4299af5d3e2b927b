"""The pure engine on the same input as the naive oracle: sorted appointments of each schedule.

What it is told of a day is made of them in the time that is measured: the appointments of the days
that it looks at become bits, and what it finds are the slots that the public API returns.

=============  ===================================================================================
from claims    openings were expanded before; nothing is kept of what is booked
cold           nothing is kept at all, openings are expanded too
kept           the days were worked out by a search before this one, and nothing changed since
=============  ===================================================================================
"""

from collections.abc import Callable, Iterator, Mapping

from attrs import define, field
from availability_clinic import CLINIC_ID, SERVICE, TOKEN, clinic_of, preference_of, schedule_id
from availability_peers import naive
from availability_workloads import DAY, DURATION, NOW, Agenda, Query, Workload, claims_within

from omnibook.clinic import Clinic, Opening
from omnibook.ids import ScheduleId
from omnibook.kept_days import KeptDays
from omnibook.outlook import Outlook, ScheduleDays
from omnibook.preference import Filter
from omnibook.records import Slot, SlotRank
from omnibook.search import Need, Search
from omnibook.times import from_minute
from omnibook.transactions import Scope, Snapshot
from omnibook.wishes import Wish

_WHOLE_DAY = (1 << DAY) - 1
_STRETCHES = [(1 << minutes) - 1 for minutes in range(2 * DAY)]
"""So many minutes, as bits."""


@define(eq=False)
class Engine:
    """Searches of one calendar."""

    calendar: Workload
    clinic: Clinic = field(init=False)
    _agendas: dict[ScheduleId, Agenda] = field(init=False)
    _opening_versions: dict[ScheduleId, str] = field(init=False)
    _kept: KeptDays = field(init=False)
    _outlooks: list[Outlook] = field(init=False)
    _turn: int = 0

    def __attrs_post_init__(self) -> None:
        self.clinic = clinic_of(self.calendar)
        self._agendas = {schedule_id(each.number): each for each in self.calendar.agendas}
        self._opening_versions = dict.fromkeys(self._agendas, "1")
        self._kept = self._nothing_kept()
        snapshot = Snapshot(scope=Scope(clinic_id=CLINIC_ID), now=NOW)
        # Of either version; the days of the other one do not stand.
        self._outlooks = [
            Outlook(snapshot=snapshot, versions=dict.fromkeys(self._agendas, version), holds=())
            for version in (1, 2)
        ]

    def _nothing_kept(self) -> KeptDays:
        return KeptDays(self.clinic, self.calendar.now // DAY)

    def wish(self, query: Query) -> Wish:
        """The query, after the slots that it skips."""
        chosen = preference_of(query).parse(self.clinic)
        assert isinstance(chosen, Filter)
        return Wish(
            service=SERVICE,
            chosen=chosen,
            visit_id=TOKEN.visit_id,
            eligible=lambda _: True,
            after=self._rank_before(query),
        )

    def _rank_before(self, query: Query) -> SlotRank | None:
        if not query.skipped:
            return None
        ((start, number),) = naive(
            self.calendar, Query(name="before", skipped=query.skipped - 1, wanted=1)
        )
        return from_minute(start), schedule_id(number), from_minute(start + DURATION)

    def from_claims(self, wish: Wish, wanted: int) -> list[Slot]:
        self._turn = 1 - self._turn
        return self._search(self._kept, self._outlooks[self._turn], wish, wanted)

    def cold(self, wish: Wish, wanted: int) -> list[Slot]:
        return self._search(self._nothing_kept(), self._outlooks[0], wish, wanted)

    def keeping(self, wish: Wish, wanted: int) -> Callable[[], list[Slot]]:
        """The search as it is repeated in a process that lives long."""
        kept = self._nothing_kept()
        self._search(kept, self._outlooks[0], wish, wanted)
        return lambda: self._search(kept, self._outlooks[0], wish, wanted)

    def _search(self, kept: KeptDays, outlook: Outlook, wish: Wish, wanted: int) -> list[Slot]:
        search = Search(kept, outlook, wish, opening_versions=self._opening_versions, wanted=wanted)
        while (need := search.need) is not None:
            openings = {name: self._openings(name) for name in need.openings}
            search.feed(self._told(need, outlook.versions), openings)
        return search.found

    def _openings(self, name: ScheduleId) -> tuple[Opening, ...]:
        return self.clinic.schedules[self._agendas[name].number].openings

    def _told(
        self, need: Need, versions: Mapping[ScheduleId, int]
    ) -> dict[ScheduleId, ScheduleDays]:
        return {
            name: ScheduleDays(
                schedule_id=name,
                version=versions[name],
                booked=Booked(self._agendas[name]),
            )
            for name in need.schedules
        }


class Booked(Mapping[int, int]):
    """By UTC day the minutes that appointments claim, made when they are asked for."""

    __slots__ = ("_agenda",)

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda

    def __getitem__(self, day: int) -> int:
        begin, bits = day * DAY, 0
        starts, ends = claims_within(self._agenda, begin, begin + DAY)
        if starts and starts[0] < begin:
            starts[0] = begin
        for start, end in zip(starts, ends, strict=True):
            bits |= _STRETCHES[end - start] << (start - begin)
        return bits & _WHOLE_DAY

    def get(self, day: int, _: object = 0) -> int:
        return self[day]

    def __iter__(self) -> Iterator[int]:
        starts, ends = self._agenda.starts, self._agenda.ends
        days = range(starts[0] // DAY, (ends[-1] - 1) // DAY + 1) if starts else range(0)
        return (day for day in days if self[day])

    def __len__(self) -> int:
        return sum(1 for _ in self)
