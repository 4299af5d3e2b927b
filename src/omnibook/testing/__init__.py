"""The conformance kit: proves that an adapter keeps what :mod:`omnibook.ports` promises.

Needs the extra ``[testing]``, and no test framework: each ``check_`` function returns nothing, or
raises :class:`BrokenPromise`, an :class:`AssertionError` that says what was promised and what was
seen. Nothing of the library imports this package.

* :func:`check_store`, :func:`check_async_store`: whatever keeps visits, holds and appointments.
* :func:`check_directory`, :func:`check_schedule_source`, :func:`check_notifier`: a clinic's files
  and schedules, and its mail server or text-message gateway.
* :func:`check_limiter`: whatever counts attempts to identify.
* :mod:`omnibook.testing.histories`: records what callers saw, and proves that one order
  explains it.
* :mod:`omnibook.testing.strategies`: Hypothesis strategies for clinics, people, records and walks.
"""

from omnibook.testing.bench import MakeStore, StoreLaw
from omnibook.testing.bridge import MakeAsyncStore
from omnibook.testing.directories import (
    DIRECTORY_LAWS,
    DirectoryLaw,
    MakeDirectory,
    check_directory,
)
from omnibook.testing.histories import (
    History,
    NotLinearizable,
    Operation,
    RecordingStore,
    check_history,
)
from omnibook.testing.laws import BrokenPromise, Effort
from omnibook.testing.limiters import LIMITER_LAWS, LimiterLaw, MakeLimiter, check_limiter
from omnibook.testing.notifiers import MakeNotifier, check_notifier
from omnibook.testing.schedule_sources import check_schedule_source
from omnibook.testing.stores import (
    ASYNC_STORE_LAWS,
    STORE_LAWS,
    check_async_law,
    check_async_store,
    check_store,
)

__all__ = [
    "ASYNC_STORE_LAWS",
    "DIRECTORY_LAWS",
    "LIMITER_LAWS",
    "STORE_LAWS",
    "BrokenPromise",
    "DirectoryLaw",
    "Effort",
    "History",
    "LimiterLaw",
    "MakeAsyncStore",
    "MakeDirectory",
    "MakeLimiter",
    "MakeNotifier",
    "MakeStore",
    "NotLinearizable",
    "Operation",
    "RecordingStore",
    "StoreLaw",
    "check_async_law",
    "check_async_store",
    "check_directory",
    "check_history",
    "check_limiter",
    "check_notifier",
    "check_schedule_source",
    "check_store",
]
