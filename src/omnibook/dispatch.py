"""Delivering what bookings queued: notices, events for the host, contact orders.

Everything was queued in the transaction that made it true, so that a crash loses nothing (R39).
The dispatcher leases each piece, does the work, and notes that it is done: at least once, and twice
only if it dies between the two; a repeat carries the same identifier (R46). What fails is tried
again after a wait that grows, is set aside for staff to see after some thirty attempts, and never
stops the others. :class:`Dispatcher` waits for its ports, :class:`AsyncDispatcher` awaits them;
both deliver by :mod:`omnibook.delivery`. What runs one for as long as a clinic is open is
:mod:`omnibook.cli_dispatch`.
"""

from collections.abc import Callable, Mapping

from omnibook.awaiting import finish, twin_of
from omnibook.clinic import Clinic
from omnibook.contacts import ContactSystem
from omnibook.delivery import Delivered, Delivery, never
from omnibook.leases import LEASE
from omnibook.ports import (
    AsyncEventSink,
    AsyncNotifier,
    AsyncPatientDirectory,
    AsyncStore,
    EventSink,
    Keys,
    Notifier,
    PatientDirectory,
    Store,
    Tokens,
)
from omnibook.receipts import Receipt
from omnibook.wiring import Wiring

__all__ = ["LEASE", "AsyncDispatcher", "Delivered", "Dispatcher"]


class Dispatcher:
    """Delivers what is due, one pass at a time; several may share the work.

    ``notifiers`` has one for each kind of address that the clinic can write to; without ``events``
    the host is told nothing, and events wait. Each of them answers or gives up within
    :data:`~omnibook.leases.PATIENCE`. One that raises a
    :class:`~omnibook.errors.NotifierError` that is ``unavailable`` is left alone for a while, and
    what goes by it waits, and so is one that hangs or refuses everybody
    (:mod:`omnibook.outages`); ``permanent`` sets the piece aside at once.
    """

    def __init__(
        self,
        clinic: Clinic,
        *,
        store: Store,
        directory: PatientDirectory,
        keys: Keys,
        notifiers: Mapping[ContactSystem, Notifier],
        events: EventSink | None = None,
        link_address: Callable[[str], str] | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """Serve ``clinic`` by these ports, the same as the portal's.

        ``link_address`` turns a link's opaque text into the address of the clinic's page for it;
        without it, messages ask the patient to phone.
        """
        self._delivery = Delivery(
            wiring=Wiring(
                clinic=clinic,
                store=store,
                directory=directory,
                keys=keys,
                tokens=tokens,
            ),
            notifiers=dict(notifiers),
            events=events,
            link_address=link_address,
        )

    def run_once(self, stop: Callable[[], bool] = never) -> Delivered:
        """Deliver what is due now; call it again for what comes due later.

        A pass looks at the oldest hundred of each sort, for a minute each. One piece that cannot be
        delivered is counted as failed, and left for a later pass. ``stop`` is asked before each
        piece: once it answers true the pass ends, and what is left is due as before.

        Raises :class:`~omnibook.errors.StoreError` when the store fails, for several pieces in a
        row or altogether; what was being delivered comes again when its lease is over.
        """
        return finish(self._delivery.run_once(stop))

    def note_receipt(self, receipt: Receipt) -> bool:
        """Note what a gateway told later of a message; return whether anything was noted.

        Of one that never arrived staff see ``notice.undelivered``. Told again, or of a message that
        is not known, it changes nothing; that it was delivered is the last word.

        Raises :class:`~omnibook.errors.StoreError` when the store fails: have the gateway come
        again.
        """
        return finish(self._delivery.note_receipt(receipt))


class AsyncDispatcher:
    """:class:`Dispatcher` for ``asyncio``: the same pass over the same pieces, awaited.

    The store is asynchronous. Any other port may be of either kind; give a plain one only where it
    answers at once. Pieces are delivered one after the other. A pass that is cancelled leaves the
    piece that it was about to a later one.
    """

    def __init__(
        self,
        clinic: Clinic,
        *,
        store: AsyncStore,
        directory: PatientDirectory | AsyncPatientDirectory,
        keys: Keys,
        notifiers: Mapping[ContactSystem, Notifier | AsyncNotifier],
        events: EventSink | AsyncEventSink | None = None,
        link_address: Callable[[str], str] | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """Serve ``clinic`` by these ports; see :class:`Dispatcher`."""
        self._delivery = Delivery(
            wiring=Wiring(
                clinic=clinic,
                store=store,
                directory=directory,
                keys=keys,
                tokens=tokens,
            ),
            notifiers=dict(notifiers),
            events=events,
            link_address=link_address,
        )

    @twin_of(Dispatcher.run_once)
    async def run_once(self, stop: Callable[[], bool] = never) -> Delivered:
        return await self._delivery.run_once(stop)

    @twin_of(Dispatcher.note_receipt)
    async def note_receipt(self, receipt: Receipt) -> bool:
        return await self._delivery.note_receipt(receipt)
