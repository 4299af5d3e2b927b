"""Each step of a walk answers by the facts of its moment (R19, R20, R22)."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, TypeVar

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import omnibook as ob
from omnibook.criteria import (
    AgeRange,
    FamilyDoctorHere,
    ForDependant,
    HadVisitFor,
    HasTag,
    LastVisit,
    MinimumInterval,
    Not,
    Period,
    UpcomingLimit,
    When,
)
from omnibook.criterion import Criterion
from omnibook.eligibility import (
    UNKNOWN,
    Eligibility,
    PriorVisit,
    PriorVisits,
    judge_eligibility,
    possible_on_some_day,
)
from omnibook.errors import InvalidValue
from omnibook.identity import ActingFor
from omnibook.ids import PatientId
from omnibook.known_facts import facts_of
from omnibook.patient import PlannedVisit
from omnibook.ports import Query
from omnibook.records import Appointment, AppointmentStatus
from omnibook.times import local_date
from omnibook.transactions import Again, Decision, PutAppointment, Scope, Snapshot
from support.worlds import MARIE, MARIES_FORM, STAFF, START, TORONTO, World, service, small_clinic
from support.worlds import world as a_world

AnswerT = TypeVar("AnswerT")
OutcomeT = TypeVar("OutcomeT")
TODAY = date(2026, 3, 2)


def only(criterion: Criterion, **more: Any) -> World:
    """A clinic of one service that asks this, and one that asks nothing."""
    asked = service("asked", eligibility=Eligibility(inclusions=((criterion,),)))
    clinic = small_clinic(services=(asked, service("open", 15)))
    return a_world(clinic, **more)


def names(outcome: object) -> list[str]:
    assert isinstance(outcome, ob.Welcome), outcome
    return [str(each.service_id) for each in outcome.services]


def is_listed(here: World, visit: ob.VisitToken) -> bool:
    return "asked" in names(here.portal.services(visit))


def identified(here: World) -> ob.Welcome:
    outcome = here.portal.identify(MARIES_FORM, terms="2026-01", language="fr", source="a")
    assert isinstance(outcome, ob.Welcome)
    return outcome


def change(here: World, booked: Appointment, status: AppointmentStatus) -> None:
    """As a host's own system will: the store's record says what became of it."""
    scope = Scope(
        clinic_id=here.clinic.clinic_id,
        appointment=booked.appointment_id,
        schedules={booked.slot.schedule_id: booked.claimed},
    )
    here.store.transact(
        scope, lambda _: Decision(None, (PutAppointment(evolve(booked, status=status)),))
    )


# The store's appointments count (R20) ------------------------------------------------------------


def test_a_limit_counts_what_the_store_has_booked_at_every_step() -> None:
    """R20, R22: listing, search, review and book."""
    here = only(UpcomingLimit(limit=1))
    visit = here.enter()
    slots = here.slots(visit, "asked")
    held = here.hold(visit, slots[1])
    another = here.enter(source="another")
    here.book(another, here.slots(another, "open")[-1])

    assert names(here.portal.services(visit)) == ["open"]
    assert names(identified(here)) == ["open"]
    assert here.portal.find(visit, "asked", ob.Preference.soonest()) == ob.ServiceNotOffered()
    assert here.portal.review(visit, slots[2], ob.BookingForm("x")) == ob.ServiceNotOffered()
    assert here.portal.book(visit, held.hold_id) == ob.ServiceNotOffered()


def test_what_is_cancelled_counts_no_more() -> None:
    """R20."""
    here = only(UpcomingLimit(limit=1))
    visit = here.enter()
    slot = here.slots(visit, "open")[-1]
    day = timedelta(days=1)
    booked = here.book(visit, evolve(slot, start=slot.start + day, end=slot.end + day))
    assert not is_listed(here, visit)
    assert booked.link is not None
    here.portal.cancel(booked.link)
    assert is_listed(here, visit)


def test_what_the_directory_states_is_counted_once_with_the_stores() -> None:
    """R20: an id that both know is one appointment."""
    here = only(UpcomingLimit(limit=2))
    visit = here.enter()
    booked = here.book(visit, here.slots(visit, "open")[-1]).appointment
    same = PlannedVisit(visit_id=booked.appointment_id, start=booked.slot.start)
    other = PlannedVisit(visit_id="emr-7", start=START + timedelta(days=9))

    here.directory.put(evolve(MARIE, upcoming=(same,)))
    assert is_listed(here, visit)
    here.directory.put(evolve(MARIE, upcoming=(same, other)))
    assert not is_listed(here, visit)


def test_an_upcoming_one_for_the_service_that_the_directory_states_is_booked_already() -> None:
    """R20, R52: unless the store knows better."""
    here = only(Not(HasTag("x")))
    here.directory.put(evolve(MARIE, tags=None))
    visit = here.enter()
    slot = here.slots(visit, "asked")[0]
    for stated, service_id in (("emr-7", "asked"), ("emr-7", "open"), ("emr-7", None)):
        planned = PlannedVisit(visit_id=stated, start=START + timedelta(days=9), service=service_id)
        here.directory.put(evolve(MARIE, tags=None, upcoming=(planned,)))
        outcome = here.portal.review(visit, slot, ob.BookingForm("x"))
        assert isinstance(outcome, ob.AlreadyBooked) is (service_id == "asked")
    over = PlannedVisit(visit_id="emr-8", start=START, service="asked")
    here.directory.put(evolve(MARIE, tags=None, upcoming=(over,)))
    booked = here.book(visit, slot).appointment
    change(here, booked, AppointmentStatus.ENTERED_IN_ERROR)
    late = PlannedVisit(visit_id=booked.appointment_id, start=slot.start, service="asked")
    here.directory.put(evolve(MARIE, tags=None, upcoming=(late,)))
    assert isinstance(here.portal.review(visit, slot, ob.BookingForm("x")), ob.Held)


def test_a_fulfilled_appointment_is_the_last_visit() -> None:
    """R20: unknown at first, since the directory is silent; arrived is not fulfilled."""
    here = only(LastVisit(when=When.WITHIN, period=Period(30)))
    visit = here.enter()
    booked = here.book(visit, here.slots(visit, "open")[-1]).appointment
    for status in (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED, AppointmentStatus.NOSHOW):
        change(here, booked, status)
        assert not is_listed(here, visit)
    change(here, booked, AppointmentStatus.FULFILLED)
    assert is_listed(here, visit)


def test_a_prior_visit_for_a_service_opens_the_next_one() -> None:
    """R20: told by the directory, or by the store."""
    here = only(HadVisitFor("open"))
    visit = here.enter()
    assert not is_listed(here, visit)
    here.directory.put(
        evolve(MARIE, prior_visits=PriorVisits(visits=[PriorVisit("open", date(2025, 5, 5))]))
    )
    assert is_listed(here, visit)
    here.directory.put(MARIE)
    assert not is_listed(here, visit)
    booked = here.book(visit, here.slots(visit, "open")[-1]).appointment
    change(here, booked, AppointmentStatus.FULFILLED)
    assert is_listed(here, visit)


@pytest.mark.parametrize(("limit", "expected"), [(1, ["open"]), (2, ["asked", "open"])])
def test_a_merged_files_visits_are_counted_when_somebody_is_identified(
    limit: int, expected: list[str]
) -> None:
    """R9, R20: they are known, and one of them is to come."""
    here = only(UpcomingLimit(limit=limit))
    visit = here.enter()
    here.book(visit, here.slots(visit, "open")[-1])
    survivor = evolve(MARIE, patient_id=PatientId("p-new"))
    here.directory.put(survivor)
    here.directory.put(evolve(MARIE, merged_into=PatientId("p-new")))

    assert names(identified(here)) == expected
    assert names(here.portal.services(visit)) == expected


# Listing looks for some day, the others at theirs (R22) ------------------------------------------


def test_an_interval_keeps_the_service_listed_and_its_early_slots_away() -> None:
    """R22: the last visit was on Thursday; a week has to lie between."""
    here = only(MinimumInterval(period=Period(7)))
    here.directory.put(evolve(MARIE, last_visit=date(2026, 2, 26)))
    visit = here.enter()

    assert is_listed(here, visit)
    first = here.slots(visit, "asked")[0]
    assert local_date(first.start, TORONTO) == date(2026, 3, 5)
    early = evolve(first, start=first.start - timedelta(days=1), end=first.end - timedelta(days=1))
    assert here.portal.review(visit, early, ob.BookingForm("x")) == ob.ServiceNotOffered()
    assert isinstance(here.portal.review(visit, first, ob.BookingForm("x")), ob.Held)


def test_a_service_of_a_later_birthday_is_listed_and_its_earlier_slots_are_not() -> None:
    """R22: twenty-two on 10 March."""
    here = only(AgeRange(minimum=22))
    here.directory.put(evolve(MARIE, birth_date=date(2004, 3, 10)))
    form = evolve(MARIES_FORM, birth_date="2004-03-10")
    visit = here.enter(form)

    assert is_listed(here, visit)
    days = {local_date(slot.start, TORONTO) for slot in here.slots(visit, "asked")}
    assert days == {date(2026, 3, 10)}


# Who books (R3) ----------------------------------------------------------------------------------


def test_for_whom_somebody_books_is_kept_with_the_visit() -> None:
    """R3, R20: at every step."""
    here = only(ForDependant())
    herself, parent = here.enter(), here.enter(evolve(MARIES_FORM, acting_for="parent"))

    assert not is_listed(here, herself)
    assert is_listed(here, parent)
    slot = here.slots(parent, "asked")[0]
    assert here.portal.review(herself, slot, ob.BookingForm("x")) == ob.ServiceNotOffered()
    assert isinstance(here.book(parent, slot), ob.Booked)


def test_staff_are_told_by_what_the_store_has_and_that_it_depends_on_who_books() -> None:
    """R20, R21."""
    here = only(UpcomingLimit(limit=1))
    visit = here.enter()
    slot = here.slots(visit, "asked")[1]
    assert _explained(here) == "upcoming.below-limit"
    here.book(visit, here.slots(visit, "open")[-1])
    assert _explained(here) == "upcoming.limit-reached"
    told = here.desk.explain_time(
        "asked", str(slot.schedule_id), slot.start, actor=STAFF, patient_id="p-marie"
    )
    assert isinstance(told, ob.TimeExplanation)
    assert told.verdict is not None
    assert [reason.code for reason in told.verdict.reasons] == ["upcoming.limit-reached"]
    dependants = only(ForDependant())
    assert _explained(dependants) == "for-dependant.no"
    assert _explained(dependants, ActingFor.PARENT) == "for-dependant.yes"


@pytest.mark.parametrize("acting_for", ActingFor)
def test_staff_are_told_what_whoever_books_is_offered(acting_for: ActingFor) -> None:
    """R20, R21: a service that excludes dependants is offered to whoever books for themself."""
    asked = service("asked", eligibility=Eligibility(exclusions=(ForDependant(),)))
    here = a_world(small_clinic(services=(asked, service("open"))))
    told = here.desk.explain_service("p-marie", "asked", actor=STAFF, acting_for=acting_for)
    start = here.desk.explain_time(
        "asked", "gagnon", START, actor=STAFF, patient_id="p-marie", acting_for=acting_for
    )
    assert isinstance(told, ob.ServiceExplanation)
    assert isinstance(start, ob.TimeExplanation)
    assert start.verdict is not None
    assert told.listed is start.verdict.eligible is (acting_for is ActingFor.SELF)


def test_staff_say_who_books_by_a_word_of_the_form() -> None:
    """R3."""
    here = only(ForDependant())
    with pytest.raises(InvalidValue, match="ActingFor"):
        here.desk.explain_service("p-marie", "asked", actor=STAFF, acting_for="self")  # type: ignore[arg-type]


def _explained(here: World, acting_for: ActingFor = ActingFor.SELF) -> str:
    told = here.desk.explain_service("p-marie", "asked", actor=STAFF, acting_for=acting_for)
    assert isinstance(told, ob.ServiceExplanation), told
    (reason,) = told.verdict.reasons
    return reason.code


# No read that is not needed ----------------------------------------------------------------------


class CountingStore:
    """Counts the questions, and those that name a patient's file."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.asked = Counter[str]()

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        self.asked["transact"] += 1
        answer: OutcomeT = self.inner.transact(scope, decide)
        return answer

    def read(self, query: Query[AnswerT]) -> tuple[Any, AnswerT]:
        self.asked["read"] += 1
        scope = getattr(query, "scope", None)
        self.asked["read of a file"] += bool(scope is not None and scope.patients)
        answer: tuple[Any, AnswerT] = self.inner.read(query)
        return answer


def counted(criterion: Criterion) -> tuple[World, CountingStore]:
    stores: list[CountingStore] = []

    def make(clock: ob.ManualClock) -> CountingStore:
        stores.append(CountingStore(ob.MemoryStore(clock)))
        return stores[0]

    return only(criterion, make_store=make), stores[0]


def during(store: CountingStore, step: Callable[[], object]) -> Counter[str]:
    before = store.asked.copy()
    step()
    return store.asked - before


@pytest.mark.parametrize("criterion", [HasTag("a"), Not(HasTag("a")), FamilyDoctorHere()])
def test_without_a_criterion_of_visits_nothing_more_is_read(criterion: Criterion) -> None:
    """R20: the services cost one read, whatever the file."""
    here, store = counted(criterion)
    here.directory.put(evolve(MARIE, tags=None))
    visit = here.enter()
    assert during(store, lambda: here.portal.services(visit)) == {"read": 1}
    here.portal.find(visit, "open", ob.Preference.soonest())
    assert store.asked["read of a file"] == 0


def test_visits_are_one_more_read_and_for_the_service_that_asks_only() -> None:
    """R20."""
    here, store = counted(UpcomingLimit(limit=1))
    visit = here.enter()
    assert store.asked["read of a file"] == 0
    assert during(store, lambda: here.portal.services(visit)) == {"read": 2, "read of a file": 1}
    soonest = ob.Preference.soonest()
    assert not during(store, lambda: here.portal.find(visit, "open", soonest))["read of a file"]
    assert during(store, lambda: here.portal.find(visit, "asked", soonest))["read of a file"] == 1


# A law over steps (R22) --------------------------------------------------------------------------

_files = st.builds(
    evolve,
    st.just(MARIE),
    tags=st.sampled_from([UNKNOWN, None, frozenset({"a"})]),
    family_doctor=st.sampled_from(["gagnon", None, UNKNOWN]),
    last_visit=st.sampled_from([UNKNOWN, None, date(2026, 2, 26), date(2026, 3, 1)]),
    upcoming=st.sampled_from(
        [UNKNOWN, None, (PlannedVisit(visit_id="x", start=START + timedelta(days=4)),)]
    ),
    active=st.sampled_from([True, True, True, False]),
)
_asked = st.sampled_from(
    [
        Eligibility(inclusions=((HasTag("a"), FamilyDoctorHere()),)),
        Eligibility(exclusions=(HasTag("a"),)),
        Eligibility(inclusions=((MinimumInterval(period=Period(5)),),)),
        Eligibility(inclusions=((UpcomingLimit(limit=1),),), exclusions=(FamilyDoctorHere(),)),
    ]
)


@settings(max_examples=40, deadline=None)
@given(_asked, st.lists(_files, min_size=4, max_size=4))
def test_each_step_answers_by_the_facts_of_its_moment(
    asked: Eligibility, files: list[ob.Patient]
) -> None:
    """R22: one rule object, and no step remembers what another was told."""
    clinic = small_clinic(services=(service("asked", eligibility=asked), service("open", 15)))
    here = a_world(clinic)
    visit = here.enter()
    slots = here.slots(visit, "open")
    slot = evolve(slots[0], service_id=clinic.services[0].service_id)
    slot = evolve(slot, end=slot.start + timedelta(minutes=30))

    def verdicts(file: ob.Patient) -> tuple[bool, bool]:
        """Whether it is listed, and whether the slot is offered; no appointment is booked."""
        known = facts_of(
            file,
            (),
            now=START,
            zone=TORONTO,
            acting_for=ob.ActingFor.SELF,
        )
        on = local_date(slot.start, TORONTO)
        some_day = possible_on_some_day(
            asked, known, booked_on=TODAY, first=TODAY, last=TODAY + timedelta(days=365)
        )
        that_day = judge_eligibility(asked, known, booked_on=TODAY, visit_on=on)
        return some_day.eligible, that_day.eligible

    here.directory.put(files[0])
    assert is_listed(here, visit) is verdicts(files[0])[0]
    here.directory.put(files[1])
    found = here.portal.find(visit, "asked", ob.Preference.soonest())
    assert (found != ob.ServiceNotOffered()) is verdicts(files[1])[0]
    if isinstance(found, ob.Page):
        assert (found.slots[0].start == slot.start) is verdicts(files[1])[1]
    here.directory.put(files[2])
    reviewed = here.portal.review(visit, slot, ob.BookingForm("x"))
    assert isinstance(reviewed, ob.Held) is verdicts(files[2])[1]
    if isinstance(reviewed, ob.Held):
        here.directory.put(files[3])
        booked = here.portal.book(visit, reviewed.hold_id)
        assert isinstance(booked, ob.Booked) is verdicts(files[3])[1]
