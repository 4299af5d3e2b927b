"""What is raised: misuse and broken machinery, never an everyday outcome.

What a patient or a clerk meets on an ordinary day (a lost race, a mistyped phone number) is
*returned*, see :mod:`omnibook.outcomes`. Everything raised on purpose derives from
:class:`OmnibookError`. A message says what was given, what was expected and what to do; it never
holds a personal value.
"""

from collections.abc import Sequence


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
    """A message could not be handed over; the notice stays queued."""
