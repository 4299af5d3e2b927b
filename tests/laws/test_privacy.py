"""No personal value shows where people look by accident (R49, R50).

Not in a representation, a log, an error, the audit trail or a message. The classes are not listed
here: they are found in the package, so that a new one is judged too.
"""

import importlib
import logging
import pkgutil
import string
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import omnibook
import omnibook as ob
from omnibook.adapters.sql import SqlStore
from omnibook.booking_form import BookingEntries
from omnibook.contacts import ContactPoint
from omnibook.facts import Sex
from omnibook.health_numbers import HealthNumber
from omnibook.identity import Gender, Identity, Patient
from omnibook.ids import PatientId, SubjectKey
from omnibook.names import PersonName
from support.desk_walks import slot as desk_slot
from support.looking import trail
from support.worlds import STAFF, START, World, dispatcher_of, small_clinic, world

PERSONAL = {
    *("first_name", "last_name", "given", "family", "names", "birth_date", "gender", "sex"),
    *("registered_sex", "acting_for", "contacts", "cell_phone", "email", "address", "value"),
    *("health_number", "health_numbers", "file_number", "family_doctor", "patient_id", "patient"),
    *("merged_into", "identity", "provisional", "entries", "reason", "details", "person"),
    *("contact_keys", "subject", "body", "link", "cursor"),
}
"""What a field is called that holds something of a person."""

PERSONAL_THERE = {
    ("PlannedVisit", "service"),
    ("PlannedVisit", "start"),
    ("PriorVisit", "service"),
    ("PriorVisit", "on"),
    ("UpcomingVisit", "service"),
    ("UpcomingVisit", "on"),
}
"""Fields with an ordinary name that hold something of a person: why and when somebody came."""

IMPERSONAL = {
    ("Attempt", "health_number"): "a keyed hash",
    ("Attempt", "person"): "a keyed hash",
    ("Cancel", "link"): "a number",
    ("Listed", "value"): "a time that anybody may be offered",
    ("PortalPlace", "address"): "the portal's own",
    ("Sender", "address"): "the clinic's own",
    ("Served", "address"): "the portal's own",
    ("Delivered", "contacts"): "a count",
    ("Scope", "contacts"): "keyed hashes",
    ("Problem", "details"): "limits and expectations, never what was typed",
    ("RegisteredSex", "sex"): "what a clinic configured",
    ("Appointment", "contact_keys"): "keyed hashes",
    ("DeskBooking", "contact_keys"): "keyed hashes",
    ("Hold", "contact_keys"): "keyed hashes",
    ("Cutoffs", "provisional"): "an instant",
    ("Dossier", "subject"): "it hides a file's identifiers itself",
    ("IdentifyRequest", "contact_keys"): "keyed hashes",
    ("Retention", "provisional"): "a length of time",
    ("ReviewRequest", "contact_keys"): "keyed hashes",
    ("Visit", "contact_keys"): "keyed hashes",
}
HIDE_THEMSELVES = (BookingEntries, ContactPoint, HealthNumber, Identity, Patient, PersonName)


def modules() -> Iterator[types.ModuleType]:
    for found in pkgutil.walk_packages(omnibook.__path__, "omnibook."):
        if ".migrations" not in found.name:
            yield importlib.import_module(found.name)


def classes() -> dict[str, type[Any]]:
    """Every attrs class of the package, by name."""
    return {
        name: each
        for module in modules()
        for name, each in vars(module).items()
        if isinstance(each, type) and attrs.has(each) and each.__module__ == module.__name__
    }


def mentioned(kind: object) -> set[object]:
    """A type and all types within it."""
    if isinstance(kind, list):  # what a callable takes
        return set[object]().union(*map(mentioned, kind))
    return {kind}.union(*map(mentioned, typing.get_args(kind)))


def hints_of(kind: type[Any]) -> dict[str, object]:
    try:
        return typing.get_type_hints(kind)
    except NameError:  # a name that only type checkers import
        return {}


def shown_though_personal(kind: type[Any]) -> list[str]:
    """The fields that a representation shows and should not."""
    hints = hints_of(kind)
    found: list[str] = []
    for each in attrs.fields(kind):
        within = mentioned(hints.get(each.name, each.type))
        named = each.name in PERSONAL or (kind.__name__, each.name) in PERSONAL_THERE
        personal = named or PatientId in within
        hides = SubjectKey in within or any(t in within for t in HIDE_THEMSELVES)
        exempt = hides or (kind.__name__, each.name) in IMPERSONAL
        if each.repr and personal and not exempt:
            found.append(each.name)
    return found


@pytest.mark.parametrize("name", sorted(classes()))
def test_a_class_hides_its_personal_fields(name: str) -> None:
    """R50: a new field of a personal kind needs ``repr=False``."""
    assert shown_though_personal(classes()[name]) == []


def test_the_search_for_personal_fields_finds_them() -> None:
    """That test above would fail for each of these."""

    @attrs.frozen
    class Leaky:
        first_name: str
        whose: PatientId | None
        all_of_them: tuple[PatientId, ...]
        reason: str = attrs.field(repr=False)
        entries: BookingEntries
        subject: SubjectKey
        start: datetime

    assert shown_though_personal(Leaky) == ["first_name", "whose", "all_of_them"]
    assert {"Appointment", "IdentityForm", "Held", "Scope"} <= classes().keys()
    for kind, name in PERSONAL_THERE:
        assert name in attrs.fields_dict(classes()[kind])


# Values ------------------------------------------------------------------------------------------

letters = st.text(string.ascii_lowercase, min_size=6, max_size=12)


@attrs.frozen
class Person:
    """What is secret of somebody, each a text that stands nowhere else."""

    first_name: str
    last_name: str
    birth_date: date
    phone: str
    mailbox: str
    reason: str
    details: str
    patient_id: str
    file_number: str

    @property
    def secrets(self) -> list[str]:
        born = self.birth_date
        return [
            self.first_name,
            self.last_name,
            born.isoformat(),
            f"{born.year}, {born.month}, {born.day}",
            self.phone[-8:],
            self.phone.replace(" ", "").replace("-", ""),
            self.mailbox,
            "TREM0462",
            self.reason,
            self.details,
            self.patient_id,
            self.file_number,
        ]

    @property
    def form(self) -> ob.IdentityForm:
        return ob.IdentityForm(
            first_name=self.first_name,
            last_name=self.last_name,
            birth_date=self.birth_date.isoformat(),
            gender="female",
            cell_phone=self.phone,
            email=f"{self.mailbox}@example.org",
            health_number="TREM 0462 1918",
        )

    @property
    def file(self) -> ob.Patient:
        return ob.Patient(
            patient_id=PatientId(self.patient_id),
            names=(PersonName(self.first_name, self.last_name),),
            birth_date=self.birth_date,
            gender=Gender.FEMALE,
            contacts=(ContactPoint(system=ob.ContactSystem.EMAIL, value="a@example.com"),),
            health_numbers=(HealthNumber("CA-QC", "TREM04621918"),),
            file_number=self.file_number,
            family_doctor="gagnon",
            registered_sex=Sex.FEMALE,
        )


people = st.builds(
    Person,
    first_name=letters.map("Fi{}".format),
    last_name=letters.map("La{}".format),
    birth_date=st.dates(date(1920, 1, 1), date(1999, 12, 31)),
    phone=st.integers(101, 199).map("514 555-0{}".format),
    mailbox=letters.map("ma{}".format),
    reason=letters.map("Re{}".format),
    details=letters.map("De{}".format),
    patient_id=letters.map("pa{}".format),
    file_number=st.integers(10**9, 10**10).map("F{}".format),
)


def parts(value: object, seen: dict[int, object]) -> None:
    """Every value within a value: through attrs, mappings, collections, partials."""
    if id(value) in seen or isinstance(value, str | int | float | date | type(None)):
        return
    seen[id(value)] = value
    kind: Any = type(value)
    if attrs.has(kind):
        for each in attrs.fields(kind):
            parts(getattr(value, each.name), seen)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            parts(key, seen)
            parts(inner, seen)
    elif isinstance(value, tuple | list | set | frozenset):
        for inner in value:
            parts(inner, seen)
    elif isinstance(value, partial):
        parts(value.args, seen)
        parts(value.keywords, seen)


def ours(values: list[Any]) -> list[object]:
    """Every value of the package within these."""
    found: dict[int, object] = {}
    parts(values, found)
    return [each for each in found.values() if type(each).__module__.startswith("omnibook")]


class Overheard:
    """Passes everything on and keeps it: what is asked, decided and answered."""

    def __init__(self, port: object, heard: list[object]) -> None:
        self._port, self._heard = port, heard

    def __getattr__(self, method: str) -> Callable[..., object]:
        called = getattr(self._port, method)

        def passed_on(*args: Any, **more: Any) -> object:
            self._heard += [*args, *more.values()]
            if method == "transact":
                scope, decide = args

                def deciding(snapshot: object) -> object:
                    decision = decide(snapshot)
                    self._heard += [snapshot, decision]
                    return decision

                args = (scope, deciding)
            answer: object = called(*args, **more)
            self._heard.append(answer)
            return answer

        return passed_on


def walk(person: Person, heard: list[object], make_store: Any) -> World:
    """The whole story of one person: everything that is made on the way is heard."""
    here = world(small_clinic(), patients=[person.file], make_store=make_store)
    store: Any = Overheard(here.store, heard)
    directory: Any = Overheard(here.directory, heard)
    limiter: Any = Overheard(ob.MemoryLimiter(here.clock), heard)
    ports = {"store": store, "directory": directory, "keys": here.keys}
    portal: Any = Overheard(ob.Portal(here.clinic, limiter=limiter, **ports), heard)
    desk: Any = Overheard(ob.FrontDesk(here.clinic, **ports), heard)
    here.dispatcher = dispatcher_of(here, store=store, directory=directory)
    booking = ob.BookingForm(person.reason, details=person.details, email=None)

    for form in (person.form, attrs.evolve(person.form, birth_date="1901-02-03")):
        welcome = portal.identify(form, terms="2026-01", language="en", source="203.0.113.7")
        token = welcome.visit
        slots = portal.find(token, "open", ob.Preference(first_date="2026-03-04")).slots
        held = portal.review(token, slots[0], booking)
        portal.review(token, slots[1], booking)
        held = portal.review(token, slots[0], booking, preference=ob.Preference())
        portal.resume(token.value)
        booked = portal.book(token, held.hold_id, form=booking)
        portal.book(token, "unknown")
        portal.review(token, slots[2], booking)
        portal.go_back(token)
        desk.book("r", slots[4], booking, patient=form, actor=STAFF)
        desk.book("q", slots[3], booking, patient=person.patient_id, actor=STAFF)
        start, end = slots[0].start, slots[4].end
        desk.close_time("c", slots[0].schedule_id, start, end, actor=STAFF)
        desk.day(start.date(), actor=STAFF)
        here.dispatcher.run_once()
        portal.confirm_presence(booked.link)
        portal.find_for_move(booked.link, ob.Preference(first_date="2026-03-04"))
        moved = portal.move(booked.link, slots[1])
        portal.move(booked.link, slots[0])
        here.dispatcher.run_once()
        portal.cancel(moved.link, person.reason)
        here.dispatcher.run_once()
    desk.explain_service(person.patient_id, "doctor", actor=STAFF)
    week = timedelta(days=7)
    there = desk_slot(START + week)
    made = desk.book("s", there, booking, patient=person.form, actor=STAFF).appointment
    which = made.appointment_id
    desk.confirm_presence(which, actor=STAFF)
    desk.move(which, there.schedule_id, there.start + week, revision=0, actor=STAFF)
    for file in (person.patient_id, person.patient_id, "nobody"):
        desk.attach(which, file, actor=STAFF)
    desk.mark(which, ob.AppointmentStatus.ARRIVED, actor=STAFF)
    desk.mark(which, ob.AppointmentStatus.ENTERED_IN_ERROR, actor=STAFF)
    desk.find_by_reference(made.reference, actor=STAFF)
    desk.find_by_reference(person.reason, actor=STAFF)
    desk.appointments_of(person.patient_id, actor=STAFF)
    desk.set_aside(actor=STAFF)
    desk.try_again("nothing", actor=STAFF)
    desk.verify_contact("v", person.patient_id, person.file.contacts[0], actor=STAFF)
    portal.identify(
        attrs.evolve(person.form, email="@", gender=person.last_name),
        terms=person.reason,
        language=person.details,
        source="203.0.113.7",
    )
    here.notifier.failing = True
    here.dispatcher.run_once()
    return here


def assert_hidden(texts: Iterable[str], secrets: list[str]) -> None:
    for text in texts:
        for secret in secrets:
            where = text.find(secret)
            assert where < 0, text[max(where - 200, 0) : where + 50]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(person=people)
def test_nothing_made_on_the_way_shows_a_personal_value(
    person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """R50: outcomes, requests, snapshots, writes, audit events, flags, log records."""
    heard: list[object] = []
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        here = walk(person, heard, ob.MemoryStore)
    made = ours([here.clinic, heard, here.events.told, here.notifier.sent, trail(here.store)])

    assert_hidden({repr(each) for each in made}, person.secrets)
    one_of_each = {type(each): each for each in made}.values()
    assert_hidden({text for each in one_of_each for text in (str(each), f"{each}")}, person.secrets)
    assert_hidden({caplog.text, repr(trail(here.store))}, person.secrets)
    assert len(trail(here.store)) > 20
    # The story is long enough: every class that carries somebody's data was among what was made.
    carriers = {
        kind.__name__
        for kind in classes().values()
        if any(
            mentioned(hints_of(kind).get(f.name, f.type)) & {*HIDE_THEMSELVES}
            for f in attrs.fields(kind)
        )
    }
    unseen = carriers - {type(each).__name__ for each in made}
    # What commands make of a whole clinic, and what stands between two steps.
    expected = {"_Reading", "IdentityKeys", "Prepared", "Recipient", "Served", "Standing"}
    assert unseen <= expected, unseen


def test_the_database_shows_no_personal_value_either(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R50: whatever SQLAlchemy logs and shows."""
    person, heard = PERSON, list[object]()
    with caplog.at_level(logging.INFO):
        here = walk(
            person, heard, lambda clock: SqlStore(f"sqlite:///{tmp_path / 'a.db'}", clock=clock)
        )
    store = here.store
    assert isinstance(store, SqlStore)
    with store:
        assert_hidden([caplog.text, repr(store), *map(repr, ours(heard))], person.secrets)


PERSON = Person(
    first_name="Filomena",
    last_name="Labrecque",
    birth_date=date(1961, 7, 9),
    phone="514 555-0142",
    mailbox="mailbox.of.hers",
    reason="Rereason",
    details="Dedetails",
    patient_id="pa-secret",
    file_number="F1234567",
)


@given(person=people)
@settings(max_examples=15)
def test_messages_and_events_hold_what_r49_lists_and_nothing_else(person: Person) -> None:
    """R49: to the right address, and without one word about the person."""
    here = walk(person, [], ob.MemoryStore)

    kinds = {message.kind for message in here.notifier.sent}
    assert kinds == {"booking", "change", "cancellation"}
    for message in here.notifier.sent:
        assert_hidden([message.subject, message.body], person.secrets)
        assert "514 555-0100" in message.body
    assert {person.mailbox in message.address for message in here.notifier.sent} == {True, False}
    assert_hidden([repr(attrs.asdict(each)) for each in here.events.told], person.secrets)
    events = [repr(attrs.asdict(each)) for each in trail(here.store)]
    assert_hidden(events, person.secrets)


def has_personal_fields(kind: type[Any]) -> bool:
    return any(each.name in PERSONAL for each in attrs.fields(kind))


WRONG: tuple[object, ...] = ("Xanthippe", ("Xanthippe",), {"Xanthippe": "Xanthippe"}, ["Xanthippe"])


@pytest.mark.parametrize(
    "name", sorted(name for name, each in classes().items() if has_personal_fields(each))
)
@pytest.mark.parametrize("wrong", WRONG, ids=["text", "tuple", "mapping", "list"])
def test_what_cannot_be_built_is_refused_without_repeating_it(name: str, wrong: object) -> None:
    """R50: an error names the field and what was expected, never what was given."""
    kind = classes()[name]
    try:
        kind(**{each.alias: wrong for each in attrs.fields(kind) if each.init})
    except Exception as refused:  # noqa: BLE001 - whatever is raised is looked at
        texts = [str(refused), repr(refused), *map(str, refused.args)]
        assert_hidden(texts, ["Xanthippe"])


def test_what_is_raised_for_a_persons_data_does_not_repeat_it() -> None:
    """R50: misuse by the calling code, with a person's data in the wrong place."""
    here = world()
    visit, slot = here.enter(), here.slots(here.enter())[0]
    wrong: Any = PERSON.first_name
    misuses: list[Callable[[], object]] = [
        lambda: here.portal.services(wrong),
        lambda: here.portal.identify(PERSON.form, terms="", language="", source=""),
        lambda: ob.VisitToken(wrong),
        lambda: ob.Slot(slot.service_id, slot.schedule_id, wrong, slot.end),
        lambda: here.desk.book("", slot, ob.BookingForm(""), patient=PERSON.form, actor=STAFF),
        lambda: attrs.evolve(PERSON.file, birth_date=wrong),
        lambda: attrs.evolve(PERSON.file, gender=wrong),
        lambda: attrs.evolve(PERSON.file, family_doctor=typing.cast("str", 7)),
        lambda: ContactPoint(system=ob.ContactSystem.EMAIL, value=PERSON.phone),
        lambda: ContactPoint(system=wrong, value=PERSON.phone),
    ]

    assert isinstance(visit, ob.VisitToken)
    for misuse in misuses:
        with pytest.raises(ob.InvalidValue) as caught:
            misuse()
        assert_hidden([str(caught.value), repr(caught.value)], PERSON.secrets)
