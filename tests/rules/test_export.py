"""What an export holds: keys that stay, values that JSON has (R51)."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from omnibook.contacts import ContactSystem
from omnibook.dossier import Dossier, OfAppointment, OfPatient
from omnibook.errors import InvalidValue
from omnibook.export import FORMAT, VERSION, export_of, plain
from omnibook.ids import AppointmentId, PatientId
from omnibook.records import (
    AppointmentStatus,
    AuditEvent,
    Cancellation,
    Move,
    Presence,
)
from omnibook.testing.samples import CLINIC, NOW, appointment, hold, visit
from omnibook.testing.strategies.records import (
    appointments,
    audit_events,
    contact_orders,
    events,
    flags,
    holds,
    notices,
    visits,
)
from support.worlds import STAFF

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "export.md"
PATIENT = OfPatient([PatientId("p-2"), PatientId("p-1")])


def dossiers() -> st.SearchStrategy[Dossier]:
    def some(records: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.lists(records, max_size=2).map(tuple)

    return st.builds(
        Dossier,
        clinic_id=st.just(CLINIC),
        subject=st.just(PATIENT),
        now=st.just(NOW),
        visits=some(visits(rich=True)),
        holds=some(holds(rich=True)),
        appointments=some(appointments(rich=True)),
        notices=some(notices()),
        orders=some(contact_orders()),
        events=some(events()),
        flags=some(flags()),
    )


@given(dossier=dossiers(), audit=st.lists(audit_events(), max_size=2))
def test_every_record_can_be_written_as_json_and_read_again(
    dossier: Dossier, audit: list[AuditEvent]
) -> None:
    """R51: nothing is lost between the document and the text."""
    document = export_of(dossier, audit)

    assert json.loads(json.dumps(document)) == document
    assert (document["format"], document["version"]) == (FORMAT, VERSION)
    for name, kept in (
        ("visits", dossier.visits),
        ("contact_orders", dossier.orders),
        ("audit", audit),
    ):
        listed = document[name]
        assert isinstance(listed, list)
        assert len(listed) == len(kept)


def paths(value: object, path: str = "") -> set[str]:
    """Every key of a document, by its path; what may be missing is a path too."""
    if isinstance(value, Mapping):
        inner = (paths(each, f"{path}.{key}".lstrip(".")) for key, each in value.items())
        return {path, *(each for found in inner for each in found)} - {""}
    if isinstance(value, list):
        return {path, *(each for entry in value for each in paths(entry, path))}
    return {path}


def full() -> dict[str, object]:
    """A document in which nothing is empty."""
    from omnibook.health_numbers import HealthNumber
    from omnibook.ids import EventId, FlagId, NoticeId, OrderId
    from omnibook.records import (
        ContactOrder,
        Event,
        EventKind,
        Flag,
        FlagCode,
        Notice,
        NoticeKind,
        NoticeRole,
    )

    booked = appointment(keys=("k",), source="s")
    number = HealthNumber("CA-QC", "TREM04621918")
    assert booked.provisional is not None
    booked = evolve(
        booked,
        provisional=evolve(booked.provisional, health_number=number),
        status=AppointmentStatus.CANCELLED,
        cancellation=Cancellation(at=NOW, by=STAFF, reason="why"),
        presence=Presence(at=NOW, by=STAFF),
        last_move=Move(at=NOW, by=STAFF, old_revision=0, old_slot=booked.slot),
    )
    about = booked.appointment_id
    person = evolve(visit(), identity=evolve(visit().identity, health_number=number))
    return export_of(
        Dossier(
            clinic_id=CLINIC,
            subject=OfAppointment(AppointmentId("a")),
            now=NOW,
            visits=(person,),
            holds=(hold(keys=("k",)),),
            appointments=(booked,),
            notices=(
                Notice(
                    clinic_id=CLINIC,
                    notice_id=NoticeId("n"),
                    appointment_id=about,
                    kind=NoticeKind.REMINDER,
                    role=NoticeRole.MAIN_CONTACT,
                    revision=0,
                    offset=timedelta(hours=24),
                    not_before=NOW,
                ),
            ),
            orders=(
                ContactOrder(
                    clinic_id=CLINIC,
                    order_id=OrderId("o"),
                    appointment_id=about,
                    patient_id=PatientId("p"),
                    not_before=NOW,
                ),
            ),
            events=(
                Event(
                    clinic_id=CLINIC,
                    event_id=EventId("e"),
                    kind=EventKind.BOOKED,
                    appointment_id=about,
                    revision=0,
                    at=NOW,
                    not_before=NOW,
                ),
            ),
            flags=(
                Flag(
                    clinic_id=CLINIC,
                    flag_id=FlagId("f"),
                    code=FlagCode.FIRST_CONTACT,
                    appointment_id=about,
                    raised_at=NOW,
                ),
            ),
        ),
        (
            AuditEvent(
                clinic_id=CLINIC,
                audit_id="u",
                at=NOW,
                action="book",
                code="appointment.booked",
                actor=STAFF,
                subject=None,
            ),
        ),
    )


def test_the_page_lists_every_key_of_a_document_and_no_other() -> None:
    """R51: version 1; a key that goes or changes its name is another version."""
    lines = PAGE.read_text("utf-8").partition("```text\n")[2].partition("```")[0].split()

    assert sorted(paths(full())) == lines


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (7, 7),
        ("é", "é"),
        (ContactSystem.EMAIL, "email"),
        (datetime(2026, 11, 23, 14, 5, tzinfo=UTC), "2026-11-23T14:05:00Z"),
        (datetime(2026, 11, 23, 14, 5, 0, 7, tzinfo=UTC), "2026-11-23T14:05:00.000007Z"),
        (date(2004, 12, 19), "2004-12-19"),
        (timedelta(hours=24), "PT86400S"),
        (timedelta(seconds=1, microseconds=500), "PT1.0005S"),
        (frozenset({"b", "a"}), ["a", "b"]),
        ((1, "x"), [1, "x"]),
        ([1], [1]),
        ({"b": 1, "a": NOW}, {"a": "2026-11-23T14:00:00Z", "b": 1}),
    ],
)
def test_a_value_is_written_as_people_and_systems_read_it(value: object, written: object) -> None:
    """R51."""
    assert plain(value) == written
    assert type(plain(value)) is type(written)


def test_what_no_record_holds_is_no_part_of_an_export() -> None:
    with pytest.raises(TypeError, match="bytes"):
        plain(b"secret")


def test_a_patient_without_an_identifier_is_nobody() -> None:
    with pytest.raises(InvalidValue):
        OfPatient(frozenset())


def test_a_subject_says_under_which_identifiers_it_was_looked_for() -> None:
    """R9, R51."""
    document = export_of(Dossier(clinic_id=CLINIC, subject=PATIENT, now=NOW))

    assert document["subject"] == {"kind": "patient", "ids": ["p-1", "p-2"]}
    assert "p-1" not in repr(PATIENT)
