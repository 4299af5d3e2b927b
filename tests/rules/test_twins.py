"""Each ``AsyncX`` is ``X``, awaited: the same methods, parameters, answers and docstrings.

Found by name in the modules above the adapters, so that no pair can be forgotten.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from types import FunctionType, UnionType
from typing import Any, Union, get_args, get_origin

import pytest

import omnibook as ob
from omnibook import ports
from omnibook.dispatch import AsyncDispatcher, Dispatcher

Pair = tuple[type[Any], type[Any]]


def pairs() -> Iterator[Pair]:
    names = [each.name for each in pkgutil.iter_modules(ob.__path__)]
    for module in (import_module(f"omnibook.{name}") for name in names):
        for name, twin in vars(module).items():
            if name.startswith("Async") and twin.__module__ == module.__name__:
                yield vars(module)[name.removeprefix("Async")], twin


PAIRS = tuple(pairs())
FACADES = tuple(each for each in PAIRS if each[0].__module__ != ports.__name__)
PORTS = tuple(each for each in PAIRS if each[0].__module__ == ports.__name__)
TWINS = dict(PORTS)
STORES = {plain for plain in TWINS if ports.Store in plain.__mro__}

facades = pytest.mark.parametrize(("plain", "twin"), FACADES)
every = pytest.mark.parametrize(("plain", "twin"), PAIRS)


def methods(cls: type[object]) -> dict[str, Callable[..., object]]:
    found = vars(cls).items()
    return {
        name: each
        for name, each in found
        if isinstance(each, FunctionType) and not name.startswith("_")
    }


def widened(annotation: Any) -> Any:
    """What a twin takes where its plain facade takes this."""
    if annotation in STORES:
        return TWINS[annotation]
    if annotation in TWINS:
        return annotation | TWINS[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return reduce(or_, map(widened, arguments))
    if origin is Mapping:
        return Mapping[tuple(map(widened, arguments))]  # type: ignore[misc]
    return annotation


def test_the_pairs_are_found() -> None:
    assert {(ob.Portal, ob.AsyncPortal), (ob.FrontDesk, ob.AsyncFrontDesk)} <= set(FACADES)
    assert (Dispatcher, AsyncDispatcher) in FACADES
    assert {plain.__name__ for plain, _ in PORTS} >= {
        "Store",
        "PatientDirectory",
        "ScheduleSource",
        "AttemptLimiter",
        "Notifier",
        "EventSink",
    }


@every
def test_a_twin_has_the_same_methods_with_the_same_parameters_and_answers(
    plain: type[object], twin: type[object]
) -> None:
    mine, theirs = methods(plain), methods(twin)

    assert mine.keys() == theirs.keys()
    for name, method in mine.items():
        # Written out: two modules' type variables of one name are not equal.
        assert str(inspect.signature(theirs[name])) == str(inspect.signature(method)), name


@every
def test_what_a_twin_does_is_awaited(plain: type[object], twin: type[object]) -> None:
    assert all(map(inspect.iscoroutinefunction, methods(twin).values()))
    assert not any(map(inspect.iscoroutinefunction, methods(plain).values()))


@facades
def test_a_facades_twin_has_its_docstrings(plain: type[object], twin: type[object]) -> None:
    for name, method in methods(plain).items():
        assert method.__doc__, name
        assert methods(twin)[name].__doc__ == method.__doc__, name


@facades
def test_a_facades_twin_is_made_alike_of_ports_of_either_kind(
    plain: type[object], twin: type[object]
) -> None:
    """Only its store has to be asynchronous: what blocks there blocks the event loop."""
    mine, theirs = inspect.signature(plain), inspect.signature(twin)

    assert [
        each.replace(annotation=widened(each.annotation)) for each in mine.parameters.values()
    ] == [*theirs.parameters.values()]


def test_the_store_in_memory_stands_on_a_clock_or_over_another_store() -> None:
    with pytest.raises(ob.InvalidValue, match="one of the two"):
        ob.AsyncMemoryStore(ob.SystemClock(), over=ob.MemoryStore())
