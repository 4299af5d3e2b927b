"""Laws of the desk's question: an explanation tells what trying every minute finds (R22, R27)."""

from datetime import date, timedelta
from typing import TypeVar

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibook.availability import Obstacle, agenda, claimed_span, judge
from omnibook.clinic import Schedule
from omnibook.eligibility import Verdict
from omnibook.explaining import AboutPatient, explain_slot, surroundings
from omnibook.ids import VisitId
from omnibook.messages import describe_outcome, describe_rules
from omnibook.outcomes import TimeExplanation
from omnibook.preference import Filter
from omnibook.records import ClaimKind, Slot
from omnibook.time_rules import (
    AppointmentRule,
    BusyRule,
    ClosureRule,
    GridRule,
    HoldRule,
    HorizonRule,
    NoticeRule,
    OpeningRule,
    ReleaseRule,
    RuleCode,
    TimeRule,
)
from support.naive_availability import (
    MINUTE,
    Scene,
    Stretch,
    closed_at,
    generated,
    in_the_way,
    instant_of,
    minute_of,
    shown,
    stretches,
)
from support.strategies_scenes import SCHEDULES, scenes

RuleT = TypeVar("RuleT", bound=TimeRule)
NOBODYS_VISIT = VisitId("of-nobody")


@st.composite
def asked(draw: st.DrawFn) -> tuple[Scene, list[Slot]]:
    """What the desk may be asked of a scene: starts of openings, beside these, and any other.

    The desk knows of no visit, and asks for whatever practitioner and day; without a patient it
    asks for somebody who is eligible on every day.
    """
    scene = evolve(draw(scenes()), chosen=Filter(), visit_id=NOBODYS_VISIT)
    if scene.patient_id is None:
        scene = evolve(scene, days_off=frozenset())
    schedule = scene.clinic.schedules[draw(st.integers(0, 1))]
    today = scene.now.date()
    grids = [
        each.first + number * each.every
        for each in stretches(scene, schedule, (today, today + timedelta(days=1)))
        for number in range((each.last - each.first) // each.every)
    ]
    horizon = scene.clinic.policies.horizon // MINUTE
    anywhere = st.integers(-60, horizon + 60).map(lambda n: minute_of(scene.now) + n)
    starts = anywhere | anywhere.map(lambda n: n - n % 15)
    if grids:
        beside = st.sampled_from((0, 0, 0, -1, 1, -15, 15))
        starts |= st.builds(int.__add__, st.sampled_from(grids), beside)
    if scene.holds:
        starts |= st.sampled_from([minute_of(each.slot.start) for each in scene.holds])
    service_id, duration = scene.service.service_id, scene.service.duration
    return scene, [
        Slot(service_id, name, instant_of(start), instant_of(start) + duration)
        for name, start in draw(st.lists(st.tuples(st.sampled_from(SCHEDULES), starts), max_size=8))
    ]


def on(scene: Scene, slot: Slot) -> Schedule:
    found = scene.clinic.schedule(slot.schedule_id)
    assert found is not None
    return found


def explained(scene: Scene, slot: Slot) -> TimeExplanation:
    """What the desk is told of a slot, of the scene's patient if there is one."""
    reach = surroundings(slot, scene.service, scene.clinic.zone)
    snapshot = scene.snapshot({slot.schedule_id: reach})
    about = None
    if scene.patient_id is not None:
        day = shown(minute_of(slot.start), scene.clinic.zone).date()
        mine = [each for each in snapshot.live_holds() if each.patient_id == scene.patient_id]
        verdict = Verdict(eligible=day not in scene.days_off, reasons=())
        about = AboutPatient(verdict=verdict, already_booked=False, holds=mine)
    return explain_slot(
        slot,
        scene.service,
        on(scene, slot),
        clinic=scene.clinic,
        openings=scene.openings[slot.schedule_id],
        state=snapshot.schedules[slot.schedule_id],
        now=scene.now,
        about=about,
    )


def met(explanation: TimeExplanation) -> dict[RuleCode, bool]:
    return {each.code: each.met for each in explanation.rules}


def rule_of(explanation: TimeExplanation, kind: type[RuleT]) -> RuleT:
    (found,) = (each for each in explanation.rules if isinstance(each, kind))
    return found


def without_own(scene: Scene, explanation: TimeExplanation) -> Scene:
    """The scene without what the patient holds of this very time, if it counts as the patient's."""
    if not explanation.own_hold:
        return scene
    kept = (
        each
        for each in scene.holds
        if each.patient_id != scene.patient_id
        or (each.slot.schedule_id, each.slot.start) != (explanation.schedule_id, explanation.start)
    )
    return evolve(scene, holds=tuple(kept))


# The same truth as the search -------------------------------------------------------------------


@given(asked())
def test_a_time_is_explained_as_offered_exactly_when_it_is(
    question: tuple[Scene, list[Slot]],
) -> None:
    """R22, R27, R28: the desk is told what trying every minute finds."""
    scene, slots = question
    offered = generated(scene)
    for slot in slots:
        explanation = explained(scene, slot)
        assert explanation.offered == (slot in offered), slot
        assert describe_outcome(explanation, "en", scene.clinic).startswith(
            "This time is offered" if slot in offered else "This time is not offered"
        )


@given(asked())
def test_each_rule_is_met_exactly_when_trying_every_minute_says_so(
    question: tuple[Scene, list[Slot]],
) -> None:
    """R22, R27, R28, R30: in a fixed order, judged where there is something to judge."""
    scene, slots = question
    policies, now = scene.clinic.policies, scene.now
    for slot in slots:
        explanation = explained(scene, slot)
        told, first = met(explanation), minute_of(slot.start)
        assert list(told) == [each for each in RuleCode if each in told]

        kinds = set(in_the_way(without_own(scene, explanation), slot))
        last, ahead = minute_of(slot.end), slot.start - now
        assert told[RuleCode.LENGTH]
        assert told[RuleCode.START] == (ahead > timedelta())
        assert told[RuleCode.NOTICE] == (ahead >= policies.minimum_notice)
        assert told[RuleCode.HORIZON] == (ahead < policies.horizon)
        assert told[RuleCode.CLOSURE] != closed_at(scene, on(scene, slot), first, last)
        assert told[RuleCode.BUSY] == (None not in kinds)
        assert told[RuleCode.HOLD] == (ClaimKind.HOLD not in kinds)
        assert told[RuleCode.APPOINTMENT] == (ClaimKind.APPOINTMENT not in kinds)

        covering = [
            (
                (first - each.first) % each.every == 0,
                each.online,
                instant_of(each.released) <= now,
            )
            for each in serving(scene, slot)
            if each.first <= first and last <= each.last
        ]
        assert told[RuleCode.OPENING] == bool(covering)
        offering = any(all(each) for each in covering)
        for place, code in enumerate((RuleCode.GRID, RuleCode.ONLINE, RuleCode.RELEASE)):
            assert (code in told) == bool(covering)
            assert told.get(code, True) == (offering or all(each[place] for each in covering))

        day = shown(first, scene.clinic.zone).date()
        named = scene.patient_id is not None
        assert (RuleCode.ELIGIBILITY in told) == (RuleCode.ALREADY_BOOKED in told) == named
        assert told.get(RuleCode.ELIGIBILITY, True) == (not named or day not in scene.days_off)


def serving(scene: Scene, slot: Slot) -> list[Stretch]:
    """The occurrences around a slot that serve the service."""
    schedule = on(scene, slot)
    zone = schedule.zone or scene.clinic.zone
    first, last = (shown(minute_of(each), zone).date() for each in (slot.start, slot.end))
    around = stretches(scene, schedule, (first - timedelta(days=2), last + timedelta(days=2)))
    return [each for each in around if not each.activities.isdisjoint(scene.service.activities)]


@given(asked())
def test_the_reasons_are_those_for_which_review_refuses(
    question: tuple[Scene, list[Slot]],
) -> None:
    """R27, R31: the same judge, and as many rules as it has obstacles."""
    scene, slots = question
    for slot in slots:
        explanation = explained(scene, slot)
        snapshot = scene.snapshot({slot.schedule_id: claimed_span(slot, scene.service)})
        state = snapshot.schedules[slot.schedule_id]
        openings = scene.openings[slot.schedule_id]
        judgement = judge(
            slot,
            scene.service,
            agenda(scene.clinic, on(scene, slot), openings, state, scene.now),
            now=scene.now,
            policies=scene.clinic.policies,
        )
        expected = () if explanation.own_hold else tuple(map(str, judgement.obstacles))
        assert explanation.reasons == expected


# The facts --------------------------------------------------------------------------------------


@given(asked())
def test_what_is_in_the_way_is_told(question: tuple[Scene, list[Slot]]) -> None:
    """R27, R30: some closure, busy time, hold or appointment, exactly where the rule is not met."""
    scene, slots = question
    for slot in slots:
        explanation = explained(scene, slot)
        closure = rule_of(explanation, ClosureRule)
        assert closure.met == (not closure.closures)
        assert all(each.span.overlaps(slot.span) for each in closure.closures)

        claimed = claimed_span(slot, scene.service)
        busy, held = rule_of(explanation, BusyRule), rule_of(explanation, HoldRule)
        for rule in (busy, held, rule_of(explanation, AppointmentRule)):
            assert rule.met == (not rule.taken)
            for each in rule.taken:
                assert each.span.overlaps(claimed)
                assert {each.span.start.second, each.span.end.second} == {0}
                assert each.span.overlaps(slot.span) == (each.collision == "time")
                assert (each.until is not None) == (rule is held)
                assert each.until is None or each.until > scene.now


@given(asked())
def test_the_openings_told_are_those_of_the_day(question: tuple[Scene, list[Slot]]) -> None:
    """R30: each opening for the service that touches the clinic's local day, once."""
    scene, slots = question
    zone = scene.clinic.zone
    for slot in slots:
        opening = rule_of(explained(scene, slot), OpeningRule)
        first, last = (shown(minute_of(each), zone).date() for each in (slot.start, slot.end))
        days = {first + timedelta(days=number) for number in range((last - first).days + 1)}
        told = sorted(
            (minute_of(each.span.start), minute_of(each.span.end))
            for each in (*opening.covering, *opening.near)
        )
        expected = sorted(
            (each.first, each.last)
            for each in serving(scene, slot)
            if each.first < each.last and touches(each, days, scene)
        )
        assert told == expected
        assert opening.served or not told
        for each in opening.covering:
            assert each.span.covers(slot.span)
        for each in opening.others:
            assert each.span.overlaps(slot.span)
            assert not {*each.activities} & {*scene.service.activities}


def touches(each: Stretch, days: set[date], scene: Scene) -> bool:
    zone = scene.clinic.zone
    return any(shown(minute, zone).date() in days for minute in range(each.first, each.last))


@settings(max_examples=50)
@given(asked())
def test_the_nearest_starts_told_are_the_nearest_that_are_offered(
    question: tuple[Scene, list[Slot]],
) -> None:
    """R27: of the openings that cover the time, on its local day, to a visitor without holds."""
    scene, slots = question
    anybody = evolve(scene, patient_id=None, days_off=frozenset())
    offered = generated(anybody)
    for slot in slots:
        explanation = explained(scene, slot)
        if RuleCode.GRID not in met(explanation):
            continue
        grid = rule_of(explanation, GridRule)
        day = shown(minute_of(slot.start), scene.clinic.zone).date()
        starts = [
            each.start
            for each in offered
            if each.schedule_id == slot.schedule_id
            and shown(minute_of(each.start), scene.clinic.zone).date() == day
            and any(
                opening.span.covers(each.span)
                and (each.start - opening.span.start) % opening.interval == timedelta()
                for opening in rule_of(explanation, OpeningRule).covering
            )
        ]
        assert grid.before == max((each for each in starts if each < slot.start), default=None)
        if shown(minute_of(slot.end), scene.clinic.zone).date() == day:
            assert grid.after == min((each for each in starts if each > slot.start), default=None)


@given(asked())
def test_a_bound_that_is_told_is_the_bound(question: tuple[Scene, list[Slot]]) -> None:
    """R27: a start at the earliest or latest minute meets the rule, one beyond it does not."""
    scene, slots = question

    def at(minute: int) -> dict[RuleCode, bool]:
        start = instant_of(minute)
        return met(explained(scene, evolve(slot, start=start, end=start + scene.service.duration)))

    for slot in slots:
        explanation = explained(scene, slot)
        earliest = minute_of(rule_of(explanation, NoticeRule).earliest)
        latest = minute_of(rule_of(explanation, HorizonRule).latest)
        assert at(earliest)[RuleCode.NOTICE]
        assert at(earliest)[RuleCode.START]
        assert not (at(earliest - 1)[RuleCode.NOTICE] and at(earliest - 1)[RuleCode.START])
        assert at(latest)[RuleCode.HORIZON]
        assert not at(latest + 1)[RuleCode.HORIZON]


@given(asked())
def test_a_release_that_is_told_is_the_release(question: tuple[Scene, list[Slot]]) -> None:
    """R27: once it has come, the time is not held back for it any more."""
    scene, slots = question
    for slot in slots:
        explanation = explained(scene, slot)
        if met(explanation).get(RuleCode.RELEASE, True):
            continue
        release = rule_of(explanation, ReleaseRule)
        assert release.released is not None
        assert release.released > scene.now
        if met(explanation)[RuleCode.GRID] and met(explanation)[RuleCode.ONLINE]:
            then = evolve(scene, now=release.released)
            assert met(explained(then, slot))[RuleCode.RELEASE]
            before = evolve(scene, now=release.released - timedelta(seconds=1))
            assert not met(explained(before, slot))[RuleCode.RELEASE]


@settings(max_examples=50)
@given(asked(), st.sampled_from((-5, -1, 1, 60)))
def test_a_time_of_another_length_is_told_so(question: tuple[Scene, list[Slot]], more: int) -> None:
    """R38: a slot that a client sent back may have any."""
    scene, slots = question
    longer = scene.service.duration + more * MINUTE
    for slot in slots:
        if longer > timedelta():
            explanation = explained(scene, evolve(slot, end=slot.start + longer))
            assert Obstacle.WRONG_LENGTH in explanation.reasons


@pytest.mark.parametrize("language", ["fr", "en"])
@given(asked())
def test_every_rule_can_be_read_aloud(language: str, question: tuple[Scene, list[Slot]]) -> None:
    """R27: on one line each, and nobody's identifier is in it (R50)."""
    scene, slots = question
    for slot in slots:
        explanation = explained(scene, slot)
        told = describe_rules(explanation, language, scene.clinic)
        assert [rule for rule, _ in told] == list(explanation.rules)
        for _, said in told:
            assert said == said.strip()
            assert said.endswith(".")
            assert not {"{", "}", "\n"} & set(said)
            assert not any(word in said for word in ("None", "hold-", "file-", "visit-", ".."))
        assert "file-" not in repr(explanation)
        assert "hold-" not in repr(explanation)
