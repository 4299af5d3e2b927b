"""How fast the next availabilities are found, beside other ways and beside the raw driver.

    make bench                                  # with the other benchmarks; some twenty minutes
    .venv/bin/python benchmarks/bench_availability.py --quick
    .venv/bin/python benchmarks/bench_availability.py --sizes L --engines sqlite
    .venv/bin/python benchmarks/bench_availability.py --engines none --plots

Everything that is compared answers the same question on the same made-up calendar, in the same
seconds, by turns; every answer is compared with the naive oracle's before it is timed. A figure is
a median; a goal that is missed is said to be, and changes no exit code.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from availability_clinic import slots_of  # noqa: E402 - after the path
from availability_engine import Engine  # noqa: E402
from availability_peers import ByPortion, BySlotify, answers, naive  # noqa: E402
from availability_plots import plot  # noqa: E402
from availability_portal import Counter, finding, raw_reads  # noqa: E402
from availability_report import (  # noqa: E402
    BY_DAY,
    BY_WEEK,
    CLAIMS,
    COLD,
    KEPT,
    NAIVE,
    NEW,
    PURE,
    RAW,
    SLOTIFY,
    WARM,
    Figure,
    as_json,
    page,
    tables,
    verdicts,
)
from availability_rows import fill  # noqa: E402
from availability_timing import by_turns, frozen_garbage, peak_of  # noqa: E402
from availability_workloads import (  # noqa: E402
    NEXT_5,
    QUERIES,
    SIZES,
    Answer,
    Workload,
    workload,
)
from storage_report import machine  # noqa: E402

from omnibook.records import Slot  # noqa: E402
from support.postgres import DURABLE, Server, programs, why_not  # noqa: E402

ENGINES = ("sqlite", "postgres-15", "postgres-18")
LONG = 2.0
"""What takes more seconds is not watched for its memory."""
FEW = 20
"""Slotify looks at every appointment for each start: up to so many schedules it is measured."""

Ways = dict[tuple[str, str], Callable[[], list[Slot]]]
"""By query and way."""
Known = dict[str, Answer]


def pure(calendar: Workload, known: Known, seconds: float) -> Iterator[Figure]:
    """The pure engine and its peers."""
    size, engine = calendar.size.name, Engine(calendar)
    ours: Ways = {}
    for query in QUERIES:
        wish, wanted = engine.wish(query), query.wanted
        ours[query.name, CLAIMS] = partial(engine.from_claims, wish, wanted)
        if query == NEXT_5 or not calendar.size.full_days:
            ours[query.name, COLD] = partial(engine.cold, wish, wanted)
        ours[query.name, KEPT] = engine.keeping(wish, wanted)
    check(ours, known, size)
    theirs = peers(calendar, known[NEXT_5.name])
    for (query_name, way), timing in by_turns(theirs | ours, seconds).items():
        mine = ours.get((query_name, way))
        # Watching memory makes everything several times as slow.
        peak = None if mine is None or timing.median > LONG else peak_of(mine)
        yield Figure(size, PURE, query_name, way, timing, peak)


def peers(calendar: Workload, expected: Answer) -> dict[tuple[str, str], Callable[[], object]]:
    """What the engine is compared with; all of them answer as the oracle does."""
    made: dict[str, Callable[[], Answer]] = {NAIVE: partial(naive, calendar, NEXT_5)}
    if not calendar.size.full_days:
        # Half a year of a thousand schedules, day by day, takes minutes.
        made[BY_DAY] = partial(ByPortion(calendar).answer, NEXT_5)
        made[BY_WEEK] = partial(ByPortion(calendar, 7).answer, NEXT_5)
    if calendar.size.schedules <= FEW:
        made[SLOTIFY] = partial(BySlotify(calendar).answer, NEXT_5)
    for name, call in made.items():
        answer = call()
        assert list(answer) == list(expected), f"{calendar.size.name}: {name} says {answer}"
    return {(NEXT_5.name, name): call for name, call in made.items()}


def check(ways: Ways, known: Known, what: str) -> None:
    """Nothing is timed that answers otherwise than the oracle."""
    for (query, way), call in ways.items():
        found, expected = call(), slots_of(known[query])
        assert found == expected, f"{what}, {query}: {way} found {found}, the oracle {expected}"


def portal(
    where: str, url: str, calendar: Workload, known: Known, seconds: float
) -> Iterator[Figure]:
    """Finding on a database that is filled, beside the raw driver."""
    name, counter, rows = calendar.size.name, Counter(), dict[tuple[str, str], int]()
    with (
        finding(url, calendar) as searches,
        finding(url, calendar, counter) as counted,
        raw_reads(url, calendar) as raw,
    ):
        warm_portal, counted_portal = searches.portal(), counted.portal()
        ways: Ways = {}
        for query in QUERIES:
            ways[query.name, WARM] = searches.finder(query, warm_portal)
            again = counted.finder(query, counted_portal)
            again()
            rows[query.name, WARM] = counter.of(again)[0]
            if query == NEXT_5 or not calendar.size.full_days:
                ways[query.name, NEW] = searches.finder(query)
                rows[query.name, NEW] = counter.of(counted.finder(query))[0]
        check(ways, known, f"{name}, {where}")
        rows[NEXT_5.name, RAW] = raw.read()
        timings = by_turns({(NEXT_5.name, RAW): raw.read, **ways}, seconds)
        for key, timing in timings.items():
            peak = peak_of(ways[key]) if key in ways and timing.median <= LONG else None
            yield Figure(name, where, *key, timing, peak, rows[key])


@contextmanager
def database_of(engine: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The name and the URL of a fresh database of an engine; LookupError where there is none."""
    kind, _, major = engine.partition("-")
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(dir=folder) as own:
            yield f"SQLite {sqlite3.sqlite_version}", f"sqlite:///{own}/clinic.db"
        return
    if int(major) not in programs():
        raise LookupError(why_not(int(major)))
    with Server(programs()[int(major)], DURABLE) as server:
        yield f"PostgreSQL {major}", server.databases.create().url


def measured(calendar: Workload, given: argparse.Namespace) -> Iterator[Figure]:
    """Every figure of one calendar."""
    known = answers(calendar)
    yield from pure(calendar, known, given.seconds)
    for engine in given.engines:
        if engine == "none":
            continue
        try:
            with database_of(engine, given.folder) as (where, url):
                fill(url, calendar, whole=given.whole)
                yield from portal(where, url, calendar, known, given.seconds)
        except LookupError as missing:
            print(f"{engine}: not measured. {missing}\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [each.name for each in SIZES]
    parser.add_argument("--quick", action="store_true", help="S and M only, short")
    parser.add_argument("--sizes", nargs="+", choices=names, help="all of them by default")
    parser.add_argument("--engines", nargs="+", choices=[*ENGINES, "none"], default=ENGINES)
    parser.add_argument("--seconds", type=float, help="of each way of answering each query")
    parser.add_argument("--whole", action="store_true", help="write all appointments, not a part")
    parser.add_argument("--plots", action="store_true", help="draw how it grows, into docs/")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench")
    given = parser.parse_args()
    given.seconds = given.seconds or (0.3 if given.quick else 1.0)
    given.sizes = given.sizes or (["S", "M"] if given.quick else names)
    return given


def main() -> None:
    given = arguments()
    given.folder.mkdir(parents=True, exist_ok=True)
    about = machine(given.folder)
    print(", ".join(f"{key} {value}" for key, value in about.items()), end="\n\n")
    if given.plots:
        plot(ROOT / "docs/explanation", given.folder / "availability-growth.json", given.seconds)
        return
    figures: list[Figure] = []
    for size in SIZES:
        if size.name not in given.sizes:
            continue
        calendar = workload(size)
        print(
            f"{size.name}: {size.schedules:,} schedules, {size.days} days,"
            f" {calendar.bookings:,} appointments\n"
        )
        with frozen_garbage():
            found = list(measured(calendar, given))
        for each in tables(found):
            print(each, end="\n\n", flush=True)
        figures += found
    goals = verdicts(figures)
    for goal in goals:
        print(f"{'met   ' if goal.met else 'MISSED'}  {goal.goal} ({goal.figure})")
    kept = given.folder / "availability.json"
    found_all = {
        "machine": about,
        "seconds": given.seconds,
        "figures": [as_json(each) for each in figures],
        "goals": [{"goal": each.goal, "figure": each.figure, "met": each.met} for each in goals],
    }
    kept.write_text(json.dumps(found_all, indent=2) + "\n")
    kept.with_suffix(".md").write_text(page(figures))
    print(f"\nEvery figure is in {kept}, and as tables in {kept.with_suffix('.md').name}.")


if __name__ == "__main__":
    main()
