"""The steps of the patient's walk, for the portal that waits and for the one that is awaited.

It carries and decides nothing: it reads the form, asks the ports, and gives the pure decisions of
:mod:`omnibook.visits`, :mod:`omnibook.holds` and :mod:`omnibook.booking` what they need. What each
step answers, and when, is told where the public sees it: at :class:`omnibook.Portal`.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from attrs import evolve, frozen

from omnibook.availability import (
    claimed_span,
    is_plausible,
)
from omnibook.awaiting import settled
from omnibook.booking import (
    BookRequest,
    decide_book,
)
from omnibook.booking_form import BookingEntries, BookingForm
from omnibook.clinic import LANGUAGES
from omnibook.errors import InvalidValue
from omnibook.finding import find, with_fresh
from omnibook.holds import ReviewRequest, decide_back, decide_review
from omnibook.identity import (
    Identity,
    IdentityForm,
    identify,
    parse_terms,
)
from omnibook.ids import (
    ContactKey,
    HoldId,
    PatientId,
    SourceKey,
    SubjectKey,
    VisitToken,
)
from omnibook.orders import carry_out_quietly
from omnibook.outcomes import (
    BackOutcome,
    Booked,
    BookOutcome,
    FindOutcome,
    IdentifyOutcome,
    InvalidEntry,
    ResumeOutcome,
    ReviewOutcome,
    ServiceNotOffered,
    SlotTaken,
    TooManyAttempts,
    VisitOver,
)
from omnibook.ports import AsyncAttemptLimiter, Attempt, AttemptLimiter, ReadScope
from omnibook.preference import Preference
from omnibook.problems import Problem, ProblemCode
from omnibook.records import VISITOR, Slot
from omnibook.standing import (
    Standing,
    facts_for,
    nobodys_file,
    standing_of,
    standing_with_outlook,
)
from omnibook.times import local_date
from omnibook.transactions import Decision, Scope
from omnibook.visits import (
    IdentifyRequest,
    asks_visits,
    decide_identify,
    resumed,
)
from omnibook.wiring import Wiring, storable

_UNKNOWN_WAIT = timedelta(seconds=5)

_log = logging.getLogger("omnibook.portal")


@frozen
class PortalWalk:
    """One clinic's walk, by its ports.

    Nothing is kept between steps but the days that searches worked out (:mod:`omnibook.kept_days`),
    in the wiring: they make the next list fast, decide nothing, and may be lost.
    """

    wiring: Wiring
    limiter: AttemptLimiter | AsyncAttemptLimiter

    # Identify ------------------------------------------------------------------------------------

    async def identify(
        self, form: IdentityForm, *, terms: object, language: object, source: str
    ) -> IdentifyOutcome:
        """See :meth:`omnibook.Portal.identify`."""
        if not isinstance(cast("object", source), str) or not source:
            raise InvalidValue("source must be a text that says where the visitor comes from")
        clinic = self.wiring.clinic
        now, _ = await self.wiring.read(ReadScope(Scope(clinic_id=clinic.clinic_id)))
        identity = self._read_identity(form, terms, language, now)
        if isinstance(identity, InvalidEntry):
            return identity
        person = self.wiring.person(identity)
        wait = await self._admit(identity, source, person)
        if wait is not None:
            return await self._refuse_attempt(wait, person)
        candidates = await settled(
            self.wiring.directory.candidates(self.wiring.identity_keys(identity))
        )
        match = identify(identity, candidates, clinic.policies.match)
        token = VisitToken(self.wiring.tokens.visit_token())
        patients = frozenset[PatientId]()
        if asks_visits(clinic.services):
            # Candidates need not say which files theirs replaces, and so where visits are (R9).
            # Of a visitor without a file, that of nobody is asked for: no call tells them apart.
            nobody = nobodys_file(token.visit_id)
            found = match.patient
            file = await self.wiring.live_file(nobody if found is None else found.patient_id)
            patients = frozenset({nobody})
            if found is not None:
                patients = found.ids if file is None else file.ids
                match = evolve(match, patient=evolve(found, replaces=patients))
        subject = person if match.patient is None else self.wiring.subject(match.patient.patient_id)
        request = IdentifyRequest(
            clinic=clinic,
            token=token,
            identity=identity,
            match=match,
            language=str(language),
            source=SourceKey(self.wiring.keys.digest("source", source)),
            contact_keys=self.wiring.contact_keys(identity.contacts),
            operation=self.wiring.operation(VISITOR, subject),
        )
        return await self.wiring.transact(
            Scope(clinic_id=clinic.clinic_id, visit=token.visit_id, patients=patients),
            partial(decide_identify, request),
        )

    def _read_identity(
        self, form: IdentityForm, terms: object, language: object, now: datetime
    ) -> Identity | InvalidEntry:
        clinic = self.wiring.clinic
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

    async def _admit(self, identity: Identity, source: str, person: SubjectKey) -> timedelta | None:
        number = identity.health_number
        digest = self.wiring.keys.digest
        attempt = Attempt(
            source=digest("attempt source", source),
            health_number=None
            if number is None
            else digest("attempt number", f"{number.issuer} {number.value}"),
            person=person,
        )
        try:
            return await settled(self.limiter.admit(attempt))
        except Exception as fault:  # noqa: BLE001 - a broken limiter must not open the door (R12)
            _log.error("the attempt limiter failed, nobody is let in: %s", type(fault).__name__)
            return _UNKNOWN_WAIT

    async def _refuse_attempt(self, wait: timedelta, person: SubjectKey) -> TooManyAttempts:
        outcome = TooManyAttempts(retry_after=wait)
        operation = self.wiring.operation(VISITOR, person)
        return await self.wiring.transact(
            Scope(clinic_id=self.wiring.clinic.clinic_id),
            lambda snapshot: Decision(
                outcome, (operation.audit(snapshot.now, "identify", outcome.code),)
            ),
        )

    async def resume(self, token: str) -> ResumeOutcome:
        """See :meth:`omnibook.Portal.resume`."""
        try:
            visit = VisitToken(token)
        except InvalidValue:
            return VisitOver()
        return await self.services(visit)

    async def services(self, visit: VisitToken) -> ResumeOutcome:
        """See :meth:`omnibook.Portal.services`."""
        standing = await standing_of(self.wiring, visit)
        if standing is None:
            return VisitOver()
        clinic = self.wiring.clinic
        known = await facts_for(self.wiring, standing, clinic.services)
        return resumed(visit, clinic, known, standing.snapshot.now)

    # Find ----------------------------------------------------------------------------------------

    async def find(
        self,
        visit: VisitToken,
        service_id: str,
        preference: Preference,
        *,
        after: str | None = None,
    ) -> FindOutcome:
        """See :meth:`omnibook.Portal.find`."""
        looked = await standing_with_outlook(self.wiring, visit)
        if looked is None:
            return VisitOver()
        standing, outlook = looked
        return await find(self.wiring, standing, outlook, service_id, preference, after=after)

    # Review, go back, book -----------------------------------------------------------------------

    async def review(
        self,
        visit: VisitToken,
        slot: Slot,
        form: BookingForm,
        *,
        preference: Preference | None = None,
    ) -> ReviewOutcome:
        """See :meth:`omnibook.Portal.review`."""
        clinic = self.wiring.clinic
        standing = await standing_of(self.wiring, visit)
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
            return await with_fresh(self.wiring, SlotTaken(), standing, slot.service_id, preference)
        contact_keys = standing.visit.contact_keys | self.wiring.contact_keys(entries.contacts)
        request = ReviewRequest(
            clinic=clinic,
            service=service,
            schedule=schedule,
            openings=await self.wiring.openings_of(schedule.schedule_id),
            visit_id=standing.visit.visit_id,
            hold_id=HoldId(self.wiring.tokens.new_id()),
            slot=slot,
            entries=entries,
            contact_keys=contact_keys,
            patient=standing.patient,
            operation=self.wiring.operation(VISITOR, self._subject_of(standing)),
        )
        scope = self._scope(standing, contact_keys).widened(
            {slot.schedule_id: claimed_span(slot, service)}
        )
        outcome = await self.wiring.transact(scope, partial(decide_review, request))
        if isinstance(outcome, SlotTaken):
            return await with_fresh(self.wiring, outcome, standing, slot.service_id, preference)
        return outcome

    async def go_back(self, visit: VisitToken) -> BackOutcome:
        """See :meth:`omnibook.Portal.go_back`."""
        standing = await standing_of(self.wiring, visit)
        if standing is None:
            return VisitOver()
        return await self.wiring.transact(
            self._scope(standing, frozenset()),
            partial(
                decide_back,
                standing.visit.visit_id,
                self.wiring.clinic.policies,
                self.wiring.operation(VISITOR, self._subject_of(standing)),
            ),
        )

    async def book(
        self,
        visit: VisitToken,
        hold_id: str,
        *,
        form: BookingForm | None = None,
        preference: Preference | None = None,
        language: object = None,
    ) -> BookOutcome:
        """See :meth:`omnibook.Portal.book`."""
        clinic = self.wiring.clinic
        wanted = HoldId(storable(hold_id) or "")
        standing = await standing_of(self.wiring, visit, hold_id=wanted)
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
                contact_keys = standing.visit.contact_keys | self.wiring.contact_keys(
                    entries.contacts
                )
                read = (entries, contact_keys)
        spoken = next((each for each in LANGUAGES if each == language), None)
        if language is not None and spoken is None:
            others = read.problems if isinstance(read, InvalidEntry) else ()
            read = InvalidEntry((*others, Problem(ProblemCode.LANGUAGE_UNSUPPORTED, "language")))
        request = BookRequest(
            clinic=clinic,
            visit_id=standing.visit.visit_id,
            hold_id=wanted,
            form=read,
            openings=() if hold is None else await self.wiring.openings_of(hold.slot.schedule_id),
            patient=standing.patient,
            reference=self.wiring.tokens.reference(),
            operation=self.wiring.operation(VISITOR, self._subject_of(standing)),
            language=spoken,
        )
        scope = evolve(self._scope(standing, contact_keys), hold=wanted)
        if hold is not None:
            scope = scope.widened({hold.slot.schedule_id: hold.claimed})
        outcome = await self.wiring.transact(scope, partial(decide_book, request))
        if isinstance(outcome, SlotTaken) and hold is not None:
            return await with_fresh(
                self.wiring, outcome, standing, hold.slot.service_id, preference
            )
        if isinstance(outcome, Booked):
            return await self._after_booking(outcome)
        return outcome

    async def _after_booking(self, booked: Booked) -> Booked:
        # The order is durable: where the directory fails now, the dispatcher carries it out (R41).
        appointment = booked.appointment
        await carry_out_quietly(self.wiring, appointment)
        return evolve(booked, link=self.wiring.link_to(appointment))

    # What the steps share ------------------------------------------------------------------------

    def _scope(self, standing: Standing, contact_keys: frozenset[ContactKey]) -> Scope:
        """The keys of a decision of this visit, with the schedules of what it holds."""
        visit, patient = standing.visit, standing.patient
        scope = Scope(
            clinic_id=self.wiring.clinic.clinic_id,
            visit=visit.visit_id,
            contacts=contact_keys,
            source=visit.source,
            patients=frozenset() if patient is None else patient.ids,
        )
        held = standing.snapshot.live_hold_of(visit.visit_id)
        return scope if held is None else scope.widened({held.slot.schedule_id: held.claimed})

    def _subject_of(self, standing: Standing) -> SubjectKey:
        if standing.patient is not None:
            return self.wiring.subject(standing.patient.patient_id)
        return self.wiring.person(standing.visit.identity)
