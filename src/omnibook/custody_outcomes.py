"""What a custodian is answered: how much is gone, and what is kept of a person (R51).

The unions, one for each use case, stand in :mod:`omnibook.outcomes`, where these are public.
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import astuple, field, frozen


@frozen(kw_only=True)
class Purged:
    """How many records of each kind had outlived their time, and are gone (R51).

    ``appointments`` are those of persons without a file, ``attempts`` the rows of a limiter in the
    store's database (R12).
    """

    code: ClassVar[str] = "custodian.purged"
    visits: int = 0
    holds: int = 0
    appointments: int = 0
    notices: int = 0
    orders: int = 0
    events: int = 0
    flags: int = 0
    audit: int = 0
    attempts: int = 0

    @property
    def total(self) -> int:
        """How many records in all."""
        return sum(astuple(self))


@frozen(kw_only=True)
class Exported:
    """Everything that is kept of one person, as plain values for JSON (R51).

    ``document`` is described in the reference, "What an export holds"; it is the one outcome that
    is made of personal values, so that it belongs in no log.
    """

    code: ClassVar[str] = "custodian.exported"
    document: Mapping[str, object] = field(repr=False, hash=False)


@frozen(kw_only=True)
class Erased:
    """How many records of each kind were kept of the person, and are gone (R51)."""

    code: ClassVar[str] = "custodian.erased"
    visits: int = 0
    holds: int = 0
    appointments: int = 0
    notices: int = 0
    orders: int = 0
    events: int = 0
    flags: int = 0

    @property
    def total(self) -> int:
        """How many records in all."""
        return sum(astuple(self))


@frozen(kw_only=True)
class StillNeeded:
    """Nothing was erased: the person has appointments that are not over, or holds times (R51).

    Cancel the appointments first; a hold lapses by itself within minutes.
    """

    code: ClassVar[str] = "custodian.still-needed"
    appointments: int
    holds: int
