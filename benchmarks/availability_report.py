"""What the benchmark of availability says: the goals of the product, verdicts, and tables."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import frozen
from availability_timing import Timing

NEXT_5, NEXT_50, AFTERNOONS, ONE = "next 5", "next 50", "afternoons", "one practitioner"
NAIVE, SLOTIFY, CLAIMS, COLD, KEPT = "naive", "slotify", "from claims", "cold", "kept"
BY_DAY, BY_WEEK = "rrule+portion, by day", "rrule+portion, by week"
RAW, WARM, NEW = "raw driver", "find, warm", "find, cold"
PURE = "pure"

BESIDE_NAIVE = {"S": 8, "M": 60, "L": 80, "XL": 200}
BESIDE_PORTION = 40
BESIDE_SLOTIFY = 300
OF_RAW = {"S": 5, "M": 5, "L": 5, "XL": 20, "XL-far": 20}
"""On SQLite and warm, at most so many times what the raw driver takes."""
OF_NEXT_5 = {NEXT_50: 8.0, AFTERNOONS: 2.0, ONE: 1.5}


@frozen
class Figure:
    """What one way of answering one query took, on one calendar."""

    size: str
    where: str
    """``pure``, or the engine of the store."""
    query: str
    way: str
    timing: Timing
    peak: int | None = None
    """The most memory of one call, in bytes."""
    rows: int | None = None
    """That the driver handed over in one call."""


@frozen
class Verdict:
    """A goal, and whether it is met."""

    goal: str
    figure: str
    met: bool


@frozen
class Judged:
    """A goal for one calendar, and whether it is met."""

    size: str
    what: str
    """Which two figures are compared."""
    bound: str
    ratio: float
    """Of the medians."""
    fastest: float
    """Of the fastest calls, which feel least of what else the machine does."""
    met: bool

    @property
    def goal(self) -> str:
        return f"{self.size}, {self.what} {self.bound}"

    @property
    def figure(self) -> str:
        return f"{_digits(self.ratio)}; by the fastest calls {_digits(self.fastest)}"


def _digits(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def duration(seconds: float) -> str:
    """With three digits, in the unit that suits."""
    for unit, each in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= each or unit == "µs":
            return f"{seconds / each:.3g} {unit}" if seconds < 1000 * each else f"{seconds:.0f} s"
    raise AssertionError


def tables(figures: Sequence[Figure]) -> Iterator[str]:
    """A table for each calendar and place."""
    for size, where in dict.fromkeys((each.size, each.where) for each in figures):
        here = [each for each in figures if (each.size, each.where) == (size, where)]
        rows = [f"{size}, {where}", f"  {'':18}{'':24}{'median':>10}{'p99':>10}{'peak KiB':>10}"]
        rows[1] += f"{'rows':>7}"
        for each in here:
            peak = "" if each.peak is None else f"{each.peak / 1024:,.0f}"
            read = "" if each.rows is None else f"{each.rows:,}"
            rows.append(
                f"  {each.query:18}{each.way:24}{duration(each.timing.median):>10}"
                f"{duration(each.timing.p99):>10}{peak:>10}{read:>7}"
            )
        yield "\n".join(rows)


def verdicts(figures: Iterable[Figure]) -> list[Judged]:
    """The goals that can be judged by these figures."""
    found = {(each.size, each.where, each.query, each.way): each for each in figures}
    return [*_faster(found), *_near_raw(found), *_near_next_5(found)]


_Found = dict[tuple[str, str, str, str], Figure]


def _judged(
    what: str, goal: float, of: Figure | None, to: Figure | None, *, at_least: bool = False
) -> Iterator[Judged]:
    """The verdict on a ratio, if both of its figures are there."""
    if of is not None and to is not None:
        ratio = of.timing.median / to.timing.median
        yield Judged(
            of.size,
            what,
            f"{'≥' if at_least else '≤'} {goal:g}",
            ratio,
            of.timing.fastest / to.timing.fastest,
            ratio >= goal if at_least else ratio <= goal,
        )


def _faster(found: _Found) -> Iterator[Judged]:
    for size in _sizes(found):
        ours = found.get((size, PURE, NEXT_5, CLAIMS))
        for peer, goal in (
            (NAIVE, BESIDE_NAIVE.get(size)),
            (BY_DAY, BESIDE_PORTION),
            (BY_WEEK, BESIDE_PORTION),
            (SLOTIFY, BESIDE_SLOTIFY),
        ):
            if goal is not None:
                theirs = found.get((size, PURE, NEXT_5, peer))
                yield from _judged(f"{peer} / {CLAIMS}", goal, theirs, ours, at_least=True)


def _near_raw(found: _Found) -> Iterator[Judged]:
    for size, where in dict.fromkeys((key[0], key[1]) for key in found):
        if where.startswith("SQLite"):
            warm, raw = (found.get((size, where, NEXT_5, way)) for way in (WARM, RAW))
            yield from _judged(f"{where}: {WARM} / {RAW}", OF_RAW[size], warm, raw)


def _near_next_5(found: _Found) -> Iterator[Judged]:
    for size, where, way in dict.fromkeys((key[0], key[1], key[3]) for key in found):
        if way not in {CLAIMS, KEPT, WARM}:
            continue
        first = found.get((size, where, NEXT_5, way))
        for query, goal in OF_NEXT_5.items():
            this = found.get((size, where, query, way))
            yield from _judged(f"{where}, {way}: {query} / {NEXT_5}", goal, this, first)


def _sizes(found: _Found) -> Iterable[str]:
    return dict.fromkeys(key[0] for key in found)


def as_json(figure: Figure) -> dict[str, Any]:
    """A figure without its single times."""
    timing = figure.timing
    return {
        "size": figure.size,
        "where": figure.where,
        "query": figure.query,
        "way": figure.way,
        "calls": len(timing.times),
        "median_s": timing.median,
        "p99_s": timing.p99,
        "fastest_s": timing.fastest,
        "peak_bytes": figure.peak,
        "rows": figure.rows,
    }


# For the page about availability ------------------------------------------------------------------


def page(figures: Sequence[Figure]) -> str:
    """The figures as tables in Markdown, a column for each calendar."""
    places = dict.fromkeys(each.where for each in figures)
    parts = [_page_of(where, [each for each in figures if each.where == where]) for where in places]
    return "\n\n".join([*parts, _page_of_goals(verdicts(figures))]) + "\n"


def _page_of_goals(goals: Sequence[Judged]) -> str:
    """A row for each ratio, with the goal beside it."""
    sizes = list(dict.fromkeys(each.size for each in goals))
    lines = [f"| Ratio | {' | '.join(sizes)} |", f"| --- |{' ---: |' * len(sizes)}"]
    for what in dict.fromkeys(each.what for each in goals):
        cells = dict.fromkeys(sizes, "–")
        for each in goals:
            if each.what == what:
                figure = f"{_digits(each.ratio)} ({each.bound})"
                cells[each.size] = figure if each.met else f"**missed** {figure}"
        lines.append(f"| {what} | {' | '.join(cells.values())} |")
    return "\n".join(lines)


def _page_of(where: str, figures: Sequence[Figure]) -> str:
    sizes = list(dict.fromkeys(each.size for each in figures))
    lines = [
        f"| {where} | {' | '.join(sizes)} |",
        f"| --- |{' ---: |' * len(sizes)}",
    ]
    found = {(each.query, each.way, each.size): each for each in figures}
    for query, way in dict.fromkeys((each.query, each.way) for each in figures):
        cells: list[str] = []
        for size in sizes:
            figure = found.get((query, way, size))
            cells.append("–" if figure is None else duration(figure.timing.median))
        lines.append(f"| {query}: {way} | {' | '.join(cells)} |")
    for way in (RAW, WARM, NEW):
        rows = [found.get((NEXT_5, way, size)) for size in sizes]
        if any(each is not None and each.rows is not None for each in rows):
            told = ["–" if each is None else f"{each.rows or 0:,}" for each in rows]
            lines.append(f"| rows read, {NEXT_5}: {way} | {' | '.join(told)} |")
    return "\n".join(lines)
