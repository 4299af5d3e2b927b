"""The patient's walk: identify, find, review, book; then, by link: show, confirm, cancel, move.

:class:`Portal` waits for its ports, :class:`AsyncPortal` awaits them; both take the steps of
:mod:`omnibook.portal_walk` and :mod:`omnibook.link_walk`. All that
matters is in the store, so that any number of them, on any number of hosts, can serve the same
visitors. Between calls a portal keeps only what it worked out of the schedules' days
(:mod:`omnibook.kept_days`): make one for each process, and not for each request.
"""

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.limiter import MemoryLimiter
from omnibook.awaiting import finish, twin_of
from omnibook.booking_form import BookingForm
from omnibook.clinic import Clinic
from omnibook.identity import IdentityForm
from omnibook.ids import VisitToken
from omnibook.link_walk import LinkWalk
from omnibook.outcomes import (
    BackOutcome,
    BookOutcome,
    CancelOutcome,
    FindForMoveOutcome,
    FindOutcome,
    IdentifyOutcome,
    MoveOutcome,
    PresenceOutcome,
    ResumeOutcome,
    ReviewOutcome,
    ShowOutcome,
)
from omnibook.portal_walk import PortalWalk
from omnibook.ports import (
    AsyncAttemptLimiter,
    AsyncPatientDirectory,
    AsyncScheduleSource,
    AsyncStore,
    AttemptLimiter,
    Keys,
    PatientDirectory,
    ScheduleSource,
    Store,
    Tokens,
)
from omnibook.preference import Preference
from omnibook.records import Slot
from omnibook.wiring import Wiring


class Portal:
    """Online booking for one clinic's patients: one method for each step of the walk.

    Each method returns one of the outcomes of its union (:mod:`omnibook.outcomes`) and raises only
    for misuse or broken machinery (:mod:`omnibook.errors`). A call whose answer was lost can be
    repeated: it changes nothing twice.
    """

    def __init__(
        self,
        clinic: Clinic,
        *,
        store: Store,
        directory: PatientDirectory,
        keys: Keys,
        schedules: ScheduleSource | None = None,
        limiter: AttemptLimiter | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """Serve ``clinic`` by these ports.

        ``schedules`` defaults to the openings of the clinic's own file, ``limiter`` to one in this
        process's memory (several processes need a shared one), ``tokens`` to the operating
        system's randomness.
        """
        self._walk = PortalWalk(
            Wiring(
                clinic=clinic,
                store=store,
                directory=directory,
                keys=keys,
                schedules=schedules,
                tokens=tokens,
            ),
            limiter or MemoryLimiter(SystemClock()),
        )
        self._by_link = LinkWalk(self._walk.wiring)

    # Identify ------------------------------------------------------------------------------------

    def identify(
        self, form: IdentityForm, *, terms: object, language: object, source: str
    ) -> IdentifyOutcome:
        """Identify the visitor and list the services to choose from (R1–R14).

        ``terms`` is the version that was accepted (R2), ``language`` is ``"fr"`` or ``"en"``,
        ``source`` is where the visitor comes from, such as a network address: it is kept as a keyed
        hash only.

        Returns :class:`Welcome` with the visit's token and at least one service;
        :class:`NotOnline` when there is none for this visitor, one answer for every cause;
        :class:`InvalidEntry` with every problem of the input; :class:`TooManyAttempts`, also when
        the limiter itself fails (R12). Raises :class:`InvalidValue` for an empty ``source``.
        """
        return finish(self._walk.identify(form, terms=terms, language=language, source=source))

    def resume(self, token: str) -> ResumeOutcome:
        """Continue a visit from the text that a browser kept, on any host (R16).

        Returns what :meth:`services` does; :class:`VisitOver` for a text that is no token.
        """
        return finish(self._walk.resume(token))

    def services(self, visit: VisitToken) -> ResumeOutcome:
        """List the services that the visitor may choose from now (R13, R19, R22).

        Returns :class:`Welcome`, :class:`NotOnline` when none is left, or :class:`VisitOver`.
        """
        return finish(self._walk.services(visit))

    # Find ----------------------------------------------------------------------------------------

    def find(
        self,
        visit: VisitToken,
        service_id: str,
        preference: Preference,
        *,
        after: str | None = None,
    ) -> FindOutcome:
        """List the next five availabilities of a service (R24–R30).

        ``after`` is the cursor of the page before: *see more* gives the next five, up to fifty in
        all. The list is advisory: *Review* decides.

        Returns :class:`Page`; :class:`NoAvailability`; :class:`ServiceNotOffered`;
        :class:`InvalidEntry` for a preference or a cursor that is not usable;
        :class:`VisitOver`.
        """
        return finish(self._walk.find(visit, service_id, preference, after=after))

    # Review, go back, book -----------------------------------------------------------------------

    def review(
        self,
        visit: VisitToken,
        slot: Slot,
        form: BookingForm,
        *,
        preference: Preference | None = None,
    ) -> ReviewOutcome:
        """Hold a slot for five minutes, with the form as it is so far (R31–R36).

        ``slot`` may come from the client: it is judged anew, and one that was never offered is as
        good as taken (R38). What could not even be read as a :class:`Slot` may be handed over as it
        is: it is a problem of the entry. ``preference`` filters the fresh availabilities of a
        :class:`SlotTaken`; with an unusable one there are none.

        Returns :class:`Held`; :class:`SlotTaken` with fresh availabilities;
        :class:`ServiceNotOffered`; :class:`AlreadyBooked`; :class:`TooManyHolds`;
        :class:`InvalidEntry` for the form, and for a ``slot`` that is none; :class:`VisitOver`.
        Every refusal leaves what was held as it was.
        """
        return finish(self._walk.review(visit, slot, form, preference=preference))

    def go_back(self, visit: VisitToken) -> BackOutcome:
        """Release what the visit holds, so that others can have it at once (R35).

        Returns :class:`Released`, also when nothing was held, or :class:`VisitOver`.
        """
        return finish(self._walk.go_back(visit))

    def book(
        self,
        visit: VisitToken,
        hold_id: str,
        *,
        form: BookingForm | None = None,
        preference: Preference | None = None,
        language: object = None,
    ) -> BookOutcome:
        """Book what is held (R36–R39, R42).

        ``form`` replaces the one given at *Review*. ``preference`` filters the fresh availabilities
        of a :class:`SlotTaken`; a hold that this visit never had has no service to search for.
        ``language``, ``"fr"`` or ``"en"``, is what the messages of the appointment are written in;
        the visit's without it.

        Returns :class:`Booked` with the reference number and the link of the appointment, as it
        now stands when it was booked before; :class:`SlotTaken` with fresh
        availabilities when the hold is lost and the time too; :class:`ServiceNotOffered`;
        :class:`AlreadyBooked`; :class:`TooManyHolds`; :class:`InvalidEntry`;
        :class:`VisitOver`. Every refusal leaves the hold as it was.
        """
        return finish(
            self._walk.book(visit, hold_id, form=form, preference=preference, language=language)
        )

    # By the link of a message --------------------------------------------------------------------

    def show(self, link: str) -> ShowOutcome:
        """Show what a link of a message is about; nothing changes (R44).

        Returns :class:`LinkedAppointment`, or :class:`LinkDead`.
        """
        return finish(self._by_link.show(link))

    def confirm_presence(self, link: str) -> PresenceOutcome:
        """Record that the patient will come, by the link of the appointment (R43, R44).

        Only a deliberate act of the patient may call this, such as a POST: opening a link changes
        nothing.

        Returns :class:`PresenceConfirmed`, the first one when it is repeated; :class:`LinkDead`,
        also when the appointment was cancelled.
        """
        return finish(self._by_link.confirm_presence(link))

    def cancel(self, link: str, reason: object = "") -> CancelOutcome:
        """Cancel an appointment by its link, for the patient (R44, R47).

        Only a deliberate act of the patient may call this, such as a POST: opening a link changes
        nothing. ``reason`` is optional, at most 500 characters.

        Returns :class:`Cancelled`, the same one when it is repeated; :class:`TooLate`;
        :class:`InvalidEntry` for an unusable reason; :class:`LinkDead`.
        """
        return finish(self._by_link.cancel(link, reason))

    def find_for_move(
        self, link: str, preference: Preference, *, after: str | None = None
    ) -> FindForMoveOutcome:
        """List the next five times that the appointment can be moved to (R24–R30, R47).

        They are of the same service, on any of the clinic's schedules, and as if the appointment
        itself did not stand: a time that only it is in the way of is listed. The time that it has
        is not. ``after`` is the cursor of the page before, as for :meth:`find`; it is good for this
        link and preference only. Nothing is held: :meth:`move` decides.

        Returns :class:`Page`; :class:`NoAvailability`; :class:`ServiceNotOffered` when the patient
        is no longer eligible for the service; :class:`InvalidEntry` for a preference or a cursor
        that is not usable; :class:`TooLate`; :class:`LinkDead`, also when the appointment was
        cancelled.
        """
        return finish(self._by_link.find_for_move(link, preference, after=after))

    def move(self, link: str, slot: Slot, *, preference: Preference | None = None) -> MoveOutcome:
        """Move the appointment to another time: the new one is taken, the old one freed (R44, R47).

        Only a deliberate act of the patient may call this, such as a POST. ``slot`` may come from
        the client: it is judged anew. ``preference`` filters the fresh availabilities of a
        :class:`SlotTaken`; with an unusable one there are none.

        Returns :class:`Moved` with the link of the appointment as it is now, also when the move is
        repeated by the link that made it, and for the time that it has already, where nothing
        changes; :class:`SlotTaken` with fresh availabilities; :class:`ServiceNotOffered` when the
        patient is not eligible on that date, or for a slot of another service;
        :class:`InvalidEntry` for a ``slot`` that is none; :class:`TooLate`; :class:`LinkDead`.
        Every refusal leaves the appointment as it was.
        """
        return finish(self._by_link.move(link, slot, preference=preference))


class AsyncPortal:
    """:class:`Portal` for ``asyncio``: the same steps with the same outcomes, each awaited.

    The store is asynchronous. Any other port may be of either kind; give a plain one only where it
    answers at once, since a port that waits keeps every task of the event loop waiting.

    A task that is cancelled leaves the step done or undone, as a call does whose answer was lost.
    """

    def __init__(
        self,
        clinic: Clinic,
        *,
        store: AsyncStore,
        directory: PatientDirectory | AsyncPatientDirectory,
        keys: Keys,
        schedules: ScheduleSource | AsyncScheduleSource | None = None,
        limiter: AttemptLimiter | AsyncAttemptLimiter | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """Serve ``clinic`` by these ports; the defaults are :class:`Portal`'s."""
        self._walk = PortalWalk(
            Wiring(
                clinic=clinic,
                store=store,
                directory=directory,
                keys=keys,
                schedules=schedules,
                tokens=tokens,
            ),
            limiter or MemoryLimiter(SystemClock()),
        )
        self._by_link = LinkWalk(self._walk.wiring)

    @twin_of(Portal.identify)
    async def identify(
        self, form: IdentityForm, *, terms: object, language: object, source: str
    ) -> IdentifyOutcome:
        return await self._walk.identify(form, terms=terms, language=language, source=source)

    @twin_of(Portal.resume)
    async def resume(self, token: str) -> ResumeOutcome:
        return await self._walk.resume(token)

    @twin_of(Portal.services)
    async def services(self, visit: VisitToken) -> ResumeOutcome:
        return await self._walk.services(visit)

    @twin_of(Portal.find)
    async def find(
        self,
        visit: VisitToken,
        service_id: str,
        preference: Preference,
        *,
        after: str | None = None,
    ) -> FindOutcome:
        return await self._walk.find(visit, service_id, preference, after=after)

    @twin_of(Portal.review)
    async def review(
        self,
        visit: VisitToken,
        slot: Slot,
        form: BookingForm,
        *,
        preference: Preference | None = None,
    ) -> ReviewOutcome:
        return await self._walk.review(visit, slot, form, preference=preference)

    @twin_of(Portal.go_back)
    async def go_back(self, visit: VisitToken) -> BackOutcome:
        return await self._walk.go_back(visit)

    @twin_of(Portal.book)
    async def book(
        self,
        visit: VisitToken,
        hold_id: str,
        *,
        form: BookingForm | None = None,
        preference: Preference | None = None,
        language: object = None,
    ) -> BookOutcome:
        return await self._walk.book(
            visit, hold_id, form=form, preference=preference, language=language
        )

    @twin_of(Portal.show)
    async def show(self, link: str) -> ShowOutcome:
        return await self._by_link.show(link)

    @twin_of(Portal.confirm_presence)
    async def confirm_presence(self, link: str) -> PresenceOutcome:
        return await self._by_link.confirm_presence(link)

    @twin_of(Portal.cancel)
    async def cancel(self, link: str, reason: object = "") -> CancelOutcome:
        return await self._by_link.cancel(link, reason)

    @twin_of(Portal.find_for_move)
    async def find_for_move(
        self, link: str, preference: Preference, *, after: str | None = None
    ) -> FindForMoveOutcome:
        return await self._by_link.find_for_move(link, preference, after=after)

    @twin_of(Portal.move)
    async def move(
        self, link: str, slot: Slot, *, preference: Preference | None = None
    ) -> MoveOutcome:
        return await self._by_link.move(link, slot, preference=preference)
