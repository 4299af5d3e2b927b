"""A visit, from identification to its end (R2, R10, R13, R14, R16, R22, R50)."""

from datetime import date, timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.criteria import AgeRange, HasFile
from omnibook.eligibility import Eligibility
from omnibook.ports import AuditTrail, ReadScope
from omnibook.records import Visit
from omnibook.testing.samples import visit as a_visit
from omnibook.times import Span
from omnibook.transactions import Scope
from support.variations import MICRO, InterruptedStore, review, roomy, slot, stranger, under
from support.worlds import (
    JEANS_FORM,
    MARIE,
    MARIES_FORM,
    START,
    World,
    service,
    small_clinic,
    strangers_form,
    world,
)

HALF_AN_HOUR = timedelta(minutes=30)
TWO_HOURS = timedelta(hours=2)


def record(w: World, token: ob.VisitToken) -> Visit:
    """What the store keeps of a visit."""
    scope = Scope(clinic_id=w.clinic.clinic_id, visit=token.visit_id)
    kept = w.store.read(ReadScope(scope))[1].visit
    assert kept is not None
    return kept


def names(outcome: object) -> list[str]:
    assert isinstance(outcome, ob.Welcome)
    return [str(each.service_id) for each in outcome.services]


# How it begins (R2, R13, R14, R50) ---------------------------------------------------------------


def test_a_visit_records_terms_language_and_who_was_identified() -> None:
    """R2: document, version, language and instant."""
    w = world()
    w.wait(seconds=1)

    kept = record(w, w.enter())

    assert kept.patient_id == "p-marie"
    assert (kept.terms.document, kept.terms.version) == ("terms", "2026-01")
    assert (kept.terms.language, kept.terms.accepted_at) == ("fr", START + timedelta(seconds=1))
    assert kept.started_at == kept.active_at == START + timedelta(seconds=1)
    assert record(w, stranger(w, 1)).patient_id is None


def test_the_store_keeps_neither_token_nor_address_nor_source() -> None:
    """R16, R36: hashes of them only."""
    w = world()
    token = w.enter(source="203.0.113.99")
    kept = record(w, token)

    assert token.value not in str(kept.visit_id)
    assert "203.0.113.99" not in kept.source
    assert len(kept.contact_keys) == 2
    assert not any("555" in key or "marie" in key for key in kept.contact_keys)


def test_an_unidentified_visitor_sees_what_has_no_criteria_only() -> None:
    """R13."""
    w = world()

    assert names(w.portal.services(stranger(w, 1))) == ["open"]
    assert names(w.portal.services(w.enter())) == ["open", "file", "doctor"]
    assert names(w.portal.services(w.enter(JEANS_FORM))) == ["open", "file"]


def test_who_may_choose_nothing_gets_one_message_and_no_visit() -> None:
    """R14: unidentified, or identified and eligible for nothing."""
    rare = Eligibility(inclusions=((HasFile(),), (AgeRange(minimum=99),)))
    w = world(small_clinic(services=(service("rare", eligibility=rare),)))

    for form in (MARIES_FORM, strangers_form(1)):
        outcome = w.portal.identify(form, terms="2026-01", language="fr", source="a")
        assert outcome == ob.NotOnline()


def test_the_cause_of_not_being_recognised_goes_to_the_trail_only() -> None:
    """R10, R50."""
    w = world()
    w.enter()
    stranger(w, 1)
    almost = evolve(MARIES_FORM, birth_date="2004-12-18")
    assert isinstance(
        w.portal.identify(almost, terms="2026-01", language="fr", source="a"), ob.Welcome
    )

    span = Span(START, START + timedelta(days=1))
    _, trail = w.store.read(AuditTrail(clinic_id=w.clinic.clinic_id, span=span))

    assert [event.action for event in trail] == ["identify"] * 3
    assert len({event.code for event in trail}) > 1
    assert all(event.subject for event in trail)


# How it goes on (R16, R22) -----------------------------------------------------------------------


def test_a_visit_goes_on_for_half_an_hour_without_activity() -> None:
    """R16: and is over then, to the microsecond."""
    w = world()
    token = w.enter()

    w.clock.set(START + HALF_AN_HOUR - MICRO)
    kept = record(w, token)
    assert not kept.is_over(w.clock.now(), idle=HALF_AN_HOUR, total=TWO_HOURS)
    assert isinstance(w.portal.resume(token.value), ob.Welcome)
    other = world()
    token = other.enter()
    other.clock.set(START + HALF_AN_HOUR)
    assert other.portal.resume(token.value) == ob.VisitOver()


def test_a_visit_goes_on_for_two_hours_in_all() -> None:
    """R16: however active."""
    w = world()
    token = w.enter()
    for _ in range(6):
        w.wait(minutes=19)
        assert isinstance(w.portal.services(token), ob.Welcome)

    w.clock.set(START + TWO_HOURS - MICRO)
    assert isinstance(w.portal.services(token), ob.Welcome)
    w.clock.set(START + TWO_HOURS)
    assert w.portal.services(token) == ob.VisitOver()


def test_a_visit_is_not_over_while_its_hold_is_live() -> None:
    """R16: neither idle nor too old."""
    w = world(roomy(hold=timedelta(hours=3)))
    token = w.enter()
    w.hold(token, slot(24 * 60))

    w.clock.set(START + timedelta(hours=3) - MICRO)
    assert isinstance(w.portal.services(token), ob.Welcome)
    w.clock.set(START + timedelta(hours=3))
    assert w.portal.services(token) == ob.VisitOver()


def test_a_released_hold_prolongs_nothing() -> None:
    """R16."""
    w = world(roomy(hold=timedelta(hours=3)))
    token = w.enter()
    w.hold(token, slot(24 * 60))
    w.wait(minutes=130)
    assert w.portal.go_back(token) == ob.Released()

    assert w.portal.services(token) == ob.VisitOver()


@pytest.mark.parametrize("step", ["services", "find", "review", "back"])
def test_activity_is_written_when_its_last_record_is_over_five_minutes_old(step: str) -> None:
    """R16: not at five minutes, and not again right after."""
    w = world()
    token = w.enter()

    def act() -> None:
        match step:
            case "services":
                w.portal.services(token)
            case "find":
                w.portal.find(token, "open", ob.Preference.soonest())
            case "review":
                assert isinstance(review(w, token, slot(24 * 60)), ob.Held)
            case _:
                w.portal.go_back(token)

    w.clock.set(START + timedelta(minutes=5))
    act()
    assert record(w, token).active_at == START
    w.clock.set(START + timedelta(minutes=5) + MICRO)
    act()
    assert record(w, token).active_at == START + timedelta(minutes=5) + MICRO
    w.wait(minutes=5)
    act()
    assert record(w, token).active_at == START + timedelta(minutes=5) + MICRO


@pytest.mark.parametrize("step", ["taken", "invalid", "unknown", "unknown hold"])
def test_a_step_that_is_refused_is_activity_too(step: str) -> None:
    """R16: whoever keeps trying is not idle."""
    w = world()
    token = w.enter()
    for _ in range(4):
        w.wait(minutes=10)
        match step:
            case "taken":
                outcome = review(w, token, slot(7))
            case "invalid":
                outcome = review(w, token, slot(24 * 60), reason="")
            case "unknown":
                outcome = review(w, token, slot(of="nothing"))
            case _:
                outcome = w.portal.book(token, "no such hold")

        assert outcome != ob.VisitOver()


def test_activity_does_not_bring_back_a_visit_that_ended_meanwhile() -> None:
    """R16: judged again in the transaction that writes it."""
    w = world()
    token = w.enter()
    w.wait(minutes=29)
    interrupted = InterruptedStore(w.store)
    interrupted.before_the_next_transaction(lambda: w.wait(minutes=1))

    under(w, store=interrupted).portal.services(token)

    assert record(w, token).active_at == START
    assert w.portal.services(token) == ob.VisitOver()


def test_a_visit_is_resumed_on_another_host() -> None:
    """R16: by the token alone; an unknown or a malformed one is over."""
    w = world()
    token = w.enter()
    elsewhere = under(w)

    assert names(elsewhere.portal.resume(token.value)) == ["open", "file", "doctor"]
    assert w.portal.resume("x" * 43) == ob.VisitOver()
    assert w.portal.resume("short") == ob.VisitOver()
    assert w.portal.resume(None) == ob.VisitOver()  # type: ignore[arg-type]


def test_services_are_listed_by_the_facts_of_the_moment() -> None:
    """R22, R9."""
    w = world()
    token = w.enter()

    w.directory.put(evolve(MARIE, family_doctor=None))
    assert names(w.portal.services(token)) == ["open", "file"]
    w.directory.put(evolve(MARIE, deceased=True))
    assert names(w.portal.services(token)) == ["open"]
    only = under(w, evolve(w.clinic, services=(w.clinic.services[1],)))
    assert only.portal.services(token) == ob.NotOnline()


def test_listing_asks_for_some_day_until_the_horizon() -> None:
    """R22: who reaches the age on the last day of it sees the service, a day later not."""
    grown = Eligibility(inclusions=((AgeRange(minimum=20),),))
    services = (service("open"), service("grown", eligibility=grown))
    clinic = evolve(roomy(horizon=timedelta(days=10)), services=services)

    for birthday, seen in ((date(2006, 3, 12), True), (date(2006, 3, 13), False)):
        w = world(clinic, patients=(evolve(MARIE, birth_date=birthday),))
        token = w.enter(evolve(MARIES_FORM, birth_date=birthday.isoformat()))

        assert ("grown" in names(w.portal.services(token))) is seen


def test_a_visit_is_over_by_itself_idle_or_too_old() -> None:
    """R16."""
    kept = a_visit()

    def over(minutes: float) -> bool:
        now = kept.started_at + timedelta(minutes=minutes)
        return kept.is_over(now, idle=timedelta(minutes=10), total=timedelta(minutes=20))

    assert [over(each) for each in (0, 9.99, 10, 30)] == [False, False, True, True]
    kept = evolve(kept, active_at=kept.started_at + timedelta(minutes=15))
    assert [over(each) for each in (19.99, 20)] == [False, True]
