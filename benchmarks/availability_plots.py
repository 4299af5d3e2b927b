"""How the search grows: against schedules, against days, against how much is booked.

The fastest of many calls is drawn: a curve of them is of the work, and not of what else the machine
did just then. They are SVG with text as text, on no background, in colours that can be told apart
on a light page and on a dark one. The same figures give the same file, byte for byte.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen
from availability_clinic import slots_of
from availability_engine import Engine
from availability_peers import ByPortion, naive
from availability_portal import finding
from availability_rows import fill
from availability_timing import by_turns, frozen_garbage
from availability_workloads import NEXT_5, Size, workload

NAIVE, PORTION = "naive oracle", "rrule + portion, by day"
CLAIMS, KEPT, FIND = "engine, from claims", "engine, days kept", "Portal.find on SQLite, warm"
STYLES = {
    NAIVE: ("#d1622b", "o", "--"),
    PORTION: ("#b8860b", "s", "--"),
    CLAIMS: ("#2f80d0", "o", "-"),
    KEPT: ("#1f9d6b", "s", "-"),
    FIND: ("#a05fc0", "^", "-"),
}
_GREY = "#808080"


@frozen
class Growth:
    """One way in which a calendar grows."""

    name: str
    label: str
    sizes: Sequence[tuple[float, Size]]
    """Each with what is written at it."""
    logarithmic: bool = True
    """The axis; otherwise one step is as wide as the next, whatever is written at it."""


def growths() -> tuple[Growth, ...]:
    """What is measured; but for what grows, 200 schedules, 90 days and 85 %."""
    return (
        Growth(
            "schedules",
            "schedules",
            [(n, Size(f"{n}", n, 90, 0.85)) for n in (1, 3, 10, 30, 100, 300, 1000)],
        ),
        Growth(
            "days",
            "days until the horizon",
            [(n, Size(f"{n}", 200, n, 0.85)) for n in (30, 60, 120, 240, 480, 730)],
        ),
        Growth(
            "fullness",
            "per cent of the open time that is booked",
            [
                (100 * part, Size(f"{part}", 200, 90, part))
                for part in (0.0, 0.25, 0.5, 0.75, 0.85, 0.9, 0.95, 0.97, 0.99, 0.999)
            ],
            logarithmic=False,
        ),
    )


def plot(docs: Path, kept: Path, seconds: float) -> None:
    """Measure all growths and draw each; the figures are kept as JSON."""
    figures: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for growth in growths():
        curves: dict[str, list[tuple[float, float]]] = {name: [] for name in STYLES}
        for place, size in growth.sizes:
            for name, fastest in _fastest(size, seconds / 4):
                curves[name].append((place, fastest))
            told = ", ".join(f"{name} {at[-1][1] * 1e6:,.0f} µs" for name, at in curves.items())
            print(f"{growth.name} {place:g}: {told}", flush=True)
        figures[growth.name] = curves
    kept.write_text(json.dumps(figures, indent=2) + "\n")
    draw(docs, kept)


def draw(docs: Path, kept: Path) -> None:
    """Draw the figures that were kept."""
    figures = json.loads(kept.read_text())
    for growth in growths():
        _draw(growth, figures[growth.name], docs / f"availability-{growth.name}.svg")


def _fastest(size: Size, seconds: float) -> Iterator[tuple[str, float]]:
    calendar = workload(size)
    engine, by_day = Engine(calendar), ByPortion(calendar)
    wish, wanted = engine.wish(NEXT_5), NEXT_5.wanted
    expected = naive(calendar, NEXT_5)
    with frozen_garbage(), tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/clinic.db"
        fill(url, calendar)
        with finding(url, calendar) as searches:
            ways: dict[str, Callable[[], object]] = {
                NAIVE: lambda: naive(calendar, NEXT_5),
                PORTION: lambda: by_day.answer(NEXT_5),
                CLAIMS: lambda: engine.from_claims(wish, wanted),
                KEPT: engine.keeping(wish, wanted),
                FIND: searches.finder(NEXT_5, searches.portal()),
            }
            for name in (CLAIMS, KEPT, FIND):
                found = ways[name]()
                assert found == slots_of(expected), f"{size}: {name} found {found}"
            for name, timing in by_turns(ways, seconds).items():
                yield name, timing.fastest


def _draw(growth: Growth, curves: dict[str, Any], file: Path) -> None:
    # Where nothing is drawn, it need not be installed.
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("svg")
    from matplotlib import pyplot  # noqa: PLC0415

    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": growth.name,
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": _GREY,
        "axes.labelcolor": _GREY,
        "axes.edgecolor": _GREY,
        "xtick.color": _GREY,
        "ytick.color": _GREY,
    }
    with mpl.rc_context(settings):
        figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
        marked = [place for place, _ in growth.sizes]
        places = marked if growth.logarithmic else range(len(marked))
        for name, (colour, mark, line) in STYLES.items():
            times = [time for _, time in curves[name]]
            axes.plot(places, times, line, color=colour, marker=mark, markersize=4, label=name)
        if growth.logarithmic:
            axes.set_xscale("log")
        axes.set_xticks(places, [f"{place:g}" for place, _ in growth.sizes])
        axes.minorticks_off()
        axes.set_yscale("log")
        ticks = {1e-5: "10 µs", 1e-4: "100 µs", 1e-3: "1 ms", 1e-2: "10 ms", 1e-1: "100 ms"}
        ticks |= {1.0: "1 s", 10.0: "10 s"}
        lowest = min(time for curve in curves.values() for _, time in curve)
        highest = max(time for curve in curves.values() for _, time in curve)
        shown = [tick for tick in ticks if lowest / 10 < tick < highest * 3]
        axes.set_yticks(shown, [ticks[tick] for tick in shown])
        axes.minorticks_off()
        axes.grid(visible=True, color=_GREY, alpha=0.25, linewidth=0.5)
        axes.set_xlabel(growth.label)
        axes.set_ylabel("next 5, fastest call")
        figure.legend(
            loc="outside upper center", ncols=3, frameon=False, fontsize=9, labelcolor=_GREY
        )
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        pyplot.close(figure)
