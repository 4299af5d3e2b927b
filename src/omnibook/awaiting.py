"""One way to write a use case for callers that wait and for callers that await.

Whatever asks several ports is written once, as a coroutine. Before it uses what a port answers, it
lets it settle: an answer that is there already is used as it is, any other is awaited.

* An ``Async…`` facade awaits the coroutine in the caller's event loop.
* Its plain twin is given ports that answer at once, so that the coroutine never waits:
  :func:`finish` runs it to its end in the caller's thread. There is no event loop and no thread.

So this module, and whatever is written with it, imports no :mod:`asyncio`.
"""

from collections.abc import Awaitable, Callable, Coroutine
from inspect import isawaitable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from omnibook.errors import InvalidValue

T = TypeVar("T")
Given = ParamSpec("Given")
PlainT = TypeVar("PlainT")
TwinT = TypeVar("TwinT")


async def settled(answer: T | Awaitable[T]) -> T:
    """The answer, awaited if it has to be."""
    if isawaitable(answer):
        return await answer
    return answer


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits to its end, and return what it returns.

    Raises :class:`~omnibook.errors.InvalidValue` when it waits: one of its ports is asynchronous.
    """
    try:
        work.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    work.close()
    raise InvalidValue(
        "a port has to be awaited here: give ports that answer at once, or use the "
        "facade whose name begins with Async"
    )


def twin_of(
    plain: Callable[Concatenate[PlainT, Given], T],
) -> Callable[
    [Callable[Concatenate[TwinT, Given], Coroutine[Any, Any, T]]],
    Callable[Concatenate[TwinT, Given], Coroutine[Any, Any, T]],
]:
    """Decorate a method of an ``Async…`` facade with the plain facade's method that it is twin of.

    It takes over the docstring, and the type checkers see that both take and answer the same.
    """

    def documented(
        twin: Callable[Concatenate[TwinT, Given], Coroutine[Any, Any, T]],
    ) -> Callable[Concatenate[TwinT, Given], Coroutine[Any, Any, T]]:
        twin.__doc__ = plain.__doc__
        return twin

    return documented
