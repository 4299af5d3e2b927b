"""``omnibook dispatch``, for as long as a clinic is open, and ``omnibook check-deployment``.

The dispatcher itself makes one pass and returns (:class:`omnibook.dispatch.Dispatcher`); what goes
on, waits and ends is here. It ends in an orderly way: told to stop (SIGTERM, SIGINT), it finishes
the piece at hand, and nothing waits for a lease. A second SIGINT ends it at once, which loses
nothing either. While the database is away, from the beginning or later, it asks again after pauses
that grow, and says so in one line each; what a pass did is logged as counts, never with a personal
value.

Both end with 0 when all was well, with 1 when the deployment has mistakes, when its database cannot
be read (``check-deployment``) or failed (``dispatch --once``). A message that could not be sent is
no reason for 1: it is logged, and tried again.
"""

import argparse
import logging
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from omnibook.deployment import Prepared, deployment_from_toml, prepare
from omnibook.deployment_file import Pauses
from omnibook.errors import ConfigurationError, OmnibookError, StoreError

if TYPE_CHECKING:
    from omnibook.delivery import Delivered
    from omnibook.dispatch import Dispatcher

_log = logging.getLogger("omnibook.dispatch")

_ADDRESS = re.compile(r"\S*://\S*")


class StopSign(Protocol):
    """What a loop asks whether to go on; :class:`threading.Event` is one."""

    def is_set(self) -> bool:
        """Whether to stop."""
        ...

    def wait(self, timeout: float) -> object:
        """Return after ``timeout`` seconds, or as soon as it is set."""
        ...


class Stop:
    """A stop sign that a signal's handler can set.

    A handler interrupts whatever the main thread does, also while it holds the lock of a
    :class:`threading.Event`: setting that one would wait for itself. A simple queue's ``put`` may
    interrupt its own ``get``.
    """

    def __init__(self) -> None:
        self._told = SimpleQueue[None]()
        self._is_set = False

    def set(self) -> None:
        """Stop, as soon as the piece at hand is done."""
        self._is_set = True
        self._told.put(None)

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._is_set

    def wait(self, timeout: float) -> None:
        """Wait for so many seconds, or until it is set."""
        if not self._is_set:
            with suppress(Empty):
                self._told.get(timeout=timeout)


def keep_delivering(
    run_once: "Callable[[Callable[[], bool]], Delivered]", stop: StopSign, pauses: Pauses
) -> None:
    """Make pass after pass until told to stop; ``run_once`` is a dispatcher's.

    After a pass that left nothing due it waits for ``pauses.idle``. When the store fails it waits
    so long, twice as long the next time, and at most ``pauses.longest``.
    """
    failures = 0
    while not stop.is_set():
        try:
            delivered = run_once(stop.is_set)
        except StoreError as fault:
            failures += 1
            pause = min(pauses.idle * (1 << min(failures - 1, 16)), pauses.longest)
            seconds = pause // timedelta(seconds=1)
            _log.warning("the database fails: %s; asked again in %d s", _said(fault), seconds)
            stop.wait(pause.total_seconds())
            continue
        if failures:
            _log.info("the database answers again")
            failures = 0
        _tell(delivered)
        if not delivered.more:
            stop.wait(pauses.idle.total_seconds())


def _said(fault: OmnibookError) -> str:
    """A fault's own text, which says what to do; without an address, should it hold one."""
    return f"{_ADDRESS.sub('…', str(fault))} ({type(fault).__name__})"


def _tell(delivered: "Delivered") -> None:
    counts = {
        "sent": delivered.sent,
        "dropped": delivered.dropped,
        "told": delivered.told,
        "contacts": delivered.contacts,
        "failed": delivered.failed,
        "set aside": delivered.set_aside,
        "waiting": delivered.waiting,
    }
    told = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    if told:
        _log.info("%s", told)


# The commands -----------------------------------------------------------------------------------


def add_dispatch(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``omnibook dispatch``."""
    add_check_deployment(command)
    command.add_argument("--once", action="store_true", help="deliver what is due now, and end")


def add_check_deployment(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``omnibook check-deployment``."""
    command.add_argument("file", metavar="FILE", help="the deployment's TOML file")


def run_check_deployment(given: argparse.Namespace) -> int:
    """Look for everything that a deployment names, and say what is wrong with it."""
    prepared = _prepared(given.file)
    if prepared is None:
        return 1
    try:
        prepared.look_at_database()
    except OmnibookError as fault:
        _tell_mistakes(given.file, [f"the database: {_said(fault)}"])
        return 1
    warnings = prepared.warnings
    print(f"{given.file}: 0 mistakes, {len(warnings)} warning{'s' * (len(warnings) != 1)}")
    for warning in warnings:
        print(f"  warning: {warning}")
    return 0


def run_dispatch(given: argparse.Namespace) -> int:
    """Deliver until told to stop; see the module for what it returns."""
    prepared = _prepared(given.file)
    if prepared is None:
        return 1
    if not prepared.notifiers:
        told = "nothing takes its messages; write [mail], [text_messages] or [files]"
        print(f"{given.file}: {told}", file=sys.stderr)
        return 1
    _log_to_stderr()
    for warning in prepared.warnings:
        _log.warning("%s", warning)
    stop = Stop()
    _stop_at_signals(stop)
    try:
        _deliver(prepared, stop, once=given.once)
    except OmnibookError as fault:
        _log.error("ended by a fault: %s", _said(fault))
        return 1
    return 0


def _deliver(prepared: Prepared, stop: StopSign, *, once: bool) -> None:
    with ExitStack() as stack:
        dispatchers: list[Dispatcher] = []

        def run_once(stopped: Callable[[], bool]) -> "Delivered":
            if not dispatchers:
                # Here, so that a database that is away at first is asked again like any other.
                dispatchers.append(_opened(prepared, stack))
                _log.info("delivering")
            return dispatchers[0].run_once(stopped)

        if not once:
            keep_delivering(run_once, stop, prepared.deployment.pauses)
            _log.info("stopped")
            return
        while not stop.is_set():
            delivered = run_once(stop.is_set)
            _tell(delivered)
            if not delivered.more:
                return


def _opened(prepared: Prepared, stack: ExitStack) -> "Dispatcher":
    from omnibook.dispatch import Dispatcher  # noqa: PLC0415

    store, directory = stack.enter_context(prepared.open())
    return Dispatcher(
        prepared.clinic,
        store=store,
        directory=directory,
        keys=prepared.keys,
        notifiers=prepared.notifiers,
        link_address=prepared.link_address,
    )


def _prepared(file: str) -> Prepared | None:
    try:
        return prepare(deployment_from_toml(file))
    except ConfigurationError as error:
        _tell_mistakes(file, error.mistakes)
        return None


def _tell_mistakes(file: str, mistakes: Sequence[str]) -> None:
    print(f"{file}: {len(mistakes)} mistake{'s' * (len(mistakes) != 1)}", file=sys.stderr)
    for mistake in mistakes:
        print(f"  {mistake}", file=sys.stderr)


def _log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    # They would log each request of each message.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _stop_at_signals(stop: Stop) -> None:
    def handle(number: int, _frame: FrameType | None) -> None:
        stop.set()
        # Whoever asks twice does not want to wait.
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
