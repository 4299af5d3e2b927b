"""Whether the versions that a store tells of schedules keep their promise, from look to look.

A version is another one, and one that was never seen, after any change of what stands on the
schedule but for holds; and it is the same if nobody wrote about the schedule
(:mod:`omnibook.outlook`). After a write that left all as it was, a store may do as it likes.
"""

from collections.abc import Mapping
from typing import cast

from attrs import evolve, frozen

from omnibook.ids import ClinicId, ScheduleId
from omnibook.outlook import Outlook, ScheduleDays
from omnibook.testing.laws import require
from omnibook.testing.oracle import Oracle


@frozen
class _Look:
    version: int
    changed: int
    named: int


class Versions:
    """What was told of the schedules of a store so far, held against an oracle."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._last: dict[tuple[ClinicId, ScheduleId], _Look] = {}
        self._seen: dict[tuple[ClinicId, ScheduleId], set[int]] = {}

    def without(self, clinic: ClinicId, answer: object) -> object:
        """The answer to a query as the oracle gives it, once its versions were judged."""
        if isinstance(answer, Outlook):
            known = {each for where, each in self._oracle.named if where == clinic}
            for schedule_id in known | answer.versions.keys():
                self.judge(clinic, schedule_id, answer.versions.get(schedule_id, 0))
            return evolve(answer, versions={})
        if isinstance(answer, Mapping):
            days = cast("Mapping[ScheduleId, ScheduleDays]", answer)
            return {key: self._days(clinic, key, each) for key, each in days.items()}
        return answer

    def _days(self, clinic: ClinicId, schedule_id: ScheduleId, told: ScheduleDays) -> ScheduleDays:
        self.judge(clinic, schedule_id, told.version)
        return evolve(told, version=0)

    def judge(self, clinic: ClinicId, schedule_id: ScheduleId, version: int) -> None:
        """Raise :class:`~omnibook.testing.laws.Seen` if this cannot be the schedule's version."""
        key = clinic, schedule_id
        changed, named = self._oracle.changed.get(key, 0), self._oracle.named.get(key, 0)
        last = self._last.get(key, _Look(0, 0, 0))
        seen = self._seen.setdefault(key, {0})
        what = f"the version of {schedule_id} in {clinic} is {version}, was {last.version}"
        if changed > last.changed:
            require(version not in seen, f"{what}, and something changed")
        elif named == last.named:
            require(version == last.version, f"{what}, and nothing changed")
        else:
            require(version == last.version or version not in seen, f"{what}, and came before")
        seen.add(version)
        self._last[key] = _Look(version, changed, named)
