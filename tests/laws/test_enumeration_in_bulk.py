"""Thousands of forms, hits and misses of every cause: every miss looks the same (R10).

Ten thousand where the environment says CI, fewer elsewhere; each from a source of its own.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from datetime import date, timedelta
from random import Random  # noqa: TID251 - seeded: the same forms every time
from typing import Any

from attrs import asdict, evolve, frozen

import omnibook as ob
from omnibook.eligibility import Eligibility
from omnibook.identity import MatchCause
from omnibook.ids import PatientId, ServiceId
from omnibook.messages import describe_outcome
from omnibook.visit_criteria import HadVisitFor
from support.looking import Noting, trail
from support.worlds import World, email, small_clinic, world

FORMS = 10_000 if os.environ.get("CI") else 1_500
PEOPLE = 60
NOBODY_WAITS = ob.LimiterPolicy(
    per_source=1, per_person=10**6, per_health_number=10**6, overall=10**6
)
"""Each form comes from a source of its own; that others have to wait is another test's matter."""
KINDS = (
    "plain",
    "twins",
    "merged",
    "merged into nothing",
    "merged in a circle",
    "deceased",
    "inactive",
    "unverified",
    "no file",
    "plain",
)


def name_of(number: int) -> str:
    return f"{chr(65 + number // 26)}{chr(97 + number % 26)}él"


def card(number: int) -> ob.HealthNumber:
    return ob.HealthNumber("CA-AB", f"{100_000_000 + number}")


def file_of(number: int, **more: Any) -> ob.Patient:
    plain = ob.Patient(
        patient_id=PatientId(f"p-{number}"),
        names=(ob.PersonName(name_of(number), "Côté-Roy"),),
        birth_date=date(1950, 1, 1) + timedelta(days=97 * number),
        gender=ob.Gender.FEMALE if number % 2 else ob.Gender.MALE,
        contacts=(email(f"person{number}"),),
        health_numbers=(card(number),),
    )
    return evolve(plain, **more)


def files() -> Iterator[ob.Patient]:
    """Of each kind some."""
    for number in range(PEOPLE):
        kind = KINDS[number % len(KINDS)]
        other = PatientId(f"p-{number}-other")
        match kind:
            case "plain":
                yield file_of(number)
            case "twins":
                yield from (file_of(number), file_of(number, patient_id=other))
            case "merged":
                yield from (file_of(number, merged_into=other), file_of(number, patient_id=other))
            case "merged into nothing":
                yield file_of(number, merged_into=other)
            case "merged in a circle":
                first = PatientId(f"p-{number}")
                yield file_of(number, merged_into=other)
                yield file_of(number, patient_id=other, merged_into=first)
            case "deceased":
                yield file_of(number, deceased=True)
            case "inactive":
                yield file_of(number, active=False)
            case "unverified":
                # Without a number of its own, so that only the contact decides.
                yield file_of(
                    number,
                    contacts=(email(f"person{number}", verified=False),),
                    health_numbers=(),
                )
            case _:
                pass


def form_of(draw: Random) -> ob.IdentityForm:
    """Somebody of whom the clinic has a file or not, with or without mistakes."""
    number = draw.randrange(PEOPLE)
    meant = file_of(number)
    form = ob.IdentityForm(
        first_name=draw.choice((name_of(number), name_of(number).upper(), "Somebody")),
        last_name=draw.choice(("Côté-Roy", "COTE ROY", "Côté-Roy", "Else")),
        birth_date=str(draw.choice((meant.birth_date, meant.birth_date, date(1999, 9, 9)))),
        gender=draw.choice((meant.gender.value, meant.gender.value, "other")),
        email=draw.choice((f"person{number}@example.org", f"PERSON{number}@example.org", None)),
        cell_phone=draw.choice((None, None, f"514 555-01{number % 100:02}")),
        health_number=draw.choice(
            (None, None, card(number).value, card(draw.randrange(2 * PEOPLE)).value)
        ),
        health_number_issuer="CA-AB",
    )
    if form.email is None and form.cell_phone is None:
        return evolve(form, email=f"person{number}@example.org")
    return form


@frozen
class Seen:
    """All that somebody outside could see of one attempt, but for the visit's random token."""

    outcome: type[object]
    fields: Hashable
    said: tuple[str, str]
    calls: tuple[tuple[str, ...], ...]


def seen(here: World, portal: ob.Portal, form: ob.IdentityForm, source: str) -> Seen:
    calls: list[tuple[str, ...]] = []
    walk: Any = portal._walk
    ports = {"store": here.store, "directory": here.directory, "keys": here.keys}
    ports = {name: Noting(name, each, calls) for name, each in ports.items()}
    counted = evolve(
        walk, wiring=evolve(walk.wiring, **ports), limiter=Noting("limiter", walk.limiter, calls)
    )
    portal._walk = counted
    outcome = portal.identify(form, terms="2026-01", language="fr", source=source)
    if isinstance(outcome, ob.Welcome):
        portal.services(outcome.visit)
    portal._walk = walk
    fields = asdict(outcome, recurse=False)
    fields.pop("visit", None)
    said = (
        describe_outcome(outcome, "fr", here.clinic),
        describe_outcome(outcome, "en", here.clinic),
    )
    return Seen(type(outcome), tuple(fields.items()), said, tuple(calls))


def test_every_miss_of_thousands_looks_like_every_other() -> None:
    """R10, R13: outcome, fields, text and calls, by what was typed and by nothing else."""
    draw = Random("enumeration")
    here = world(small_clinic(), patients=list(files()), limiter=NOBODY_WAITS)
    outcomes: list[tuple[tuple[bool, int], Seen]] = []
    for number in range(FORMS):
        # So that the trail's order is the forms'.
        here.wait(microseconds=1)
        form = form_of(draw)
        contacts = (form.email is not None) + (form.cell_phone is not None)
        shape = (form.health_number is not None, contacts)
        outcomes.append((shape, seen(here, here.portal, form, f"source {number}")))
    causes = [MatchCause(each.code) for each in trail(here.store) if each.action == "identify"]
    assert len(causes) == FORMS
    misses: defaultdict[tuple[bool, int], set[Seen]] = defaultdict(set)
    hits: defaultdict[tuple[bool, int], set[tuple[tuple[str, ...], ...]]] = defaultdict(set)
    for cause, (shape, what) in zip(causes, outcomes, strict=True):
        asked = tuple(each[:2] for each in what.calls if each[0] != "keys")
        if cause.is_match:
            hits[shape].add(asked)
            assert len(dict(what.fields)["services"]) > 1  # type: ignore[call-overload]
        else:
            misses[shape].add(what)
            hits[shape].add(asked)

    # There are enough of every cause to be about something.
    assert min(Counter(causes)[each] for each in MatchCause) >= FORMS // 500
    assert {shape: len(each) for shape, each in misses.items()} == dict.fromkeys(misses, 1)
    assert {len(each) for each in hits.values()} == {1}
    # What was typed changes the calls by a digest for each part, and nothing else.
    (one_text,) = {
        (what.outcome, what.fields, what.said) for each in misses.values() for what in each
    }
    assert one_text[0] is ob.Welcome


def test_in_a_clinic_without_a_service_for_all_every_miss_is_not_online() -> None:
    """R10, R14."""
    draw = Random("not online")
    clinic = small_clinic(services=small_clinic().services[1:])
    here = world(clinic, patients=list(files()), limiter=NOBODY_WAITS)
    found = {
        (what.outcome, what.fields, what.said)
        for number in range(FORMS // 10)
        if (what := seen(here, here.portal, form_of(draw), f"source {number}")).outcome
        is not ob.Welcome
    }

    assert [each[:2] for each in found] == [(ob.NotOnline, ())]


def test_no_call_tells_who_was_recognised_but_eligible_for_nothing() -> None:
    """R10, R14: also where a service asks for visits, and in the steps after."""
    services = small_clinic().services
    asks = Eligibility(inclusions=((HadVisitFor(ServiceId("doctor")),),))
    visits_only = evolve(services[-1], eligibility=asks)
    known = (file_of(0), file_of(10))
    for offered in ((visits_only,), (services[0], visits_only)):
        here = world(small_clinic(services=offered), patients=list(known), limiter=NOBODY_WAITS)
        looks: set[tuple[tuple[str, ...], ...]] = set()
        for number, somebody in enumerate((file_of(0), file_of(10), file_of(20), file_of(30))):
            form = ob.IdentityForm(
                first_name=somebody.names[0].given,
                last_name=somebody.names[0].family,
                birth_date=str(somebody.birth_date),
                gender=somebody.gender.value,
                email=somebody.contacts[0].value,
            )
            what = seen(here, here.portal, form, f"source {number}")
            looks.add(tuple(each[:2] for each in what.calls if each[0] != "keys"))
        causes = [each.code for each in trail(here.store) if each.action == "identify"]
        assert len(set(causes)) == 2
        assert len(looks) == 1
