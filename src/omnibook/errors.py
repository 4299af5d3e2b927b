"""What is raised: misuse and broken machinery, never an everyday outcome.

What a patient or a clerk meets on an ordinary day (a lost race, a mistyped phone number) is
*returned*, see :mod:`omnibook.outcomes`. Everything raised on purpose derives from
:class:`OmnibookError`. A message says what was given, what was expected and what to do; it never
holds a personal value.
"""

import re
from collections.abc import Sequence

_REASON = re.compile(r"(?=.{1,80}\Z)(?:[A-Za-z]+|[0-9]{1,3})(?:[ .-](?:[A-Za-z]+|[0-9]{1,3}))*")


class OmnibookError(Exception):
    """The root of everything that this library raises on purpose."""


class InvalidValue(OmnibookError, ValueError):
    """The calling code built a value that cannot exist, such as a span that ends too early."""


class ConfigurationError(OmnibookError):
    """A clinic's configuration cannot be interpreted; every mistake found is listed at once.

    ``mistakes`` holds one line for each: the key's path, what is wrong and a remedy.
    """

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class StoreError(OmnibookError):
    """The storage behind a port failed, or broke its promise; nothing was half-written."""


class Contention(StoreError):
    """The store lost the same race too many times in a row; the call may be repeated as it was."""


class NotifierError(OmnibookError):
    """A message could not be handed over; the notice stays queued, and is tried again later.

    ``permanent``: the address or the message itself was refused, so that no other try would end
    otherwise; the notice is set aside for staff to see. ``unavailable``: the service behind the
    notifier cannot be reached at all, whoever is written to; the rest of what goes by it can wait.
    ``reason`` is what a dispatcher logs: words of the notifier's own, such as a step, an answer's
    number or an exception's type (``"smtp RCPT 550"``), never a text from outside. One that is not
    words and numbers of at most three digits, or is longer than 80 characters, is left out.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        unavailable: bool = False,
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.reason = reason if _REASON.fullmatch(reason) else ""
        self.permanent = permanent
        self.unavailable = unavailable
