"""What a visitor has filled in so far, between one page and the next.

The cookie holds the visit's token and nothing else, and no address holds what was typed: so what
was typed waits here, under the visit's identifier, until it is booked or the visit is over. It is
no record of the clinic: the rules read none of it, and when it is lost, the visitor begins anew.

:class:`MemoryDrafts` keeps it in this process. Several processes need either a balancer that leads
each visitor to the same one, or a :class:`Drafts` of their own that they share.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from attrs import field, frozen

from omnibook.adapters.clocks import SystemClock
from omnibook.ids import VisitId
from omnibook.ports import Clock
from omnibook.records import Appointment, Slot

KEPT_FOR = timedelta(hours=3)
"""Longer than any visit lasts by default (R16), its last hold included."""

Typed = Mapping[str, str]
"""What was typed, by the field's name; several values of one field are parted by blanks."""

NOTHING: Typed = MappingProxyType({})


@frozen(kw_only=True)
class HeldTime:
    """The time that is held, as *Review* answered it; ``until`` is by this process's clock."""

    hold_id: str
    slot: Slot
    expires_at: datetime
    until: datetime


@frozen(kw_only=True)
class BookedTime:
    """The appointment as *Book* answered it, and its link."""

    appointment: Appointment = field(repr=False)
    link: str = field(repr=False)


@frozen(kw_only=True)
class Draft:
    """Everything that the pages of one visit show again."""

    identity: Typed = field(default=NOTHING, repr=False)
    wish: Typed = field(default=NOTHING, repr=False)
    """Service, reason and details, and the contacts as corrected at *Review*."""
    when: Typed = field(default=NOTHING, repr=False)
    """The preference, field by field; empty before it was given."""
    pages: int = 1
    """How many times five availabilities are shown (R25)."""
    notice: str = ""
    """The code of the outcome that led here, to be said on the next page."""
    lost: datetime | None = None
    """When the time began that is no longer available, if ``notice`` says so."""
    held: HeldTime | None = None
    booked: BookedTime | None = None


class Drafts(Protocol):
    """Where drafts wait; what is kept is personal: not on a disk, unless encrypted.

    Each is kept for three hours at most after it was put, however often it is changed.
    """

    async def get(self, visit_id: VisitId) -> Draft | None:
        """The draft of a visit, if there is one."""
        ...

    async def put(self, visit_id: VisitId, draft: Draft) -> None:
        """Keep the draft of a visit that begins."""
        ...

    async def change(self, visit_id: VisitId, change: Callable[[Draft], Draft]) -> Draft | None:
        """Put what ``change`` makes of a visit's draft in its place, and return that.

        Nothing comes between reading and keeping. Without a draft none is made: what was forgotten
        stays so.
        """
        ...

    async def drop(self, visit_id: VisitId) -> None:
        """Forget a draft, if there is one."""
        ...


class MemoryDrafts:
    """Drafts in this process's memory: the newest ``most``, each for three hours."""

    def __init__(self, clock: Clock | None = None, *, most: int = 20_000) -> None:
        self._clock = clock or SystemClock()
        self._most = most
        self._kept: OrderedDict[VisitId, tuple[datetime, Draft]] = OrderedDict()

    async def get(self, visit_id: VisitId) -> Draft | None:
        """The draft of a visit, if it is not too old; those that are too old are forgotten."""
        self._purge()
        found = self._kept.get(visit_id)
        return None if found is None else found[1]

    async def put(self, visit_id: VisitId, draft: Draft) -> None:
        """Keep a draft; those that are too old, and the oldest of too many, are forgotten."""
        self._kept[visit_id] = (self._clock.now(), draft)
        self._kept.move_to_end(visit_id)
        self._purge()

    async def change(self, visit_id: VisitId, change: Callable[[Draft], Draft]) -> Draft | None:
        """Change a draft, if it is there; it grows no younger."""
        self._purge()
        found = self._kept.get(visit_id)
        if found is None:
            return None
        changed = change(found[1])
        self._kept[visit_id] = (found[0], changed)
        return changed

    async def drop(self, visit_id: VisitId) -> None:
        """Forget a draft."""
        self._kept.pop(visit_id, None)

    def _purge(self) -> None:
        # The oldest stand first: changing one does not move it.
        before = self._clock.now() - KEPT_FOR
        while self._kept:
            since, _ = next(iter(self._kept.values()))
            if since > before and len(self._kept) <= self._most:
                break
            self._kept.popitem(last=False)
