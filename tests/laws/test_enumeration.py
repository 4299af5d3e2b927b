"""Nobody learns why a visitor was not recognised (R10): everything that can be seen is the same.

For every cause: the outcome's class, its fields, the text that is read, and the sequence of calls
of the ports, which is what a clock could tell apart.
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any, cast

import pytest
from attrs import asdict, evolve
from hypothesis import given
from hypothesis import strategies as st

import omnibook as ob
from omnibook.clinic import Clinic
from omnibook.identity import MatchCause
from omnibook.ids import PatientId
from omnibook.messages import describe_outcome
from support.awaited import Waiting, async_store
from support.looking import Noting, trail
from support.worlds import JEAN, MARIE, MARIES_FORM, email, phone, small_clinic, world

NUMBERED = evolve(MARIES_FORM, health_number="TREM04621918")
TWIN = evolve(MARIE, patient_id=PatientId("p-twin"))
OTHER_NUMBER = ob.HealthNumber("CA-QC", "TEST54122816")


def changed(**changes: object) -> ob.Patient:
    return evolve(MARIE, **changes)  # type: ignore[arg-type]


CAUSES: dict[MatchCause, list[tuple[ob.IdentityForm, list[ob.Patient]]]] = {
    MatchCause.NO_FILE: [
        (MARIES_FORM, []),
        (NUMBERED, []),
        (MARIES_FORM, [changed(names=(ob.PersonName("Anna", "Tremblay"),))]),
        (MARIES_FORM, [changed(birth_date=date(2004, 12, 18))]),
        (MARIES_FORM, [changed(gender=ob.Gender.OTHER)]),
        (MARIES_FORM, [changed(contacts=(phone(99),))]),
    ],
    MatchCause.SEVERAL_FILES: [(MARIES_FORM, [MARIE, TWIN]), (NUMBERED, [MARIE, TWIN])],
    MatchCause.NUMBER_CONFLICT: [
        (NUMBERED, [changed(birth_date=date(2004, 12, 18))]),
        (
            NUMBERED,
            [changed(names=(ob.PersonName("Anna", "Roy"),), contacts=(email("else"),))],
        ),
    ],
    MatchCause.OTHER_NUMBER: [(NUMBERED, [changed(health_numbers=(OTHER_NUMBER,))])],
    MatchCause.CONTACT_UNVERIFIED: [
        (MARIES_FORM, [changed(contacts=(phone(23, verified=False),))])
    ],
    MatchCause.MERGE_BROKEN: [
        (MARIES_FORM, [changed(merged_into=PatientId("p-gone"))]),
        (
            MARIES_FORM,
            [
                changed(merged_into=PatientId("p-twin")),
                evolve(TWIN, merged_into=PatientId("p-marie")),
            ],
        ),
    ],
    MatchCause.DECEASED: [(MARIES_FORM, [changed(deceased=True)])],
    MatchCause.INACTIVE: [
        (MARIES_FORM, [changed(active=False)]),
        (NUMBERED, [changed(active=False)]),
    ],
}
EXAMPLES = [(cause, form, files) for cause, examples in CAUSES.items() for form, files in examples]


Seen = tuple[type[object], dict[str, object], tuple[str, str], list[tuple[str, ...]]]


def seen(
    clinic: Clinic,
    form: ob.IdentityForm,
    files: Sequence[ob.Patient],
    facade: type[ob.Portal] | type[ob.AsyncPortal] = ob.Portal,
) -> tuple[str, Seen, ob.IdentifyOutcome]:
    """Everything about one identification that somebody outside could see; and its cause."""
    here = world(clinic, patients=[*files, JEAN])
    calls: list[tuple[str, ...]] = []

    def counted(name: str, port: object) -> Any:
        return Noting(name, port, calls)

    ports: dict[str, Any] = {
        "store": here.store if facade is ob.Portal else async_store(here),
        "directory": here.directory,
        "keys": here.keys,
        "limiter": ob.MemoryLimiter(here.clock),
        "tokens": ob.RandomTokens(),
    }
    made = facade(clinic, **{name: counted(name, port) for name, port in ports.items()})
    portal = made if isinstance(made, ob.Portal) else cast("ob.Portal", Waiting(made, asyncio.run))
    outcome = portal.identify(form, terms="2026-01", language="fr", source="203.0.113.7")
    # The token is random; everything else of it must be the same.
    fields = {
        name: value for name, value in asdict(outcome, recurse=False).items() if name != "visit"
    }
    said = (describe_outcome(outcome, "fr", clinic), describe_outcome(outcome, "en", clinic))
    if isinstance(outcome, ob.Welcome):
        token = outcome.visit
        portal.services(token)
        page = portal.find(token, "open", ob.Preference(first_date="2026-03-03"))
        assert isinstance(page, ob.Page)
        held = portal.review(token, page.slots[0], ob.BookingForm("why"))
        assert isinstance(held, ob.Held)
        portal.find(token, "file", ob.Preference.soonest())
        booked = portal.book(token, held.hold_id)
        assert isinstance(booked, ob.Booked)
        portal.find_for_move(booked.link, ob.Preference.soonest())
        assert isinstance(portal.move(booked.link, page.slots[-1]), ob.Moved)
        fields["page"] = page.slots
    cause = next(event.code for event in trail(here.store) if event.action == "identify")
    return cause, (type(outcome), fields, said, calls), outcome


CLINICS = {
    "one service is open to all": small_clinic(),
    "every service has criteria": small_clinic(services=small_clinic().services[1:]),
}


def test_every_cause_has_an_example() -> None:
    assert set(CAUSES) == {cause for cause in MatchCause if not cause.is_match}


@pytest.mark.parametrize("clinic", CLINICS)
@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("facade", [ob.Portal, ob.AsyncPortal])
def test_the_cause_of_not_being_recognised_can_be_seen_nowhere(
    clinic: str, numbered: bool, facade: type[ob.Portal] | type[ob.AsyncPortal]
) -> None:
    """R10: nor by anything that comes later in the walk."""
    here = CLINICS[clinic]
    chosen = [each for each in EXAMPLES if (each[1].health_number is not None) is numbered]
    found = [(cause, *seen(here, form, files, facade)) for cause, form, files in chosen]

    assert [code for _, code, _, _ in found] == [cause for cause, _, _ in chosen]
    for _, _, visible, _ in found:
        assert visible == found[0][2]


@pytest.mark.parametrize("clinic", CLINICS)
def test_a_number_changes_what_is_asked_only_by_the_number_itself(clinic: str) -> None:
    """R10: its digest for the limiter; who typed one is no secret to whoever typed it."""
    _, plain, _ = seen(CLINICS[clinic], MARIES_FORM, [])
    _, numbered, _ = seen(CLINICS[clinic], NUMBERED, [])

    assert plain[:3] == numbered[:3]
    assert [each for each in numbered[3] if each[0] != "keys"] == [
        each for each in plain[3] if each[0] != "keys"
    ]


@given(
    example=st.sampled_from(EXAMPLES),
    strangers=st.lists(st.sampled_from([email("a"), email("b"), phone(50)]), max_size=3),
    doctors=st.sampled_from([None, "gagnon"]),
)
def test_what_an_unrecognised_visitor_receives_does_not_depend_on_the_files(
    example: tuple[MatchCause, ob.IdentityForm, list[ob.Patient]],
    strangers: list[ob.ContactPoint],
    doctors: str | None,
) -> None:
    """R10, R13: no fact of any file reaches somebody who was not recognised."""
    _, form, files = example
    varied = [
        evolve(
            each,
            family_doctor=doctors,
            file_number="9",
            contacts=(
                *each.contacts,
                *(evolve(point, rank=9 + n) for n, point in enumerate(strangers)),
            ),
        )
        for each in files
    ]
    unknown, nothing, _ = seen(small_clinic(), form, [])
    _, visible, _ = seen(small_clinic(), form, varied)

    assert unknown == MatchCause.NO_FILE
    assert visible == nothing


def test_a_portal_that_is_awaited_asks_its_ports_as_one_that_waits_does() -> None:
    """R10: the same calls in the same order, to the end of the walk."""
    for files in ([], [MARIE]):
        plain, awaited = (
            seen(CLINICS["one service is open to all"], MARIES_FORM, files, facade)
            for facade in (ob.Portal, ob.AsyncPortal)
        )
        assert awaited[:2] == plain[:2]
        assert len(plain[1][3]) > 20


def test_a_recognised_visitor_shows_through_the_services_only() -> None:
    """R10: the same ports are asked, once each, in the same order, until the list is shown."""

    def ports(files: list[ob.Patient]) -> list[tuple[str, ...]]:
        _, (_, _, _, calls), _ = seen(CLINICS["one service is open to all"], MARIES_FORM, files)
        asked = [each[:2] for each in calls if each[0] in {"store", "limiter", "directory"}]
        return asked[:4]

    assert (
        ports([MARIE])
        == ports([])
        == [
            ("store", "read"),
            ("limiter", "admit"),
            ("directory", "candidates"),
            ("store", "transact"),
        ]
    )
