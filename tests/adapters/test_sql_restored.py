"""A process that lives on while a backup is put back beneath it (R27, :mod:`omnibook.outlook`)."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

import omnibook as ob
from omnibook.adapters.sql import SqlStore
from omnibook.ids import ScheduleId, ServiceId
from omnibook.records import Busy
from omnibook.times import Span
from support.quick_sql import quick_file
from support.sql_stores import file_of
from support.worlds import START, World, world

GAGNON = ScheduleId("gagnon")
HOUR = timedelta(hours=1)
SYSTEM, STAFF = ob.Actor.system(), ob.Actor.staff("staff-7")

Change = Callable[[World, int], object]


def _close(here: World, hour: int) -> object:
    start = START + hour * HOUR
    return here.desk.close_time(f"closure-{hour}", GAGNON, start, start + HOUR, actor=STAFF)


def _import(here: World, hour: int) -> object:
    span = Span(START + hour * HOUR, START + (hour + 1) * HOUR)
    busy = Busy(span=span, schedule_id=GAGNON, busy_id=f"busy-{hour}")
    return here.desk.import_busy(GAGNON, span.start, span.end, (busy,), actor=SYSTEM)


def _book(here: World, hour: int) -> object:
    start = START + hour * HOUR
    slot = ob.Slot(ServiceId("open"), GAGNON, start, start + HOUR)
    form = ob.BookingForm("a sore throat")
    return here.desk.book(f"booking-{hour}", slot, form, patient="p-jean", actor=STAFF)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[tuple[World, Path]]:
    with quick_file(tmp_path) as engine:
        made = world(make_store=lambda clock: SqlStore(engine, clock=clock))
        yield made, file_of(str(engine.url))


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def _starts(portal: ob.Portal, visit: ob.VisitToken) -> list[int]:
    """The minutes after 08:00 on Monday at which the first slots of a schedule start."""
    page = portal.find(visit, "open", ob.Preference(practitioner=GAGNON))
    assert isinstance(page, ob.Page), page
    return [(each.start - START - HOUR) // timedelta(minutes=1) for each in page.slots]


@pytest.mark.parametrize("then", [_close, _import, _book])
@pytest.mark.parametrize("first", [_close, _import, _book])
def test_a_process_that_outlives_a_restored_backup_sees_the_restored_state(
    here: tuple[World, Path], tmp_path: Path, first: Change, then: Change
) -> None:
    """What it kept of the lost state stands for a version that never comes back."""
    w, file = here
    backup = tmp_path / "backup.db"
    visit = w.enter()
    assert _starts(w.portal, visit) == [0, 15, 30, 45, 60]
    _copy(file, backup)

    w.wait(seconds=1)
    first(w, 1)
    assert _starts(w.portal, visit) == [60, 75, 90, 105, 120]

    _copy(backup, file)
    w.wait(seconds=1)
    then(w, 2)
    assert _starts(w.portal, visit) == [0, 15, 30, 45, 120]


@pytest.mark.parametrize("first", [_close, _import, _book])
def test_a_restored_backup_is_seen_before_anything_changes(
    here: tuple[World, Path], tmp_path: Path, first: Change
) -> None:
    w, file = here
    backup = tmp_path / "backup.db"
    visit = w.enter()
    _close(w, 4)
    _copy(file, backup)
    w.wait(seconds=1)
    first(w, 1)
    assert _starts(w.portal, visit) == [60, 75, 90, 105, 120]
    _copy(backup, file)
    assert _starts(w.portal, visit) == [0, 15, 30, 45, 60]
