"""The kit's strategies draw what can be used: clinics that offer times, walks that lead to them."""

from datetime import UTC, datetime, time, timedelta

from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings

import omnibook as ob
from omnibook.clinic import Clinic, Policies
from omnibook.outcomes import (
    Booked,
    Cancelled,
    Held,
    NoAvailability,
    Released,
    SlotTaken,
    TooLate,
    VisitOver,
)
from omnibook.testing.strategies.clinics import NEAR, clinics
from omnibook.testing.strategies.people import identities, situations
from omnibook.testing.strategies.walks import Step, Walker, walks

START = datetime.combine(NEAR - timedelta(days=3), time(12), UTC)


def walker(clinic: Clinic) -> Walker:
    clock = ob.ManualClock(START)
    store = ob.MemoryStore(clock)
    keys = ob.Keyring((b"a secret for tests, of 32 bytes..",))
    generous = ob.LimiterPolicy(per_source=10**6, per_person=10**6, overall=10**6)
    portal = ob.Portal(
        evolve(clinic, policies=Policies()),
        store=store,
        directory=ob.MemoryDirectory(),
        keys=keys,
        limiter=ob.MemoryLimiter(clock, generous),
    )
    return Walker(portal, clock)


@given(clinic=clinics(), walk=walks())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30)
def test_whatever_visitors_do_every_step_has_an_outcome(clinic: Clinic, walk: list[Step]) -> None:
    """R31, R35: and a hold that is told of is the visitor's own."""
    made = walker(clinic)

    made.take(walk)

    assert all(outcome is not None for _, outcome in made.outcomes)
    assert len({each.reference for each in made.booked}) <= len(made.booked)


def test_walks_lead_to_what_they_are_about() -> None:
    seen: set[type] = set()

    @settings(max_examples=60, database=None, derandomize=True, phases=[Phase.generate])
    @given(clinics(), walks())
    def walked(clinic: Clinic, walk: list[Step]) -> None:
        made = walker(clinic)
        made.take(walk)
        seen.update(type(outcome) for _, outcome in made.outcomes)

    walked()

    assert {Booked, Held, NoAvailability, Released, SlotTaken, VisitOver} <= seen
    assert seen & {Cancelled, TooLate}


@given(situations(), identities())
@settings(max_examples=20)
def test_files_and_forms_are_of_one_kind_of_people(
    situation: tuple[ob.Identity, tuple[ob.Patient, ...]], other: ob.Identity
) -> None:
    identity, files = situation

    assert isinstance(identity, ob.Identity)
    assert all(isinstance(each, ob.Patient) for each in files)
    assert other.contacts
