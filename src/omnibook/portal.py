"""The patient's walk: identify, find, review, book, cancel.

:class:`Portal` carries and decides nothing: it reads the form, asks the ports, and gives the pure
decisions of :mod:`omnibook.visits`, :mod:`omnibook.holds` and :mod:`omnibook.booking` what they
need. It keeps no state between calls, so that any number of them, on any number of hosts, can serve
the same visitors.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from attrs import evolve

from omnibook.adapters.clocks import RandomTokens, SystemClock
from omnibook.adapters.limiter import MemoryLimiter
from omnibook.availability import (
    claimed_span,
    is_plausible,
)
from omnibook.booking import (
    CANCEL_REASON_LIMIT,
    BookRequest,
    CancelRequest,
    decide_book,
    decide_cancel,
    linked,
)
from omnibook.booking_form import BookingEntries, BookingForm, free_text
from omnibook.clinic import LANGUAGES, Clinic
from omnibook.errors import InvalidValue
from omnibook.finding import find, with_fresh
from omnibook.holds import ReviewRequest, decide_back, decide_review
from omnibook.identity import (
    Identity,
    IdentityForm,
    IdentityKeys,
    identify,
    parse_terms,
)
from omnibook.ids import (
    ContactKey,
    HoldId,
    SourceKey,
    SubjectKey,
    VisitToken,
)
from omnibook.orders import carry_out_quietly
from omnibook.outcomes import (
    BackOutcome,
    Booked,
    BookOutcome,
    CancelOutcome,
    FindOutcome,
    IdentifyOutcome,
    InvalidEntry,
    LinkDead,
    ResumeOutcome,
    ReviewOutcome,
    ServiceNotOffered,
    ShowOutcome,
    SlotTaken,
    TooManyAttempts,
    VisitOver,
)
from omnibook.ports import (
    Attempt,
    AttemptLimiter,
    Keys,
    PatientDirectory,
    ReadScope,
    ScheduleSource,
    Store,
    Tokens,
)
from omnibook.preference import Preference
from omnibook.problems import Problem, ProblemCode
from omnibook.records import VISITOR, Slot
from omnibook.sealed import read_link
from omnibook.standing import Standing, standing_of
from omnibook.times import local_date
from omnibook.transactions import Decision, Scope
from omnibook.visits import (
    IdentifyRequest,
    decide_identify,
    resumed,
)
from omnibook.wiring import CANCEL, Wiring, storable

_UNKNOWN_WAIT = timedelta(seconds=5)

_log = logging.getLogger("omnibook.portal")


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
        self._clinic = clinic
        self._store = store
        self._keys = keys
        self._limiter = limiter or MemoryLimiter(SystemClock())
        self._tokens = tokens or RandomTokens()
        self._wiring = Wiring(
            clinic=clinic,
            store=store,
            directory=directory,
            keys=keys,
            schedules=schedules,
            tokens=self._tokens,
        )

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
        if not isinstance(cast("object", source), str) or not source:
            raise InvalidValue("source must be a text that says where the visitor comes from")
        clinic = self._clinic
        now, _ = self._store.read(ReadScope(Scope(clinic_id=clinic.clinic_id)))
        identity = self._read_identity(form, terms, language, now)
        if isinstance(identity, InvalidEntry):
            return identity
        person = self._wiring.person(identity)
        wait = self._admit(identity, source, person)
        if wait is not None:
            return self._refuse_attempt(wait, person)
        candidates = self._wiring.directory.candidates(IdentityKeys.of(identity))
        match = identify(identity, candidates, clinic.policies.match)
        token = VisitToken(self._tokens.visit_token())
        subject = (
            person if match.patient is None else self._wiring.subject(match.patient.patient_id)
        )
        request = IdentifyRequest(
            clinic=clinic,
            token=token,
            identity=identity,
            match=match,
            language=str(language),
            source=SourceKey(self._keys.digest("source", source)),
            contact_keys=self._wiring.contact_keys(identity.contacts),
            operation=self._wiring.operation(VISITOR, subject),
        )
        return self._store.transact(
            Scope(clinic_id=clinic.clinic_id, visit=token.visit_id),
            partial(decide_identify, request),
        )

    def _read_identity(
        self, form: IdentityForm, terms: object, language: object, now: datetime
    ) -> Identity | InvalidEntry:
        clinic = self._clinic
        read = form.parse(clinic.entry_rules, today=local_date(now, clinic.zone))
        problems = list(read.problems) if isinstance(read, InvalidEntry) else []
        outdated = parse_terms(terms, current=clinic.terms.version)
        if outdated is not None:
            problems.append(outdated)
        if language not in LANGUAGES:
            problems.append(Problem(ProblemCode.LANGUAGE_UNSUPPORTED, "language"))
        if problems or isinstance(read, InvalidEntry):
            return InvalidEntry(tuple(problems))
        return read

    def _admit(self, identity: Identity, source: str, person: SubjectKey) -> timedelta | None:
        number = identity.health_number
        digest = self._keys.digest
        attempt = Attempt(
            source=digest("attempt source", source),
            health_number=None
            if number is None
            else digest("attempt number", f"{number.issuer} {number.value}"),
            person=person,
        )
        try:
            return self._limiter.admit(attempt)
        except Exception as fault:  # noqa: BLE001 - a broken limiter must not open the door (R12)
            _log.error("the attempt limiter failed, nobody is let in: %s", type(fault).__name__)
            return _UNKNOWN_WAIT

    def _refuse_attempt(self, wait: timedelta, person: SubjectKey) -> TooManyAttempts:
        outcome = TooManyAttempts(retry_after=wait)
        operation = self._wiring.operation(VISITOR, person)
        return self._store.transact(
            Scope(clinic_id=self._clinic.clinic_id),
            lambda snapshot: Decision(
                outcome, (operation.audit(snapshot.now, "identify", outcome.code),)
            ),
        )

    def resume(self, token: str) -> ResumeOutcome:
        """Continue a visit from the text that a browser kept, on any host (R16).

        Returns what :meth:`services` does; :class:`VisitOver` for a text that is no token.
        """
        try:
            visit = VisitToken(token)
        except InvalidValue:
            return VisitOver()
        return self.services(visit)

    def services(self, visit: VisitToken) -> ResumeOutcome:
        """List the services that the visitor may choose from now (R13, R19, R22).

        Returns :class:`Welcome`, :class:`NotOnline` when none is left, or :class:`VisitOver`.
        """
        standing = standing_of(self._wiring, visit)
        if standing is None:
            return VisitOver()
        return resumed(visit, self._clinic, standing.patient, standing.snapshot.now)

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
        standing = standing_of(self._wiring, visit)
        if standing is None:
            return VisitOver()
        return find(self._wiring, standing, service_id, preference, after)

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
        clinic = self._clinic
        standing = standing_of(self._wiring, visit)
        if standing is None:
            return VisitOver()
        entries = form.parse(standing.visit.identity.contacts, region=clinic.region)
        if not isinstance(cast("object", slot), Slot):
            others = entries.problems if isinstance(entries, InvalidEntry) else ()
            return InvalidEntry((*others, Problem(ProblemCode.SLOT_MALFORMED, "slot")))
        if isinstance(entries, InvalidEntry):
            return entries
        service = clinic.service(slot.service_id)
        if service is None:
            return ServiceNotOffered()
        schedule = clinic.schedule(slot.schedule_id)
        now = standing.snapshot.now
        held = standing.snapshot.live_hold_of(standing.visit.visit_id)
        known = held is not None and held.slot == slot
        if schedule is None or not (known or is_plausible(slot, service, now, clinic.policies)):
            return with_fresh(self._wiring, SlotTaken(), standing, slot.service_id, preference)
        contact_keys = standing.visit.contact_keys | self._wiring.contact_keys(entries.contacts)
        request = ReviewRequest(
            clinic=clinic,
            service=service,
            schedule=schedule,
            openings=self._wiring.openings_of(schedule.schedule_id),
            visit_id=standing.visit.visit_id,
            hold_id=HoldId(self._tokens.new_id()),
            slot=slot,
            entries=entries,
            contact_keys=contact_keys,
            patient=standing.patient,
            operation=self._wiring.operation(VISITOR, self._subject_of(standing)),
        )
        scope = self._scope(standing, contact_keys).widened(
            {slot.schedule_id: claimed_span(slot, service)}
        )
        outcome = self._store.transact(scope, partial(decide_review, request))
        if isinstance(outcome, SlotTaken):
            return with_fresh(self._wiring, outcome, standing, slot.service_id, preference)
        return outcome

    def go_back(self, visit: VisitToken) -> BackOutcome:
        """Release what the visit holds, so that others can have it at once (R35).

        Returns :class:`Released`, also when nothing was held, or :class:`VisitOver`.
        """
        standing = standing_of(self._wiring, visit)
        if standing is None:
            return VisitOver()
        return self._store.transact(
            self._scope(standing, frozenset()),
            partial(
                decide_back,
                standing.visit.visit_id,
                self._clinic.policies,
                self._wiring.operation(VISITOR, self._subject_of(standing)),
            ),
        )

    def book(
        self,
        visit: VisitToken,
        hold_id: str,
        *,
        form: BookingForm | None = None,
        preference: Preference | None = None,
    ) -> BookOutcome:
        """Book what is held (R36–R39, R42).

        ``form`` replaces the one given at *Review*. ``preference`` filters the fresh availabilities
        of a :class:`SlotTaken`; a hold that this visit never had has no service to search for.

        Returns :class:`Booked` with the reference number and the link that cancels, the
        appointment as it now stands when it was booked before; :class:`SlotTaken` with fresh
        availabilities when the hold is lost and the time too; :class:`ServiceNotOffered`;
        :class:`AlreadyBooked`; :class:`TooManyHolds`; :class:`InvalidEntry`;
        :class:`VisitOver`. Every refusal leaves the hold as it was.
        """
        clinic = self._clinic
        wanted = HoldId(storable(hold_id) or "")
        standing = standing_of(self._wiring, visit, hold_id=wanted)
        if standing is None:
            return VisitOver()
        hold = standing.snapshot.holds.get(wanted)
        if hold is not None and hold.visit_id != standing.visit.visit_id:
            hold = None
        contact_keys = frozenset[ContactKey]() if hold is None else hold.contact_keys
        read: tuple[BookingEntries, frozenset[ContactKey]] | InvalidEntry | None = None
        if form is not None:
            entries = form.parse(standing.visit.identity.contacts, region=clinic.region)
            if isinstance(entries, InvalidEntry):
                read = entries
            else:
                contact_keys = standing.visit.contact_keys | self._wiring.contact_keys(
                    entries.contacts
                )
                read = (entries, contact_keys)
        request = BookRequest(
            clinic=clinic,
            visit_id=standing.visit.visit_id,
            hold_id=wanted,
            form=read,
            openings=() if hold is None else self._wiring.openings_of(hold.slot.schedule_id),
            patient=standing.patient,
            reference=self._tokens.reference(),
            operation=self._wiring.operation(VISITOR, self._subject_of(standing)),
        )
        scope = evolve(self._scope(standing, contact_keys), hold=wanted)
        if hold is not None:
            scope = scope.widened({hold.slot.schedule_id: hold.claimed})
        outcome = self._store.transact(scope, partial(decide_book, request))
        if isinstance(outcome, SlotTaken) and hold is not None:
            return with_fresh(self._wiring, outcome, standing, hold.slot.service_id, preference)
        if isinstance(outcome, Booked):
            return self._after_booking(outcome)
        return outcome

    def _after_booking(self, booked: Booked) -> Booked:
        # The order is durable: where the directory fails now, the dispatcher carries it out (R41).
        appointment = booked.appointment
        carry_out_quietly(self._wiring, appointment)
        return evolve(booked, cancel_link=self._wiring.cancel_link(appointment))

    # Cancel --------------------------------------------------------------------------------------

    def show(self, link: str) -> ShowOutcome:
        """Show what a link of a message is about; nothing changes (R44).

        Returns :class:`LinkedAppointment`, or :class:`LinkDead`.
        """
        authentic = read_link(self._keys, CANCEL, self._clinic.clinic_id, link)
        if authentic is None:
            return LinkDead()
        scope = Scope(clinic_id=self._clinic.clinic_id, appointment=authentic.appointment_id)
        now, snapshot = self._store.read(ReadScope(scope))
        appointment = snapshot.appointments.get(authentic.appointment_id)
        return linked(appointment, authentic.revision, self._clinic, now)

    def cancel(self, link: str, reason: object = "") -> CancelOutcome:
        """Cancel an appointment by its link, for the patient (R44, R47).

        Only a deliberate act of the patient may call this, such as a POST: opening a link changes
        nothing. ``reason`` is optional, at most 500 characters.

        Returns :class:`Cancelled`, the same one when it is repeated; :class:`TooLate`;
        :class:`InvalidEntry` for an unusable reason; :class:`LinkDead`.
        """
        clinic_id = self._clinic.clinic_id
        authentic = read_link(self._keys, CANCEL, clinic_id, link)
        if authentic is None:
            return LinkDead()
        problems: list[Problem] = []
        why = free_text(reason, "reason", CANCEL_REASON_LIMIT, problems)
        if problems:
            return InvalidEntry(tuple(problems))
        scope = Scope(clinic_id=clinic_id, appointment=authentic.appointment_id)
        _, snapshot = self._store.read(ReadScope(scope))
        appointment = snapshot.appointments.get(authentic.appointment_id)
        if appointment is not None:
            scope = scope.widened({appointment.slot.schedule_id: appointment.claimed})
        subject = None if appointment is None else self._wiring.subject_of(appointment)
        request = CancelRequest(
            clinic=self._clinic,
            appointment_id=authentic.appointment_id,
            revision=authentic.revision,
            reason=why,
            operation=self._wiring.operation(VISITOR, subject),
        )
        return self._store.transact(scope, partial(decide_cancel, request))

    # What the steps share ------------------------------------------------------------------------

    def _scope(self, standing: Standing, contact_keys: frozenset[ContactKey]) -> Scope:
        """The keys of a decision of this visit, with the schedules of what it holds."""
        visit, patient = standing.visit, standing.patient
        scope = Scope(
            clinic_id=self._clinic.clinic_id,
            visit=visit.visit_id,
            contacts=contact_keys,
            source=visit.source,
            patients=frozenset() if patient is None else patient.ids,
        )
        held = standing.snapshot.live_hold_of(visit.visit_id)
        return scope if held is None else scope.widened({held.slot.schedule_id: held.claimed})

    def _subject_of(self, standing: Standing) -> SubjectKey:
        if standing.patient is not None:
            return self._wiring.subject(standing.patient.patient_id)
        return self._wiring.person(standing.visit.identity)
