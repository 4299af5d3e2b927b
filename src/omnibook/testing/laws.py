"""What a law is: a named promise, the proof of it, and a message that says what was seen instead.

A law is run on an adapter and returns nothing, or raises :class:`BrokenPromise`, which is an
:class:`AssertionError`: no test framework is needed, and every one of them understands it. No law
uses the ``assert`` statement, so that ``python -O`` proves as much.
"""

# Values of any type are compared here, and taken apart as they come.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Callable, Mapping
from enum import StrEnum, unique
from typing import Any

from attrs import fields, frozen, has
from hypothesis import HealthCheck, Phase, settings

_UNJUDGED = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
"""What Hypothesis would say of slow machines and large values; a law is about the adapter."""


@unique
class Effort(StrEnum):
    """How much is tried. More finds rarer faults, and takes longer."""

    QUICK = "quick"
    """While one writes: seconds."""
    NORMAL = "normal"
    """In every run of the tests."""
    THOROUGH = "thorough"
    """Before a release, or in the night: minutes."""

    def times(self, usual: int) -> int:
        """So many tries, where a normal effort makes ``usual`` ones; at least one."""
        return max(1, round(usual * _SCALES[self]))


_SCALES = {Effort.QUICK: 0.4, Effort.NORMAL: 1, Effort.THOROUGH: 12}


def drawing(examples: int) -> settings:
    """How laws have Hypothesis draw: so many examples, however long they take, and none kept."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=_UNJUDGED,
    )


class Seen(AssertionError):
    """What a proof saw, and should not have; its law says what was promised."""


class BrokenPromise(AssertionError):
    """An adapter does not keep a law: ``law`` is its name, ``promise`` its text, ``seen`` why.

    With ``seed``, if there is one, the law draws the same again.
    """

    def __init__(self, law: str, promise: str, seen: str, seed: int | None = None) -> None:
        self.law, self.promise, self.seen, self.seed = law, promise, seen, seed
        lines = [f"the law {law!r} is broken", f"  promised: {promise}", f"  seen: {seen}"]
        if seed is not None:
            lines.append(f"  drawn with: seed={seed}")
        super().__init__("\n".join(lines))


@frozen
class Promise:
    """The name and the text of a law; the text names the rules that it follows from."""

    name: str
    text: str

    def keep(self, proof: Callable[[], None], seed: int | None = None) -> None:
        """Run a proof; whatever it raises becomes a :class:`BrokenPromise`."""
        try:
            proof()
        except Seen as seen:
            raise BrokenPromise(self.name, self.text, _told(str(seen), seen), seed) from seen
        except Exception as error:
            told = _told(f"{type(error).__name__}: {error}", error)
            raise BrokenPromise(self.name, self.text, told, seed) from error

    def __str__(self) -> str:
        return self.name


def _told(what: str, error: Exception) -> str:
    """The text, with the steps that led there where Hypothesis has found the shortest ones."""
    notes: list[str] = getattr(error, "__notes__", [])
    return "\n".join((what, *notes))[:_LONGEST]


_LONGEST = 8_000


def require(kept: object, seen: str) -> None:
    """Raise :class:`Seen` with this text unless ``kept`` is true."""
    if not kept:
        raise Seen(seen)


def same(what: str, seen: object, promised: object) -> None:
    """Raise :class:`Seen`, naming the first difference, unless the two are equal.

    Equal values of different types, such as ``1`` and ``True``, are told apart where their fields
    are attrs values.
    """
    found = difference(seen, promised)
    if found:
        raise Seen(f"{what}{found}")


def difference(seen: Any, promised: Any) -> str:
    """Where two values differ first, as ``.field: seen … , promised …``; nothing if they do not."""
    kind = type(promised)
    if isinstance(seen, Mapping) and isinstance(promised, Mapping):
        return _of_mappings(_items(seen), _items(promised))
    if type(seen) is not kind:
        return "" if seen == promised and not has(kind) else _differ(seen, promised)
    if kind is tuple:
        return _of_mappings(dict(enumerate(seen)), dict(enumerate(promised)))
    if seen == promised:
        return ""
    if has(kind):
        for each in fields(kind):
            found = difference(getattr(seen, each.name), getattr(promised, each.name))
            if found and each.eq:
                return f".{each.name}{found}"
    return _differ(seen, promised)


def _items(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(mapping)


def _of_mappings(seen: dict[Any, Any], promised: dict[Any, Any]) -> str:
    for key, value in promised.items():
        if key not in seen:
            return f"[{key!r}] is missing; promised {value!r}"
    for key, value in seen.items():
        if key not in promised:
            return f"[{key!r}] should not be there: {value!r}"
        found = difference(value, promised[key])
        if found:
            return f"[{key!r}]{found}"
    return ""


def _differ(seen: object, promised: object) -> str:
    return f": {seen!r}; promised {promised!r}"
