"""The laws of :class:`omnibook.ports.ScheduleSource`."""

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import TypeAlias

from omnibook.clinic import Opening
from omnibook.ids import ScheduleId
from omnibook.ports import AsyncScheduleSource, ScheduleSource
from omnibook.testing.bridge import Loop
from omnibook.testing.laws import Promise, require, same

AnyScheduleSource: TypeAlias = ScheduleSource | AsyncScheduleSource
Openings: TypeAlias = Mapping[ScheduleId, Sequence[Opening]]

_NOBODY = ScheduleId("a schedule that nobody has")


def check_schedule_source(source: AnyScheduleSource, openings: Openings) -> None:
    """Prove every law of :class:`omnibook.ports.ScheduleSource`, or of its asynchronous twin.

    Args:
        source: the source, which must stand still meanwhile.
        openings: what it should tell of some of its schedules; at least one that has openings.

    Raises:
        BrokenPromise: the source breaks a law.
    """
    with Loop() as loop:

        def ask(*names: ScheduleId) -> dict[ScheduleId, tuple[Opening, ...]]:
            return loop.answer(lambda: source.openings(names))

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


def _same_openings(name: str, seen: tuple[Opening, ...], promised: Sequence[Opening]) -> None:
    # Whoever answers has perhaps no type checker.
    require(type(seen) is tuple, f"the openings of {name} are no tuple: {seen!r}")
    same(f"how many openings {name} has", len(set(seen)), len(set(promised)))
    for each in promised:
        require(each in seen, f"an opening of {name} is missing: {each!r}")
