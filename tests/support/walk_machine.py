"""Many visitors, the desk and the dispatcher in any order, in two worlds side by side.

One world is in memory. The other differs in one thing, such as its store. Whatever is answered in
one must be answered in the other, identifiers included; and after each step the laws of claims hold
(R26, R28, R33–R35, R37, R38, R40, R46).
"""

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations, count
from typing import TypeVar

from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import omnibook as ob
from omnibook.clinic import Clinic
from omnibook.ids import AppointmentId, ClinicId, ClosureId, OpeningId, ScheduleId, ServiceId
from omnibook.ports import Tokens
from omnibook.records import ClaimKind
from support.looking import appointments, live_claims, on_schedules, trail
from support.tokens import SeededTokens
from support.worlds import (
    JEANS_FORM,
    MARIE,
    MARIES_FORM,
    STAFF,
    START,
    World,
    small_clinic,
    strangers_form,
    world,
)

T = TypeVar("T")

QUARTER = timedelta(minutes=15)
SCHEDULES = ("gagnon", "nguyen")
NURSE = "nurse"
"""Whom nobody wishes for; a list of where to move has the schedule's times too."""
MARKS = ("booked", "arrived", "fulfilled", "noshow", "entered-in-error")
LENGTHS = {"open": QUARTER, "file": 2 * QUARTER, "doctor": 2 * QUARTER}
FORMS = (MARIES_FORM, JEANS_FORM, *(strangers_form(number) for number in range(1, 5)))
FILES = (MARIE, evolve(MARIE, family_doctor=None), evolve(MARIE, active=False))
BOOKING_FORMS = (
    ob.BookingForm("why"),
    ob.BookingForm("why", email="new@example.org"),
    ob.BookingForm("why", cell_phone="514 555-0101"),
    ob.BookingForm("x" * 101),
)
STEPS = (
    timedelta(microseconds=1),
    timedelta(minutes=1),
    timedelta(minutes=5, microseconds=-1),
    timedelta(minutes=5),
    timedelta(minutes=29),
)
numbers = count(1)


@st.composite
def _wishes(draw: st.DrawFn) -> ob.Slot:
    """A time of the first hours of two schedules, on the grid and of the right length mostly."""
    service = draw(st.sampled_from(["open", "open", "open", *LENGTHS]))
    off = draw(st.sampled_from([0, 0, 0, 0, 0, 0, 0, 7]))
    quarters = draw(st.integers(0, 5))
    start = START + timedelta(hours=3, minutes=off) + quarters * QUARTER
    schedule = draw(st.sampled_from(SCHEDULES))
    return ob.Slot(ServiceId(service), ScheduleId(schedule), start, start + LENGTHS[service])


wishes = _wishes()
which = st.integers(0, 10**6)
booking_forms = st.sampled_from((*BOOKING_FORMS[:3], *BOOKING_FORMS))


class Walks(RuleBasedStateMachine):
    """What is known outside the stores: tokens, holds as they were answered, appointments."""

    clock: ob.ManualClock
    """The other world's."""

    def __init__(self) -> None:
        super().__init__()
        clinic = small_clinic(clinic_id=ClinicId(f"clinic-{next(numbers)}"))
        self.memory = world(clinic, tokens=SeededTokens())
        self.other = self.other_world(clinic, SeededTokens())
        self.clock.set(START)
        self.tokens: list[ob.VisitToken] = []
        self.held: dict[ob.VisitToken, ob.Held] = {}
        self.hold_ids: list[tuple[ob.VisitToken, str]] = []
        self.booked: dict[str, ob.Booked] = {}
        self.appointments: list[AppointmentId] = []
        self.links: list[str] = []
        self.made: list[str] = []

    def other_world(self, clinic: Clinic, tokens: Tokens) -> World:
        """The world that is compared; it may outlive an example: the clinic is a new one."""
        raise NotImplementedError

    def both(self, act: Callable[[World], T]) -> T:
        """Take a step in both worlds: the same answer."""
        first, second = act(self.memory), act(self.other)
        assert first == second
        return first

    @property
    def now_and_then(self) -> str:
        """A request identifier: half of them were used before."""
        self.made.append(f"request-{len(self.made) // 2}")
        return self.made[-1]

    # Visitors ----------------------------------------------------------------------------------

    @initialize()
    def some_come(self) -> None:
        for number, form in enumerate(FORMS[:4]):
            self.identify(form, f"source-{number}")

    @rule(
        form=st.sampled_from(FORMS),
        source=st.sampled_from(["here", "there", "elsewhere"]),
        slot=wishes,
        typed=booking_forms,
    )
    def come_and_review(
        self, form: ob.IdentityForm, source: str, slot: ob.Slot, typed: ob.BookingForm
    ) -> None:
        self.identify(form, source)
        self.review_it(self.tokens[-1], slot, typed)

    def identify(self, form: ob.IdentityForm, source: str) -> None:
        welcome = self.both(
            lambda w: w.portal.identify(form, terms="2026-01", language="en", source=source)
        )
        assert isinstance(welcome, ob.Welcome)
        assert "open" in {each.service_id for each in welcome.services}
        self.tokens.append(welcome.visit)

    def token(self, number: int) -> ob.VisitToken:
        """One of the latest: the visits of the others may be over."""
        latest = self.tokens[-6:]
        return latest[number % len(latest)]

    @rule(number=which, service=st.sampled_from(sorted(LENGTHS)))
    def find(self, number: int, service: str) -> None:
        token = self.token(number)
        page = self.both(lambda w: w.portal.find(token, service, ob.Preference.soonest()))
        if isinstance(page, ob.Page) and page.cursor is not None:
            cursor = page.cursor
            more = self.both(
                lambda w: w.portal.find(token, service, ob.Preference.soonest(), after=cursor)
            )
            assert isinstance(more, ob.Page)
            both = [*page.slots, *more.slots]
            assert both == sorted(set(both), key=lambda slot: slot.rank)  # R26

    @precondition(lambda self: self.held)
    @rule(number=which, other=st.none() | which, form=booking_forms)
    def want_the_same(self, number: int, other: int | None, form: ob.BookingForm) -> None:
        """The visitor who holds a time reviews it again, or somebody else does."""
        token, held = list(self.held.items())[number % len(self.held)]
        self.review_it(token if other is None else self.token(other), held.slot, form)

    @precondition(lambda self: self.held)
    @rule(number=which, form=st.none() | booking_forms)
    def book_what_is_held(self, number: int, form: ob.BookingForm | None) -> None:
        token, held = list(self.held.items())[number % len(self.held)]
        self.try_to_book(token, held.hold_id, form)

    @rule(number=which, slot=wishes, form=booking_forms)
    def review(self, number: int, slot: ob.Slot, form: ob.BookingForm) -> None:
        self.review_it(self.token(number), slot, form)

    def review_it(self, token: ob.VisitToken, slot: ob.Slot, form: ob.BookingForm) -> None:
        before = self.held.get(token)
        outcome = self.both(lambda w: w.portal.review(token, slot, form))
        if not isinstance(outcome, ob.Held):
            return
        now = self.clock.now()
        if before is not None and before.slot == slot and now < before.expires_at:
            assert outcome == evolve(before, remaining=before.expires_at - now)  # R35
        for other, held in list(self.held.items()):
            if other != token and held.slot == slot and now < held.expires_at:
                assert outcome.expires_at == held.expires_at  # R35, taken over
                del self.held[other]
        self.held[token] = outcome
        self.hold_ids.append((token, outcome.hold_id))
        self.see_it(token, slot)

    def see_it(self, token: ob.VisitToken, slot: ob.Slot) -> None:
        """The visitor still sees the time; a stranger who comes now does not (R28)."""
        local = slot.start.astimezone(self.memory.clinic.zone).time()
        until = (slot.start + QUARTER).astimezone(self.memory.clinic.zone).time()
        exactly = ob.Preference(
            first_date=slot.start.date(),
            last_date=slot.start.date(),
            time_of_day=(local, until),
            practitioner=slot.schedule_id,
        )
        mine = self.both(lambda w: w.portal.find(token, slot.service_id, exactly))
        stranger = self.both(
            lambda w: w.portal.identify(
                strangers_form(90), terms="2026-01", language="fr", source="far away"
            )
        )
        assert isinstance(stranger, ob.Welcome)
        theirs = self.both(lambda w: w.portal.find(stranger.visit, "open", exactly))
        assert isinstance(mine, ob.Page)
        assert slot in mine.slots
        assert theirs == ob.NoAvailability()

    @rule(number=which)
    def go_back(self, number: int) -> None:
        token = self.token(number)
        if self.both(lambda w: w.portal.go_back(token)) == ob.Released():
            self.held.pop(token, None)

    @precondition(lambda self: self.hold_ids)
    @rule(number=which, form=st.none() | booking_forms, other=st.booleans())
    def book(self, number: int, form: ob.BookingForm | None, other: bool) -> None:
        token, hold_id = self.hold_ids[number % len(self.hold_ids)]
        self.try_to_book(self.token(number) if other else token, hold_id, form)

    def try_to_book(self, token: ob.VisitToken, hold_id: str, form: ob.BookingForm | None) -> None:
        now, held = self.clock.now(), self.held.get(token)
        outcome = self.both(lambda w: w.portal.book(token, hold_id, form=form))
        if held is not None and held.hold_id == hold_id and now < held.expires_at:
            assert not isinstance(outcome, ob.VisitOver)  # R16
            if now < held.slot.start:
                assert not isinstance(outcome, ob.SlotTaken)  # R37
        if isinstance(outcome, ob.Booked):
            first = self.booked.setdefault(hold_id, outcome)
            assert outcome.reference == first.reference  # R38
            if outcome.appointment.revision == first.appointment.revision:
                assert outcome.link == first.link
            if held is not None and held.hold_id == hold_id:
                del self.held[token]
            self.remember(outcome)

    def remember(self, booked: ob.Booked) -> None:
        self.appointments.append(booked.appointment.appointment_id)
        self.links.append(booked.link)

    @precondition(lambda self: self.links)
    @rule(number=which, reason=st.sampled_from(["", "ill"]), by_the_desk=st.booleans())
    def cancel(self, number: int, reason: str, by_the_desk: bool) -> None:
        if by_the_desk:
            self.desk_cancel(number, close=bool(reason))
            return
        link = self.links[number % len(self.links)]
        outcome = self.both(lambda w: w.portal.cancel(link, reason))
        if isinstance(outcome, ob.Cancelled):
            assert self.both(lambda w: w.portal.cancel(link, "again")) == outcome  # R44

    @precondition(lambda self: self.links)
    @rule(number=which)
    def confirm(self, number: int) -> None:
        link = self.links[number % len(self.links)]
        outcome = self.both(lambda w: w.portal.confirm_presence(link))
        if isinstance(outcome, ob.PresenceConfirmed):
            assert self.both(lambda w: w.portal.confirm_presence(link)) == outcome  # R44

    @precondition(lambda self: self.links)
    @rule(number=which, slot=wishes)
    def move(self, number: int, slot: ob.Slot) -> None:
        self.try_to_move(self.links[number % len(self.links)], slot)

    @precondition(lambda self: self.links)
    @rule(number=which, chosen=st.integers(0, 4))
    def move_to_what_is_listed(self, number: int, chosen: int) -> None:
        """R47: nobody comes in between, so that it can be had."""
        link = self.links[number % len(self.links)]
        page = self.both(lambda w: w.portal.find_for_move(link, ob.Preference.soonest()))
        if isinstance(page, ob.Page):
            slot = page.slots[chosen % len(page.slots)]
            assert isinstance(self.try_to_move(link, slot), ob.Moved)
        elif not isinstance(page, ob.NoAvailability):
            assert self.try_to_move(link, self.a_slot_for(link)) == page

    def a_slot_for(self, link: str) -> ob.Slot:
        """A time that nothing is known of, for the service of a link's appointment."""
        kept = appointments(self.memory.store, self.clinic_id)
        mine = next(each for each in kept if link.startswith(each.appointment_id))
        start = START + timedelta(days=3, minutes=7)
        return evolve(mine.slot, start=start, end=start + LENGTHS[mine.slot.service_id])

    def try_to_move(self, link: str, slot: ob.Slot) -> ob.MoveOutcome:
        before = appointments(self.memory.store, self.clinic_id)
        outcome = self.both(lambda w: w.portal.move(link, slot))
        if isinstance(outcome, ob.Moved):
            assert outcome.appointment.slot == slot
            assert self.both(lambda w: w.portal.move(link, slot)) == outcome  # R44
            self.links.append(outcome.link)
        else:
            assert appointments(self.memory.store, self.clinic_id) == before  # R47
        return outcome

    @rule(file=st.sampled_from(FILES))
    def change_the_file(self, file: ob.Patient) -> None:
        self.both(lambda w: w.directory.put(file))

    # The clinic --------------------------------------------------------------------------------

    @rule(slot=wishes, patient=st.sampled_from(["p-marie", "p-jean", FORMS[3]]))
    def desk_book(self, slot: ob.Slot, patient: str | ob.IdentityForm) -> None:
        request = self.now_and_then
        held = [each for each in self.held.values() if self.clock.now() < each.expires_at]
        known = {each.appointment_id for each in appointments(self.memory.store, self.clinic_id)}
        outcome = self.both(
            lambda w: w.desk.book(
                request, slot, BOOKING_FORMS[0], patient=patient, actor=STAFF, language="en"
            )
        )
        if isinstance(outcome, ob.Booked):
            if outcome.appointment.appointment_id not in known:
                mine = outcome.appointment.slot
                assert not any(  # R33
                    each.slot.schedule_id == mine.schedule_id and each.slot.span.overlaps(mine.span)
                    for each in held
                )
            self.remember(outcome)

    def desk_cancel(self, number: int, *, close: bool) -> None:
        identifier = self.appointments[number % len(self.appointments)]
        self.both(lambda w: w.desk.cancel(identifier, reason="ill", actor=STAFF, close_time=close))

    @precondition(lambda self: self.appointments)
    @rule(number=which, what=st.sampled_from(["move", "attach", "confirm", *MARKS]), slot=wishes)
    def desk_deed(self, number: int, what: str, slot: ob.Slot) -> None:
        """Staff move, attach, confirm or mark an appointment, and do it once more (R38)."""
        which = self.appointments[number % len(self.appointments)]
        (known,) = (
            each
            for each in appointments(self.memory.store, self.clinic_id)
            if each.appointment_id == which
        )

        def deed(w: World) -> object:
            if what == "move":
                where, start = slot.schedule_id, slot.start
                return w.desk.move(which, where, start, revision=known.revision, actor=STAFF)
            if what == "attach":
                return w.desk.attach(which, "p-jean", actor=STAFF)
            if what == "confirm":
                return w.desk.confirm_presence(which, actor=STAFF)
            return w.desk.mark(which, ob.AppointmentStatus(what), actor=STAFF)

        outcome = self.both(deed)
        assert self.both(deed) == outcome
        if isinstance(outcome, ob.Moved):
            self.links.append(outcome.link)

    @rule(slot=wishes, what=st.integers(0, 2), number=which)
    def open_or_close(self, slot: ob.Slot, what: int, number: int) -> None:
        if what == 0:
            self.open(slot)
        elif what == 1:
            self.close(slot)
        elif self.made:
            self.withdraw(number)

    def close(self, slot: ob.Slot) -> None:
        request = self.now_and_then
        self.both(
            lambda w: w.desk.close_time(
                request, slot.schedule_id, slot.start, slot.end, actor=STAFF
            )
        )

    def open(self, slot: ob.Slot) -> None:
        request = self.now_and_then
        self.both(
            lambda w: w.desk.open_time(
                request,
                slot.schedule_id,
                slot.start,
                slot.end,
                activities=("care",),
                interval=timedelta(minutes=5),
                actor=STAFF,
            )
        )

    def withdraw(self, number: int) -> None:
        from omnibook.desk import closure_of, opening_of

        request = self.made[number % len(self.made)]
        clinic_id = self.memory.clinic.clinic_id
        opening: OpeningId = opening_of(clinic_id, request)
        closure: ClosureId = closure_of(clinic_id, request)
        self.both(lambda w: w.desk.withdraw_opening(opening, actor=STAFF))
        self.both(lambda w: w.desk.withdraw_closure(closure, actor=STAFF))

    @rule(refuses=st.booleans())
    def dispatch(self, refuses: bool) -> None:
        self.memory.notifier.failing = self.other.notifier.failing = refuses
        self.both(lambda w: w.dispatcher.run_once())

    @rule(step=st.sampled_from(STEPS))
    def wait(self, step: timedelta) -> None:
        self.memory.clock.advance(step)
        self.clock.advance(step)

    @precondition(lambda self: any(self.clock.now() < e.expires_at for e in self.held.values()))
    @rule(early=st.sampled_from([timedelta(), timedelta(microseconds=1)]))
    def wait_for_an_expiry(self, early: timedelta) -> None:
        """R34: to the instant, or to the last one before it."""
        now = self.clock.now()
        soonest = min(e.expires_at for e in self.held.values() if now < e.expires_at)
        self.wait(max(soonest - early - now, timedelta()))

    # What always holds -------------------------------------------------------------------------

    @property
    def clinic_id(self) -> str:
        return self.memory.clinic.clinic_id

    @invariant()
    def claims_are_kept(self) -> None:
        """R34, R35, R40: in both stores, read anew."""
        seen = self.both(lambda w: on_schedules(w.store, (*SCHEDULES, NURSE), self.clinic_id))
        kept = self.both(lambda w: appointments(w.store, self.clinic_id))
        claims = live_claims(seen)
        for one, other in combinations(claims, 2):
            assert one.schedule_id != other.schedule_id or not one.span.overlaps(other.span)
        booked = {each.appointment_id for each in kept if each.status.occupies}
        claimed = {each.owner for each in claims if each.kind is ClaimKind.APPOINTMENT}
        assert claimed == booked
        holds = {each.owner: each for each in claims if each.kind is ClaimKind.HOLD}
        live = {e.hold_id: e for e in self.held.values() if self.clock.now() < e.expires_at}
        assert holds.keys() == live.keys()
        for hold_id, claim in holds.items():
            assert claim.expires_at == live[hold_id].expires_at  # type: ignore[index]
            assert seen.holds[hold_id].slot == live[hold_id].slot  # type: ignore[index]

    def teardown(self) -> None:
        """The trail, the messages and the events are the same; messages tell no one twice."""
        self.memory.notifier.failing = self.other.notifier.failing = False
        self.wait(timedelta(days=2))
        self.both(lambda w: w.dispatcher.run_once())
        self.both(lambda w: trail(w.store, self.clinic_id))
        sent = self.both(lambda w: w.notifier.sent)
        told = self.both(lambda w: w.events.told)
        assert len({message.message_id for message in sent}) == len(sent)  # R46
        assert len({event.event_id for event in told}) == len(told)


def walk_in_both(machine: type[Walks], *, share: int = 5) -> None:
    """Run the machine on so many of the profile's examples: one of ``share``."""
    chosen = settings(max_examples=max(settings().max_examples // share, 1), stateful_step_count=35)
    run_state_machine_as_test(machine, settings=chosen)
