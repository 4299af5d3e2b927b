"""Where the time of a review, a booking and a refusal goes, by package and by function."""

import cProfile
import pstats
import time
from collections import Counter
from pathlib import PurePath

from storage_work import Order, Worker

SECONDS = 1.0
VISITORS = 3000
SHOWN = 15

_PACKAGES = {
    "omnibook/adapters/sql": "store",
    "omnibook": "rules and facades",
    "sqlalchemy": "SQLAlchemy",
    "psycopg": "driver",
    "sqlite3": "driver",
    "aiosqlite": "driver",
    "storage_work": "the benchmark itself",
    "attr": "attrs",
}


def profile(url: str, dsn: str) -> str:
    """Measure without and then with the profiler, and say what the time was spent on."""
    worker = Worker(url, dsn, 0, 1)
    worker.prepare(VISITORS)
    said: list[str] = []
    for work in ("review+book", "review", "refusal", "refusal+page"):
        worker.prepare(VISITORS)
        (plain,) = worker.measure(Order((work,), time.monotonic(), SECONDS))
        worker.prepare(VISITORS)
        profiler = cProfile.Profile()
        profiler.enable()
        (slow,) = worker.measure(Order((work,), time.monotonic(), SECONDS))
        profiler.disable()
        said.append(_report(work, plain.took / plain.done, slow.done, profiler))
    worker.close()
    return "\n".join(said)


def _report(work: str, each: float, done: int, profiler: cProfile.Profile) -> str:
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    by_package: Counter[str] = Counter()
    rows: list[tuple[float, float, int, str]] = []
    for (file, line, name), (_, calls, own, total, _) in stats.items():
        package = _package(file, name)
        by_package[package] += own
        where = name if file == "~" else f"{PurePath(file).name}:{line} {name}"
        rows.append((own, total, calls, where))
    everything = sum(by_package.values())
    lines = [
        f"  {work}: {each * 1000:.3f} ms each; with the profiler {everything / done * 1000:.3f}"
    ]
    lines += [
        f"    {seconds / everything:6.1%}  {seconds / done * 1e6:8.0f} µs  {package}"
        for package, seconds in by_package.most_common()
    ]
    lines.append(f"    {'own µs':>10} {'total µs':>10} {'calls':>7}  each time, of the profiled")
    for own, total, calls, where in sorted(rows, reverse=True)[:SHOWN]:
        lines.append(
            f"    {own / done * 1e6:10.1f} {total / done * 1e6:10.1f} {calls / done:7.1f}  {where}"
        )
    return "\n".join(lines)


def _package(file: str, name: str) -> str:
    if file == "~":
        # A function of C has no file; its name tells whose it is.
        file = name
    for part, package in _PACKAGES.items():
        if part in file:
            return package
    return "the language and its library"
