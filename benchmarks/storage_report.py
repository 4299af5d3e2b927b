"""What was measured, as a table and as JSON, and whether the goals are met."""

import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from attrs import asdict, define, field, frozen

GOALS = {"review": 1 / 4, "review+book": 1 / 8, "refusal": 1 / 2}
"""At one process: at least this part of the driver's own rate."""
LONGEST_WAIT = 1.0
"""In seconds, for anybody, while all processes want the same times."""


@frozen
class Figures:
    """One kind of work: how often a second, and what part of the raw rate beside it."""

    work: str
    rates: Sequence[float]
    ratios: Sequence[float]
    worst: float
    own: Sequence[float]
    """What each took of the processor in its own process, in seconds."""


@frozen
class Race:
    """The same times for everybody, in so many rounds."""

    offered: int
    won: int
    asked: int
    rates: Sequence[float]
    worst: Sequence[float]
    """The longest wait of each round, in seconds."""


@define
class Run:
    """One engine with so many processes."""

    engine: str
    processes: int
    figures: list[Figures] = field(factory=list)
    race: Race | None = None
    deadlocks: int | None = None


@frozen
class Verdict:
    """A goal, and whether it is met."""

    goal: str
    figure: str
    met: bool


def verdicts(runs: Iterable[Run]) -> list[Verdict]:
    found: list[Verdict] = []
    for run in runs:
        where = f"{run.engine}, {run.processes} process{'es' if run.processes > 1 else ''}"
        if run.processes == 1:
            for each in run.figures:
                if each.work in GOALS:
                    median, goal = statistics.median(each.ratios), GOALS[each.work]
                    name = f"{where}: {each.work} at least 1/{1 / goal:.0f} of raw"
                    found.append(Verdict(name, part(median), median >= goal))
        if run.race is not None:
            worst = max(run.race.worst)
            name = f"{where}: nobody waits longer than {LONGEST_WAIT:g} s"
            found.append(Verdict(name, f"{worst * 1000:.0f} ms", worst <= LONGEST_WAIT))
            once = run.race.won == run.race.offered
            figure = f"{run.race.won} of {run.race.offered}"
            found.append(Verdict(f"{where}: each time is won once", figure, once))
        if run.deadlocks is not None:
            none = run.deadlocks == 0
            found.append(Verdict(f"{where}: no deadlock", str(run.deadlocks), none))
    return found


def part(ratio: float) -> str:
    """A ratio as readers think of it: ``1/4.0``, or ``1.3`` from one upwards."""
    return f"1/{1 / ratio:.1f}" if 0 < ratio < 1 else f"{ratio:.1f}"


def table(run: Run) -> str:
    """The figures of one run: the median, and the least and the greatest."""
    heads = f"  {'':16}{'per second':>22}{'of raw beside it':>26}"
    heads += f"{'ms each':>10}{'own cpu ms':>12}{'worst ms':>10}"
    lines = [f"{run.engine}, {run.processes} process{'es' if run.processes > 1 else ''}", heads]
    for each in run.figures:
        rate = statistics.median(each.rates)
        rates = f"{rate:,.0f} ({min(each.rates):,.0f}–{max(each.rates):,.0f})"
        ratios = ""
        if each.ratios:
            middle, low, high = statistics.median(each.ratios), min(each.ratios), max(each.ratios)
            ratios = f"{part(middle)} ({part(low)}–{part(high)})"
        each_takes = run.processes * 1000 / rate
        lines.append(
            f"  {each.work:16}{rates:>22}{ratios:>26}{each_takes:>10.2f}"
            f"{statistics.median(each.own) * 1000:>12.2f}{each.worst * 1000:>10.1f}"
        )
    if run.race is not None:
        worst = ", ".join(f"{wait * 1000:.0f}" for wait in run.race.worst)
        lines.append(
            f"  the same {run.race.offered // len(run.race.worst)} times for everybody: "
            f"{statistics.median(run.race.rates):,.0f} answers per second, longest wait {worst} ms"
        )
    if run.deadlocks is not None:
        lines.append(f"  deadlocks: {run.deadlocks}")
    return "\n".join(lines)


def machine(folder: Path) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "processors": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "omnibook": version("omnibook"),
        "sqlalchemy": version("SQLAlchemy"),
        "sqlite": sqlite3.sqlite_version,
        "fsync_ms": round(fsync(folder) * 1000, 3),
    }


def fsync(folder: Path) -> float:
    """How long the disk takes to keep a page, in seconds: the median of a hundred."""
    file, taken = folder / "fsync", list[float]()
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT)
    try:
        for number in range(100):
            os.pwrite(descriptor, bytes(8192), number * 8192)
            began = time.perf_counter()
            os.fsync(descriptor)
            taken.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
        file.unlink()
    return statistics.median(taken)


def as_json(run: Run) -> dict[str, Any]:
    return asdict(run)
