"""The laws of :class:`omnibook.ports.ScheduleSource`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import permutations
from typing import TypeAlias

from omnibook.clinic import Opening
from omnibook.ids import ScheduleId
from omnibook.ports import AsyncScheduleSource, ScheduleSource
from omnibook.testing.bridge import Loop
from omnibook.testing.laws import Promise, require, same

AnyScheduleSource: TypeAlias = ScheduleSource | AsyncScheduleSource
Openings: TypeAlias = Mapping[ScheduleId, Sequence[Opening]]
Change: TypeAlias = Callable[[], Openings | Awaitable[Openings]]

_NOBODY = ScheduleId("a schedule that nobody has")


def check_schedule_source(
    source: AnyScheduleSource, openings: Openings, *, change: Change | None = None
) -> None:
    """Prove every law of :class:`omnibook.ports.ScheduleSource`, or of its asynchronous twin.

    Args:
        source: the source, which must stand still meanwhile.
        openings: what it should tell of some of its schedules; at least one that has openings.
        change: changes the openings of some of these, in the source itself, and returns what it
            should tell of them from then on; may be a coroutine function. Called once, at the end.
            Without it, nothing shows that versions change when openings do.

    Raises:
        BrokenPromise: the source breaks a law.
    """
    with Loop() as loop:
        ask = _asking(loop, source)
        names = tuple(openings)

        def tells_them() -> None:
            require(any(openings.values()), "no schedule with openings was given: nothing is shown")
            for name in names:
                seen = ask(name)
                same("the schedules told of", list(seen), [name])
                _same_openings(name, seen[name], openings[name])

        def tells_exactly_those() -> None:
            same("asked for none", ask(), {})
            for asked in permutations((*names[:3], _NOBODY)):
                seen = ask(*asked)
                same("the schedules told of", sorted(seen), sorted(asked))
                for name in names[:3]:
                    _same_openings(name, seen[name], openings[name])
            twice = ask(names[0], names[0])
            same("a schedule asked for twice", list(twice), [names[0]])

        def unknown() -> None:
            same("the openings of an unknown schedule", ask(_NOBODY), {_NOBODY: ()})

        def detached() -> None:
            first = ask(*names)
            first.clear()
            same("the schedules, after a caller changed its own", set(ask(*names)), set(names))

        Promise("source.openings", "each schedule comes with all its openings").keep(tells_them)
        Promise(
            "source.asked", "the answer names exactly the schedules asked for, in whatever order"
        ).keep(tells_exactly_those)
        Promise("source.unknown", "a schedule that is not known has no openings").keep(unknown)
        Promise("source.detached", "the answer is the caller's own").keep(detached)
        _check_versions(loop, source, names, change)


def _asking(
    loop: Loop, source: AnyScheduleSource
) -> Callable[..., dict[ScheduleId, tuple[Opening, ...]]]:
    def ask(*names: ScheduleId) -> dict[ScheduleId, tuple[Opening, ...]]:
        return loop.answer(lambda: source.openings(names))

    return ask


def _check_versions(
    loop: Loop, source: AnyScheduleSource, names: Sequence[ScheduleId], change: Change | None
) -> None:
    def versions(*names: ScheduleId) -> dict[ScheduleId, str]:
        return dict(loop.answer(lambda: source.versions(names)))

    ask = _asking(loop, source)

    def versioned() -> None:
        same("the versions, asked for none", versions(), {})
        asked = (*names, _NOBODY)
        seen = versions(*asked)
        same("the schedules whose versions are told", set(seen), set(asked))
        for name in asked:
            # Whoever answers has perhaps no type checker.
            require(type(seen[name]) is str, f"the version of {name} is no text")
            same(f"the version of {name}, asked for alone", versions(name), {name: seen[name]})
        same("the versions, asked for again", versions(*reversed(asked)), seen)

    def changes() -> None:
        if change is None:
            return
        before = versions(*names)
        known = {name: frozenset(ask(name)[name]) for name in names}
        changed = loop.answer(change)
        after = versions(*names)
        moved = [each for each in names if frozenset(changed.get(each, known[each])) != known[each]]
        require(bool(moved), "no schedule's openings were changed: nothing is shown")
        for name in moved:
            _same_openings(name, ask(name)[name], changed[name])
            require(
                after[name] != before[name],
                f"the openings of {name} changed and its version did not: {after[name]!r}",
            )

    Promise(
        "source.versions",
        "each schedule asked for has a version, the same while nothing changes",
    ).keep(versioned)
    Promise("source.changes", "a schedule has another version once its openings have changed").keep(
        changes
    )


def _same_openings(name: str, seen: tuple[Opening, ...], promised: Sequence[Opening]) -> None:
    # Whoever answers has perhaps no type checker.
    require(type(seen) is tuple, f"the openings of {name} are no tuple: {seen!r}")
    same(f"how many openings {name} has", len(set(seen)), len(set(promised)))
    for each in promised:
        require(each in seen, f"an opening of {name} is missing: {each!r}")
