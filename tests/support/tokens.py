"""Tokens and identifiers that come out the same in every run, for comparing two worlds."""

from itertools import count


class SeededTokens:
    """A :class:`omnibook.ports.Tokens` that counts: two with one seed give the same, in order."""

    def __init__(self, seed: str = "seed") -> None:
        self._seed = seed
        self._numbers = count(1)

    def visit_token(self) -> str:
        return f"{self._seed}-visit-token-{next(self._numbers):012}"

    def new_id(self) -> str:
        return f"{self._seed}-id-{next(self._numbers):012}"

    def reference(self) -> str:
        return f"REF-{next(self._numbers):06}"
