"""Laws of eligibility: Kleene's logic, monotone facts, listing, reasons and data (R13, R18-R22)."""

import json
import re
from collections import defaultdict
from datetime import date, timedelta
from itertools import product
from typing import Any

from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from omnibook.criteria import SHIPPED_KINDS
from omnibook.criterion import asked_by
from omnibook.eligibility import (
    UNKNOWN,
    AllOf,
    AnyOf,
    AtLeast,
    Criterion,
    Day,
    Eligibility,
    FactName,
    Facts,
    FactState,
    Finding,
    HasFile,
    Not,
    PriorVisits,
    Reason,
    ReasonCode,
    Truth,
    criterion_to_data,
    eligibility_to_data,
    judge_eligibility,
    possible_on_some_day,
    read_criterion,
    read_eligibility,
    services_for,
)
from omnibook.errors import InvalidValue
from omnibook.facts import at_least
from omnibook.mistakes import Mistake
from omnibook.table_reader import TableReader
from support.strategies_eligibility import (
    criteria,
    days,
    eligibilities,
    facts,
    identified,
    json_data,
    leaves,
    truths,
    visit_dates,
)

_ORDER = [Truth.FALSE, Truth.UNKNOWN, Truth.TRUE]


def _criterion(data: object) -> tuple[Criterion | None, list[Mistake]]:
    mistakes: list[Mistake] = []
    table = TableReader({"x": data}, "", mistakes)
    return table.table("x", lambda one: read_criterion(one, SHIPPED_KINDS), "write it"), mistakes


def _eligibility(data: object) -> tuple[Eligibility | None, list[Mistake]]:
    mistakes: list[Mistake] = []
    return TableReader({"x": data}, "", mistakes).table("x", read_eligibility, "write it"), mistakes


def _truth(criterion: Criterion, known: Facts, on: Day) -> Truth:
    return criterion.judge(known, on).truth


@given(truths, truths)
def test_and_is_the_lesser_and_or_the_greater_of_false_unknown_true(a: Truth, b: Truth) -> None:
    """R21: Kleene's strong logic, from its textbook definition."""
    assert at_least(2, (a, b)) is min(a, b, key=_ORDER.index)
    assert at_least(1, (a, b)) is max(a, b, key=_ORDER.index)


@given(truths, truths)
def test_de_morgan_holds_among_truths(a: Truth, b: Truth) -> None:
    assert at_least(2, (a, b)).not_() is at_least(1, (a.not_(), b.not_()))
    assert at_least(1, (a, b)).not_() is at_least(2, (a.not_(), b.not_()))


@given(truths)
def test_a_double_negation_is_nothing(a: Truth) -> None:
    assert a.not_().not_() is a


@given(st.lists(truths, max_size=5), st.integers(0, 6))
def test_at_least_is_what_every_outcome_of_the_unknown_agrees_on(
    given_: list[Truth], count: int
) -> None:
    choices = [[True, False] if t is Truth.UNKNOWN else [t is Truth.TRUE] for t in given_]
    outcomes = {sum(outcome) >= count for outcome in product(*choices)}
    expected = Truth.UNKNOWN if len(outcomes) == 2 else Truth.of(settled=outcomes.pop())
    assert at_least(count, given_) is expected


@given(st.lists(criteria, min_size=1, max_size=3), facts(), days())
def test_combined_criteria_follow_de_morgan(
    several: list[Criterion], known: Facts, on: Day
) -> None:
    negated = [Not(one) for one in several]
    assert _truth(Not(AllOf(several)), known, on) is _truth(AnyOf(negated), known, on)
    assert _truth(Not(AnyOf(several)), known, on) is _truth(AllOf(negated), known, on)


@given(criteria, facts(), days())
def test_a_criterion_negated_twice_finds_the_same(one: Criterion, known: Facts, on: Day) -> None:
    assert _truth(Not(Not(one)), known, on) is _truth(one, known, on)


@given(st.lists(criteria, min_size=1, max_size=3), facts(), days())
def test_all_and_any_are_at_least_all_and_at_least_one(
    several: list[Criterion], known: Facts, on: Day
) -> None:
    assert _truth(AtLeast(len(several), several), known, on) is _truth(AllOf(several), known, on)
    assert _truth(AtLeast(1, several), known, on) is _truth(AnyOf(several), known, on)


_FACTS = sorted(FactName)


def test_every_fact_has_a_name() -> None:
    assert set(FactName) == {fact.name for fact in fields(Facts)}


def _forgotten(known: Facts, names: set[FactName], *, in_part: bool = False) -> Facts:
    """The facts without some of them; ``in_part``, without a part of them where there are parts."""
    cards, prior = known.health_cards, known.prior_visits
    fewer: dict[str, object] = {}
    if in_part and FactName.HEALTH_CARDS in names and isinstance(cards, tuple):
        fewer["health_cards"] = tuple(evolve(card, expires_on=UNKNOWN) for card in cards)
    if in_part and FactName.PRIOR_VISITS in names and isinstance(prior, PriorVisits):
        fewer["prior_visits"] = PriorVisits(visits=prior.visits[:1], complete=False)
    untold: dict[str, Any] = {**dict.fromkeys(map(str, names), UNKNOWN), **fewer}
    return evolve(known, **untold)


@given(criteria, facts(), st.sets(st.sampled_from(_FACTS)), st.booleans(), days())
def test_a_fact_learned_later_never_overturns_what_was_settled(
    one: Criterion, known: Facts, hidden: set[FactName], in_part: bool, on: Day
) -> None:
    """R21."""
    before = _truth(one, _forgotten(known, hidden, in_part=in_part), on)
    assert before is Truth.UNKNOWN or _truth(one, known, on) is before


@given(eligibilities, facts(), st.sets(st.sampled_from(_FACTS)), days())
def test_a_fact_learned_later_never_takes_eligibility_away(
    asked: Eligibility, known: Facts, hidden: set[FactName], on: Day
) -> None:
    """R21: what is unknown helps nobody."""
    fewer = judge_eligibility(
        asked, _forgotten(known, hidden), booked_on=on.booked_on, visit_on=on.visit_on
    )
    more = judge_eligibility(asked, known, booked_on=on.booked_on, visit_on=on.visit_on)
    assert more.eligible or not fewer.eligible


@given(criteria, facts(), facts(), days())
def test_a_criterion_looks_at_no_fact_but_those_it_says(
    one: Criterion, known: Facts, other: Facts, on: Day
) -> None:
    """R20: so that the file's visits are read only for those that ask for them."""
    asks = asked_by(one)
    changed = evolve(known, **{name: getattr(other, name) for name in FactName if name not in asks})
    found = one.judge(known, on)
    assert one.judge(changed, on) == found
    assert _rests_on(found) <= asks


def _rests_on(found: Finding) -> frozenset[FactName]:
    return frozenset(found.facts).union(*(_rests_on(part) for _, part in found.parts))


@given(leaves, facts(), days())
def test_a_finding_names_the_facts_it_rests_on(one: Criterion, known: Facts, on: Day) -> None:
    """R21: without them nothing is found."""
    found = one.judge(known, on)
    assert found.facts
    assert _truth(one, _forgotten(known, set(found.facts)), on) is Truth.UNKNOWN
    verdict = judge_eligibility(
        Eligibility(exclusions=(one,)),
        evolve(known, has_file=True),
        booked_on=on.booked_on,
        visit_on=on.visit_on,
    )
    (reason,) = verdict.reasons
    assert [used.name for used in reason.facts] == list(found.facts)
    if type(one) is not HasFile and reason.truth is not Truth.UNKNOWN:
        assert any(used.state is not FactState.UNKNOWN for used in reason.facts)


@given(facts())
def test_the_state_of_a_fact_tells_nothing_of_it(known: Facts) -> None:
    """R21: three states."""
    for name in FactName:
        value: Any = getattr(known, name)
        visits = value.visits if isinstance(value, PriorVisits) else value
        expected = FactState.KNOWN
        if value is UNKNOWN:
            expected = FactState.UNKNOWN
        elif visits in (None, False, (), frozenset()):
            expected = FactState.NONE
        assert known.state_of(name) is expected


@given(criteria, days())
def test_without_any_fact_every_criterion_is_unknown(one: Criterion, on: Day) -> None:
    """R13."""
    assert _truth(one, Facts.none(), on) is Truth.UNKNOWN


@given(eligibilities, days())
def test_the_unidentified_are_eligible_exactly_for_what_is_open(
    asked: Eligibility, on: Day
) -> None:
    """R13."""
    verdict = judge_eligibility(asked, Facts.none(), booked_on=on.booked_on, visit_on=on.visit_on)
    assert verdict.eligible is asked.is_open
    assert {reason.code for reason in verdict.reasons} <= {ReasonCode.UNIDENTIFIED}


@given(eligibilities, facts(), days())
def test_eligible_means_every_group_met_and_every_exclusion_false(
    asked: Eligibility, known: Facts, on: Day
) -> None:
    """R18, R21."""
    met = all(
        any(_truth(one, known, on) is Truth.TRUE for one in group) for group in asked.inclusions
    )
    clear = all(_truth(one, known, on) is Truth.FALSE for one in asked.exclusions)
    verdict = judge_eligibility(asked, known, booked_on=on.booked_on, visit_on=on.visit_on)
    assert verdict.eligible is (met and clear)


def _rebuilt(reasons: tuple[Reason, ...]) -> bool:
    groups: dict[str, list[Truth]] = defaultdict(list)
    exclusions = []
    for reason in reasons:
        if inclusion := re.fullmatch(r"include\[(\d+)\]\[\d+\]", reason.path):
            groups[inclusion[1]].append(reason.truth)
        elif re.fullmatch(r"exclude\[\d+\]", reason.path):
            exclusions.append(reason.truth)
    return all(Truth.TRUE in group for group in groups.values()) and all(
        truth is Truth.FALSE for truth in exclusions
    )


@given(eligibilities, facts(), days())
def test_the_reasons_alone_rebuild_the_verdict(asked: Eligibility, known: Facts, on: Day) -> None:
    """R21."""
    verdict = judge_eligibility(asked, known, booked_on=on.booked_on, visit_on=on.visit_on)
    assert _rebuilt(verdict.reasons) is verdict.eligible
    paths = [reason.path for reason in verdict.reasons]
    assert len(paths) == len(set(paths))


@given(eligibilities, facts(), visit_dates, visit_dates, st.integers(0, 400))
def test_listing_agrees_with_trying_every_day(
    asked: Eligibility, known: Facts, booked_on: date, first: date, span: int
) -> None:
    """R22: the whole holds on one and the same day, and it is the first such day."""
    tried = [
        judge_eligibility(asked, known, booked_on=booked_on, visit_on=first + timedelta(days=i))
        for i in range(span + 1)
    ]
    expected = next((verdict for verdict in tried if verdict.eligible), tried[0])
    last = first + timedelta(days=span)
    found = possible_on_some_day(asked, known, booked_on=booked_on, first=first, last=last)
    assert found == expected


@given(criteria, identified(), visit_dates, st.integers(1, 400))
def test_a_criterion_turns_on_its_turning_days_only(
    one: Criterion, known: Facts, first: date, span: int
) -> None:
    """R22."""
    last = first + timedelta(days=span)
    found = [
        _truth(one, known, Day(booked_on=first, visit_on=first + timedelta(days=i)))
        for i in range(span + 1)
    ]
    turned = {first + timedelta(days=i) for i in range(1, span + 1) if found[i] is not found[i - 1]}
    assert turned <= set(one.turning_days(known, first, last))


class _Service:
    def __init__(self, eligibility: Eligibility) -> None:
        self.eligibility = eligibility


@given(st.lists(eligibilities, max_size=5), facts(), visit_dates, st.integers(0, 90))
def test_the_services_shown_keep_their_order(
    asked: list[Eligibility], known: Facts, today: date, span: int
) -> None:
    """R19: every service that can hold on some day is shown, and nothing else is asked."""
    last = today + timedelta(days=span)
    services = [_Service(one) for one in asked]
    expected = tuple(
        service
        for service in services
        if possible_on_some_day(
            service.eligibility, known, booked_on=today, first=today, last=last
        ).eligible
    )
    assert services_for(services, known, booked_on=today, first=today, last=last) == expected


@given(criteria)
def test_a_criterion_survives_json_both_ways(one: Criterion) -> None:
    """R20: criteria are data: comparable, hashable, and JSON both ways."""
    again, mistakes = _criterion(json.loads(json.dumps(criterion_to_data(one))))
    assert again == one
    assert hash(again) == hash(one)
    assert not mistakes


@given(eligibilities)
def test_an_eligibility_survives_json_both_ways(asked: Eligibility) -> None:
    """R20."""
    again, mistakes = _eligibility(json.loads(json.dumps(eligibility_to_data(asked))))
    assert again == asked
    assert hash(again) == hash(asked)
    assert not mistakes


@given(criteria, st.integers(1, 25), st.booleans())
def test_whatever_can_be_built_can_be_read_back(one: Criterion, levels: int, negated: bool) -> None:
    """R20: what nests too deep to be read cannot be built, by whichever combination."""
    try:
        for _ in range(levels):
            one = Not(one) if negated else AtLeast(1, (AllOf((AnyOf((one,)),)), HasFile()))
    except InvalidValue as refused:
        assert levels > 4
        assert str(refused) == "criteria nest more than 20 deep; say it with fewer"  # noqa: PT017
        return
    again, mistakes = _criterion(criterion_to_data(one))
    assert not mistakes
    assert again == one
    assert Eligibility(exclusions=(one,)).exclusions == (one,)


@given(json_data)
def test_reading_anything_gives_a_value_or_mistakes_and_never_raises(data: object) -> None:
    criterion, mistakes = _criterion(data)
    assert (criterion is None) is bool(mistakes)
    for asked in (data, {"include": data}, {"exclude": [data]}):
        eligibility, mistakes = _eligibility(asked)
        assert (eligibility is None) is bool(mistakes)
        assert all(str(mistake).startswith("x") for mistake in mistakes)
