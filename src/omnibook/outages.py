"""Which ways of delivering are down, as one dispatcher knows it (R39, R46).

A *way* is how a piece goes out: a kind of address, or to the host. Where a way is down, every piece
that tries it costs time, and may count as failed or refused through no fault of its own. So the way
rests: what would go by it waits, and after the rest one piece asks whether it works again.

A way is down when its notifier says so (:class:`~omnibook.errors.NotifierError` that is
``unavailable``). It is taken for down when pieces one after the other fail by it after a long wait,
as with a server that accepts a connection and then says nothing; and when it refuses many in a row
for good, which is a server that no longer knows us rather than that many wrong addresses. Nothing
here knows a clock.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import TypeAlias

from attrs import define, field, frozen

from omnibook.retries import full_wait, is_outage, is_permanent

LONGEST_REST = timedelta(minutes=10)
"""However long an outage lasts, what waits goes out at most so much after its end."""

SLOW = timedelta(seconds=30)
"""A failure that took so long is the way's, perhaps, and not the piece's: an answer that refuses
comes sooner."""

SLOW_IN_A_ROW = 2
"""So many of them, one after the other, are an outage."""

REFUSED_IN_A_ROW = 5
"""So many refusals for good, one after the other, are an outage. The ones before the last were
believed and set aside; it and those that follow are tried again."""

Way: TypeAlias = str
"""How a piece goes out: a kind of address, or to the host."""


@frozen
class Rest:
    """That a way rests: until when, and whether it was not known to be down before."""

    until: datetime
    is_news: bool


@define
class Outages:
    """Which ways are not to be tried for a while.

    After an outage a way rests for a minute, and longer each time that it is found down again; what
    would go that way waits for the end of the rest. It is forgotten with the process: then one
    message more asks.
    """

    _known: dict[Way, tuple[int, datetime]] = field(factory=dict[Way, tuple[int, datetime]])
    _slow: Counter[Way] = field(factory=Counter[Way])
    _refused: Counter[Way] = field(factory=Counter[Way])

    def fail(self, way: Way, fault: Exception, took: timedelta, now: datetime) -> Rest | None:
        """A piece failed; the rest that begins with it, if the way is down.

        ``took`` is how long the hand-over was waited for, ``now`` when it failed.
        """
        if is_outage(fault):
            return self.begin(way, now)
        if is_permanent(fault):
            self._refused[way] += 1
        if took < SLOW:
            del self._slow[way]
        else:
            self._slow[way] += 1
        is_down = self._slow[way] >= SLOW_IN_A_ROW or (
            is_permanent(fault) and self._refused[way] >= REFUSED_IN_A_ROW
        )
        return self.begin(way, now) if is_down else None

    def begin(self, way: Way, now: datetime) -> Rest:
        """It was found down."""
        times = self._known.get(way, (0, now))[0] + 1
        until = now + min(full_wait(times), LONGEST_REST)
        self._known[way] = times, until
        return Rest(until, is_news=times == 1)

    def end(self, way: Way) -> bool:
        """Something went through; whether the way was known to be down."""
        del self._slow[way], self._refused[way]
        return self._known.pop(way, None) is not None

    def rest(self, way: Way, now: datetime) -> datetime | None:
        """Until when the way rests, if it does."""
        until = self._known.get(way, (0, now))[1]
        # A clock that was set back by much leaves an instant far ahead: it is not waited for.
        return until if now < until <= now + LONGEST_REST else None
