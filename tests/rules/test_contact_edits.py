"""Staff verify, move and remove the contacts that a booking added (R8, R41, R43)."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import omnibook as ob
from omnibook.contact_edits import ContactChange, ContactEdit, edited
from omnibook.ids import PatientId
from omnibook.messages import describe_outcome
from omnibook.records import EventKind
from support.awaited import async_store
from support.looking import trail
from support.variations import review, slot
from support.worlds import MARIE, MARIES_FORM, STAFF, World, email, phone, small_clinic, world

NEW = email("new")
Verb = Literal["verify_contact", "move_contact", "remove_contact"]
VERBS: tuple[tuple[Verb, dict[str, Any]], ...] = (
    ("verify_contact", {}),
    ("move_contact", {"position": 1}),
    ("remove_contact", {}),
)


@pytest.fixture
def here() -> World:
    here = world()
    visit = here.enter()
    held = review(here, visit, slot(), email="new@example.org")
    assert isinstance(held, ob.Held)
    assert isinstance(here.portal.book(visit, held.hold_id), ob.Booked)
    return here


def contacts(here: World, patient_id: str = "p-marie") -> list[tuple[str, int, bool]]:
    file = here.directory.get(PatientId(patient_id))
    assert file is not None
    return [(point.value, point.rank, point.verified) for point in file.contacts]


def told(here: World) -> list[EventKind]:
    here.dispatcher.run_once()
    return [event.kind for event in here.events.told]


def test_what_a_booking_added_identifies_once_staff_have_verified_it(here: World) -> None:
    """R8, R41."""
    form = evolve(MARIES_FORM, cell_phone=None, email="new@example.org")
    before = here.portal.identify(form, terms="2026-01", language="fr", source="203.0.113.7")
    outcome = here.desk.verify_contact("r-1", "p-marie", NEW, actor=STAFF)
    after = here.portal.identify(form, terms="2026-01", language="fr", source="203.0.113.7")

    assert isinstance(outcome, ob.ContactsEdited)
    assert [(each.value, each.rank, each.verified) for each in outcome.contacts] == contacts(here)
    assert contacts(here)[2] == ("new@example.org", 3, True)
    assert isinstance(before, ob.Welcome)
    assert isinstance(after, ob.Welcome)
    assert len(after.services) > len(before.services)


def test_what_staff_move_to_the_first_position_is_the_main_contact(here: World) -> None:
    """R43: reminders go there."""
    here.desk.move_contact("r-1", "p-marie", NEW, position=1, actor=STAFF)

    assert [value for value, _, _ in contacts(here)] == [
        "new@example.org",
        "+15145550123",
        "marie@example.org",
    ]
    assert [rank for _, rank, _ in contacts(here)] == [1, 2, 3]
    file = here.directory.get(PatientId("p-marie"))
    assert file is not None
    assert file.main_contact is not None
    assert file.main_contact.value == "new@example.org"


def test_what_staff_remove_is_gone_until_a_booking_adds_it_again(here: World) -> None:
    """R41."""
    here.desk.remove_contact("r-1", "p-marie", NEW, actor=STAFF)

    assert contacts(here) == [("+15145550123", 1, True), ("marie@example.org", 2, True)]


@pytest.mark.parametrize(("verb", "more"), VERBS)
def test_a_repeated_request_does_nothing_twice(
    here: World, verb: Verb, more: dict[str, Any]
) -> None:
    """R38, R50: whatever was done since; each look at the contacts is noted."""
    act: Callable[..., object] = getattr(here.desk, verb)
    first = act("r-1", "p-marie", NEW, actor=STAFF, **more)
    here.desk.move_contact("r-2", "p-marie", phone(23), position=1, actor=STAFF)
    stands = contacts(here)
    again = act("r-1", "p-marie", NEW, actor=STAFF, **more)

    assert isinstance(first, ob.ContactsEdited)
    assert isinstance(again, ob.ContactsEdited)
    assert contacts(here) == stands
    assert [(each.value, each.rank, each.verified) for each in again.contacts] == stands
    action = f"{verb.partition('_')[0]}-contact"
    assert [(each.code, each.actor) for each in trail(here.store) if each.action == action][:2] == [
        ("desk.contacts-edited", STAFF)
    ] * 2
    assert told(here).count(EventKind.CONTACT_EDITED) == 2


def test_the_same_request_for_something_else_is_another_request(here: World) -> None:
    """R38: it is not taken for done."""
    for point in (NEW, email("marie")):
        here.desk.move_contact("r-1", "p-marie", point, position=1, actor=STAFF)

    assert contacts(here)[0][0] == "marie@example.org"


def test_a_host_is_told_of_the_booking_that_brought_the_contact(here: World) -> None:
    """R39, R41: of each edit once, by identifiers."""
    other = here.enter()
    later = here.book(other, next(each for each in here.slots(other, "file")))
    here.desk.verify_contact("r-1", "p-marie", NEW, actor=STAFF)
    here.desk.verify_contact("r-2", "p-marie", phone(23), actor=STAFF)
    here.desk.verify_contact("r-3", "p-marie", email("nobody"), actor=STAFF)
    here.dispatcher.run_once()

    edits = [each for each in here.events.told if each.kind is EventKind.CONTACT_EDITED]
    brought, known = (each.appointment_id for each in edits)
    assert brought != later.appointment.appointment_id
    assert known == later.appointment.appointment_id
    assert "example.org" not in repr(edits)


def test_a_file_without_appointments_is_edited_without_an_event() -> None:
    """R41: no booking brought it."""
    here = world()
    outcome = here.desk.verify_contact("r-1", "p-marie", phone(23), actor=STAFF)

    assert isinstance(outcome, ob.ContactsEdited)
    assert told(here) == []


class Dying:
    """A store that fails after so many transactions."""

    def __init__(self, here: World, after: int) -> None:
        self._here = here
        self.left = after

    def __getattr__(self, name: str) -> object:
        if name == "transact":
            if self.left == 0:
                raise ob.StoreError("gone")
            self.left -= 1
        return getattr(self._here.store, name)


def lines(here: World) -> list[tuple[str, str, bool]]:
    """Of the trail, what is said of edits: action, code, and whether it names whom it is about."""
    return [
        (each.action, each.code, each.subject is not None)
        for each in trail(here.store)
        if each.actor == STAFF
    ]


def test_an_edit_that_died_before_it_was_noted_is_noted_when_it_is_repeated(here: World) -> None:
    """R38, R39: the directory has it, the store has only that it was asked for (R50)."""
    store: Any = Dying(here, after=1)
    desk = ob.FrontDesk(here.clinic, store=store, directory=here.directory, keys=here.keys)
    with pytest.raises(ob.StoreError):
        desk.move_contact("r-1", "p-marie", NEW, position=1, actor=STAFF)
    moved = contacts(here)
    assert moved[0][0] == "new@example.org"
    assert lines(here) == [("ask-move-contact", "desk.contact-edit-asked", True)]
    store.left = 9
    outcome = desk.move_contact("r-1", "p-marie", NEW, position=1, actor=STAFF)

    assert isinstance(outcome, ob.ContactsEdited)
    assert contacts(here) == moved
    assert sorted(lines(here)) == [
        ("ask-move-contact", "desk.contact-edit-asked", True),
        ("ask-move-contact", "desk.contact-edit-asked", True),
        ("move-contact", "desk.contacts-edited", True),
    ]
    assert told(here).count(EventKind.CONTACT_EDITED) == 1


@pytest.mark.parametrize(("verb", "more"), VERBS)
def test_what_cannot_be_noted_is_not_edited(here: World, verb: Verb, more: dict[str, Any]) -> None:
    """R50: no edit without a line of it."""
    store: Any = Dying(here, after=0)
    desk = ob.FrontDesk(here.clinic, store=store, directory=here.directory, keys=here.keys)
    before = contacts(here)
    with pytest.raises(ob.StoreError):
        getattr(desk, verb)("r-1", "p-marie", NEW, actor=STAFF, **more)

    assert contacts(here) == before


@pytest.mark.parametrize(("verb", "more"), VERBS)
def test_what_is_not_there_to_be_edited_is_noted_too(
    here: World, verb: Verb, more: dict[str, Any]
) -> None:
    """R50: staff learn whether a file or a contact is there."""
    act: Callable[..., object] = getattr(here.desk, verb)
    action = f"{verb.partition('_')[0]}-contact"
    act("r-1", "p-nobody", NEW, actor=STAFF, **more)
    act("r-2", "p-marie", email("nobody"), actor=STAFF, **more)

    assert sorted(lines(here)) == sorted(
        [
            (action, ob.NotFound.code, False),
            (f"ask-{action}", "desk.contact-edit-asked", True),
            (action, ob.NotFound.code, True),
        ]
    )


@pytest.mark.parametrize(("verb", "more"), VERBS)
def test_an_unknown_file_or_contact_is_not_found(
    here: World, verb: Verb, more: dict[str, Any]
) -> None:
    act: Callable[..., object] = getattr(here.desk, verb)

    assert act("r-1", "p-nobody", NEW, actor=STAFF, **more) == ob.NotFound()
    assert act("r-1", "\ud800", NEW, actor=STAFF, **more) == ob.NotFound()
    assert act("r-1", "p-marie", email("nobody"), actor=STAFF, **more) == ob.NotFound()


def test_a_merged_files_survivor_is_edited() -> None:
    """R9."""
    merged = evolve(MARIE, patient_id=PatientId("p-old"), merged_into=PatientId("p-marie"))
    here = world(patients=[MARIE, merged])
    outcome = here.desk.remove_contact("r-1", "p-old", phone(23), actor=STAFF)

    assert isinstance(outcome, ob.ContactsEdited)
    assert contacts(here) == [("marie@example.org", 1, True)]
    assert len(contacts(here, "p-old")) == 2


@pytest.mark.parametrize(("verb", "more"), VERBS)
def test_a_directory_that_is_not_edited_here_is_not_supported(
    verb: Verb, more: dict[str, Any]
) -> None:
    """R41: the clinic's own system does it; plain and awaited."""
    here = world()

    class Plain:
        candidates = here.directory.candidates
        get = here.directory.get
        append_contacts = here.directory.append_contacts

    ports: dict[str, Any] = {"directory": Plain(), "keys": here.keys}
    desk = ob.FrontDesk(here.clinic, store=here.store, **ports)
    awaited = ob.AsyncFrontDesk(here.clinic, store=async_store(here), **ports)

    assert getattr(desk, verb)("r-1", "p-marie", phone(23), actor=STAFF, **more) == (
        ob.NotSupported()
    )
    told = getattr(awaited, verb)("r-1", "p-marie", phone(23), actor=STAFF, **more)
    assert asyncio.run(told) == ob.NotSupported()
    assert contacts(here)[0] == ("+15145550123", 1, True)


@pytest.mark.parametrize(("verb", "more"), VERBS)
def test_the_awaited_desk_edits_by_an_editor_that_is_awaited(
    verb: Verb, more: dict[str, Any]
) -> None:
    here = world()

    class Awaited:
        async def get(self, *asked: Any) -> object:
            return here.directory.get(*asked)

        async def edit_contacts(self, *asked: Any, **named: Any) -> object:
            return here.directory.edit_contacts(*asked, **named)

    directory: Any = Awaited()
    desk = ob.AsyncFrontDesk(
        here.clinic, store=async_store(here), directory=directory, keys=here.keys
    )
    outcome = asyncio.run(getattr(desk, verb)("r-1", "p-marie", phone(23), actor=STAFF, **more))

    assert isinstance(outcome, ob.ContactsEdited)
    assert len(contacts(here)) == len(outcome.contacts)


def test_what_the_staffs_software_gets_wrong_is_refused(here: World) -> None:
    """R38, R50."""
    marie: Any = "+15145550123"
    for wrong in (
        lambda: here.desk.verify_contact("r-1", "p-marie", marie, actor=STAFF),
        lambda: here.desk.verify_contact("", "p-marie", NEW, actor=STAFF),
        lambda: here.desk.verify_contact("r-1", "p-marie", NEW, actor=ob.Actor.system()),
        lambda: here.desk.move_contact("r-1", "p-marie", NEW, position=0, actor=STAFF),
        lambda: ContactEdit(change=ContactChange.REMOVE, match_key="x", position=1),
        lambda: ContactEdit(change=ContactChange.MOVE, match_key="x"),
        lambda: ContactEdit(change=ContactChange.MOVE, match_key="x", position=True),
        lambda: ContactEdit(change="burn", match_key="x"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ob.InvalidValue) as caught:
            wrong()
        assert "5550123" not in str(caught.value)


def test_no_edit_shows_a_contact_in_its_representation(here: World) -> None:
    outcome = here.desk.verify_contact("r-1", "p-marie", NEW, actor=STAFF)

    assert "example.org" not in repr(outcome)
    assert "example.org" not in repr(
        ContactEdit(change=ContactChange.REMOVE, match_key=NEW.match_key)
    )
    assert isinstance(outcome, ob.ContactsEdited)
    assert "3" in describe_outcome(outcome, "fr", small_clinic())


points = st.builds(
    lambda number, rank, verified, current: phone(
        number, rank=rank, verified=verified, current=current
    ),
    st.integers(0, 4),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
)
files = st.lists(points, max_size=6).map(lambda each: evolve(MARIE, contacts=each).contacts)
edits = st.one_of(
    st.builds(
        ContactEdit,
        change=st.sampled_from((ContactChange.VERIFY, ContactChange.REMOVE)),
        match_key=points.map(lambda point: point.match_key),
    ),
    st.builds(
        ContactEdit,
        change=st.just(ContactChange.MOVE),
        match_key=points.map(lambda point: point.match_key),
        position=st.integers(1, 9),
    ),
)


@given(file=files, edit=edits)
def test_an_edit_changes_one_contact_and_leaves_the_others_in_their_order(
    file: tuple[ob.ContactPoint, ...], edit: ContactEdit
) -> None:
    """R41, R43: ranks are dense afterwards, and doing it once more changes nothing."""
    after = edited(file, edit)
    if after is None:
        assert edit.match_key not in {point.match_key for point in file}
        return

    def others(points: tuple[ob.ContactPoint, ...]) -> list[tuple[str, bool, bool]]:
        return [
            (point.value, point.verified, point.current)
            for point in points
            if point.match_key != edit.match_key
        ]

    mine = [point for point in after if point.match_key == edit.match_key]
    before = [point for point in file if point.match_key == edit.match_key]
    assert others(after) == others(file)
    assert [point.rank for point in after] == list(range(1, len(after) + 1))
    assert [point.current for point in mine] == [
        point.current for point in before if edit.change is not ContactChange.REMOVE
    ]
    match edit.change:
        case ContactChange.REMOVE:
            assert mine == []
        case ContactChange.VERIFY:
            assert all(point.verified for point in mine)
            assert edited(after, edit) == after
        case ContactChange.MOVE:
            assert edit.position is not None
            assert mine[0].rank == min(edit.position, len(after) - len(mine) + 1)
            assert edited(after, edit) == after
