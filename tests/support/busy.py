"""Busy times of the host's own system, imported as a connector would (R40)."""

from collections.abc import Iterable
from datetime import UTC, datetime

from omnibook.ids import ClinicId, ScheduleId
from omnibook.ports import Store
from omnibook.records import Busy
from omnibook.times import Span
from omnibook.transactions import Decision, ReplaceBusy, Scope

ALL_TIME = Span(datetime(1990, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))


def import_busy(
    store: Store,
    clinic_id: ClinicId,
    busy: Iterable[Busy],
    *,
    schedules: Iterable[ScheduleId] = (),
) -> None:
    """Keep these busy times, in place of all those of their schedules, and of ``schedules``.

    Of two with one identifier on one schedule, the last one counts.
    """
    named = {(each.schedule_id, each.busy_id): each for each in busy}
    for schedule_id in {*schedules, *(each[0] for each in named)}:
        word = ReplaceBusy(
            schedule_id=schedule_id,
            span=ALL_TIME,
            busy=tuple(each for key, each in named.items() if key[0] == schedule_id),
        )
        scope = Scope(clinic_id=clinic_id, schedules={schedule_id: ALL_TIME})
        store.transact(scope, lambda _, word=word: Decision(None, (word,)))  # type: ignore[misc]
