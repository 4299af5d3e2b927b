"""The library's own directories, schedules and notifiers keep the laws; faulty ones do not."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.adapters.sql import SqlDirectory
from omnibook.facts import UNKNOWN
from omnibook.identity import IdentityKeys, Patient, matches_keys
from omnibook.ids import OrderId, PatientId, ScheduleId
from omnibook.ports import Message
from omnibook.testing import (
    DIRECTORY_LAWS,
    BrokenPromise,
    Effort,
    check_directory,
    check_notifier,
    check_schedule_source,
)
from omnibook.testing.strategies.people import FACTS
from support.worlds import small_clinic

LAWS = {law.name: law for law in DIRECTORY_LAWS}


# Directories -------------------------------------------------------------------------------------


def test_the_directory_in_memory_keeps_its_laws() -> None:
    """R9, R41."""
    check_directory(ob.MemoryDirectory)


def test_the_directory_in_a_database_keeps_its_laws(tmp_path: Path) -> None:
    """R9, R41."""
    url = f"sqlite:///{tmp_path / 'files.db'}"

    def make(files: Sequence[Patient]) -> SqlDirectory:
        Path(tmp_path / "files.db").unlink(missing_ok=True)
        directory = SqlDirectory(url, clinic_id=small_clinic().clinic_id)
        for each in files:
            directory.put(each)
        return directory

    check_directory(make, effort=Effort.QUICK)


def test_an_asynchronous_directory_is_awaited() -> None:
    class Awaited:
        def __init__(self, files: Iterable[Patient]) -> None:
            self.inner = ob.MemoryDirectory(files)

        async def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
            return self.inner.candidates(keys)

        async def get(self, patient_id: PatientId) -> Patient | None:
            return self.inner.get(patient_id)

        async def append_contacts(
            self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
        ) -> Sequence[ob.ContactPoint]:
            return self.inner.append_contacts(patient_id, points, order_id=order_id)

    check_directory(Awaited)


class LosesSurvivors(ob.MemoryDirectory):
    def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        return [each for each in super().candidates(keys) if matches_keys(each, keys)]


class CurrentContactsOnly(ob.MemoryDirectory):
    def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        return [
            each
            for each in super().candidates(keys)
            if keys.health_number in each.health_numbers
            or any(p.match_key in keys.contact_keys and p.current for p in each.contacts)
            or each.contacts == ()
        ]


class EachTwice(ob.MemoryDirectory):
    def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        found = super().candidates(keys)
        return [*found, *found]


class FoldsIdentifiers(ob.MemoryDirectory):
    def get(self, patient_id: PatientId) -> Patient | None:
        return super().get(patient_id) or super().get(PatientId(patient_id.lower()))


class ForgetsMerges(ob.MemoryDirectory):
    def get(self, patient_id: PatientId) -> Patient | None:
        found = super().get(patient_id)
        return None if found is None else evolve(found, replaces=frozenset())


class Drops(ob.MemoryDirectory):
    """Keeps all of a file but one fact."""

    fact = ""

    def get(self, patient_id: PatientId) -> Patient | None:
        found = super().get(patient_id)
        unknown: dict[str, Any] = {self.fact: None if self.fact == "language" else UNKNOWN}
        return None if found is None else evolve(found, **unknown)


class ForgetsInCandidates(ob.MemoryDirectory):
    """Tells a file by its keys with less than by its identifier."""

    def candidates(self, keys: IdentityKeys) -> Sequence[Patient]:
        return [evolve(each, tags=UNKNOWN) for each in super().candidates(keys)]


class NoneForUnknown(ob.MemoryDirectory):
    def get(self, patient_id: PatientId) -> Patient | None:
        found = super().get(patient_id)
        if found is None or found.tags is not UNKNOWN:
            return found
        return evolve(found, tags=None)


class UnknownForNone(ob.MemoryDirectory):
    def get(self, patient_id: PatientId) -> Patient | None:
        found = super().get(patient_id)
        if found is None or found.last_visit is not None:
            return found
        return evolve(found, last_visit=UNKNOWN)


class LosesExpiry(ob.MemoryDirectory):
    def get(self, patient_id: PatientId) -> Patient | None:
        found = super().get(patient_id)
        if found is None or not isinstance(found.health_cards, tuple):
            return found
        return evolve(
            found, health_cards=tuple(evolve(c, expires_on=UNKNOWN) for c in found.health_cards)
        )


class AppendsWithoutFacts(ob.MemoryDirectory):
    """Writes the file anew when it is given a contact."""

    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        added = super().append_contacts(patient_id, points, order_id=order_id)
        found = super().get(patient_id)
        if found is not None and added:
            self.put(evolve(found, prior_visits=UNKNOWN))
        return added


class AppendsFirst(ob.MemoryDirectory):
    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        before = super().get(patient_id)
        added = super().append_contacts(patient_id, points, order_id=order_id)
        if before is not None and added:
            ranked = [evolve(p, rank=p.rank + 100) for p in before.contacts]
            self.put(evolve(before, contacts=(*ranked, *added)))
        return added


class AppendsVerified(ob.MemoryDirectory):
    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        added = super().append_contacts(patient_id, points, order_id=order_id)
        found = super().get(patient_id)
        if found is not None and added:
            self.put(evolve(found, contacts=[evolve(p, verified=True) for p in found.contacts]))
        return added


class AnswersAll(ob.MemoryDirectory):
    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        return super().append_contacts(patient_id, points, order_id=order_id) and points


NUMBERS = count()


class ForgetsOrders(ob.MemoryDirectory):
    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        anew = OrderId(f"{order_id}-{next(NUMBERS)}")
        return super().append_contacts(patient_id, points, order_id=anew)


class AppendsToTheMerged(ob.MemoryDirectory):
    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        found = super().get(patient_id)
        if found is None or found.merged_into is None:
            return super().append_contacts(patient_id, points, order_id=order_id)
        added = found.lacking(points)
        self.put(evolve(found, contacts=(*found.contacts, *added)))
        return added


class ChecksThenAppends(ob.MemoryDirectory):
    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        found = super().get(patient_id)
        assert found is not None
        added = found.lacking(points)
        names = [each.match_key for each in added]
        again = super().get(patient_id)
        assert again is not None
        assert names is not None
        self.put(evolve(again, contacts=(*again.contacts, *added)))
        return added


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        (LosesSurvivors, "directory.candidates"),
        (CurrentContactsOnly, "directory.candidates"),
        (EachTwice, "directory.candidates"),
        (FoldsIdentifiers, "directory.get"),
        (ForgetsInCandidates, "directory.facts"),
        (NoneForUnknown, "directory.facts"),
        (UnknownForNone, "directory.facts"),
        (LosesExpiry, "directory.facts"),
        (AppendsWithoutFacts, "directory.facts"),
        (ForgetsMerges, "directory.replaces"),
        (AppendsFirst, "directory.appends"),
        (AppendsVerified, "directory.appends"),
        (AnswersAll, "directory.appends"),
        (ForgetsOrders, "directory.appends-once"),
        (AppendsToTheMerged, "directory.appends-to-survivor"),
        (ChecksThenAppends, "directory.appends-at-once"),
    ],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_faulty_directory_is_caught(
    kind: Callable[[Sequence[Patient]], ob.MemoryDirectory], law: str, seed: int
) -> None:
    with pytest.raises(BrokenPromise) as caught:
        LAWS[law](kind, seed=seed)

    assert caught.value.law == law


def dropping(name: str) -> type[ob.MemoryDirectory]:
    return type("Dropping", (Drops,), {"fact": name})


@pytest.mark.parametrize("name", FACTS)
def test_a_directory_that_drops_a_fact_is_caught_and_the_fact_named(name: str) -> None:
    """R20, R21: what a file tells decides what is shown."""
    with pytest.raises(BrokenPromise, match=f"is told with another {name}$") as caught:
        LAWS["directory.facts"](dropping(name))

    assert caught.value.law == "directory.facts"


@pytest.mark.parametrize("name", FACTS)
def test_a_directory_may_be_said_not_to_have_a_fact(name: str) -> None:
    """R21: it is then unknown."""
    check_directory(dropping(name), effort=Effort.QUICK, tells=FACTS.keys() - {name})


def test_a_fact_that_a_directory_is_not_said_to_have_must_be_right_if_told() -> None:
    with pytest.raises(BrokenPromise, match="tags"):
        check_directory(NoneForUnknown, effort=Effort.QUICK, tells=FACTS.keys() - {"tags"})


def test_a_directory_is_said_to_have_facts_that_there_are() -> None:
    with pytest.raises(ob.InvalidValue, match="a directory can tell: "):
        check_directory(ob.MemoryDirectory, tells=("tag",))


# Schedules ---------------------------------------------------------------------------------------

CLINIC = small_clinic()
OPENINGS = {each.schedule_id: each.openings for each in CLINIC.schedules}


def test_the_schedules_of_a_clinics_file_keep_the_laws() -> None:
    check_schedule_source(ob.ClinicSchedules(CLINIC), OPENINGS)


class Source:
    """Answers with what a function makes of the honest answer."""

    def __init__(
        self,
        spoil: Callable[[dict[Any, Any], Sequence[ScheduleId]], Any] = lambda known, _: known,
        versions: Callable[[Any, Sequence[ScheduleId]], Any] | None = None,
    ) -> None:
        self.spoil = spoil
        self.said = versions or (lambda mine, asked: {each: str(mine.turn) for each in asked})
        self.known = {**OPENINGS}
        self.turn = 0

    def openings(self, schedule_ids: Sequence[ScheduleId]) -> Any:
        known = {each: self.known.get(each, ()) for each in schedule_ids}
        return self.spoil(known, schedule_ids)

    def versions(self, schedule_ids: Sequence[ScheduleId]) -> Any:
        return self.said(self, schedule_ids)

    def change(self) -> dict[ScheduleId, Any]:
        """Leaves one date of a schedule's first opening."""
        name = next(iter(OPENINGS))
        first, *more = self.known[name]
        self.known[name] = (evolve(first, recurrence=ob.Recurrence.once(date(2026, 3, 2))), *more)
        self.turn += 1
        return {name: self.known[name]}


def refusing(known: dict[Any, Any], asked: Sequence[ScheduleId]) -> Any:
    return {each: OPENINGS[each] for each in asked}


@pytest.mark.parametrize(
    ("spoil", "law"),
    [
        (lambda known, _: {k: v[:1] for k, v in known.items()}, "source.openings"),
        (lambda known, _: {k: list(v) for k, v in known.items()}, "source.openings"),
        (lambda known, _: {k: v for k, v in known.items() if v}, "source.asked"),
        (lambda known, _: known or dict(OPENINGS), "source.asked"),
        (refusing, "source.asked"),
    ],
)
def test_a_faulty_schedule_source_is_caught(spoil: Any, law: str) -> None:
    with pytest.raises(BrokenPromise) as caught:
        check_schedule_source(Source(spoil), OPENINGS)

    assert caught.value.law == law


def test_a_source_whose_openings_change_keeps_the_laws() -> None:
    source = Source()
    check_schedule_source(source, OPENINGS, change=source.change)

    awaited = Source()

    async def change() -> Any:
        return awaited.change()

    check_schedule_source(awaited, OPENINGS, change=change)


counted = count()


@pytest.mark.parametrize(
    ("versions", "law"),
    [
        (lambda mine, asked: dict.fromkeys(asked, 7), "source.versions"),
        (lambda mine, asked: dict.fromkeys(asked, f"v{next(counted)}"), "source.versions"),
        (lambda mine, asked: dict.fromkeys(asked, f"of {len(asked)}"), "source.versions"),
        (lambda mine, asked: dict.fromkeys(asked, asked[0]) if asked else {}, "source.versions"),
        (lambda mine, asked: {a: "" for a in asked if a in OPENINGS}, "source.versions"),
        (lambda mine, asked: dict.fromkeys(OPENINGS, ""), "source.versions"),
        (lambda mine, asked: dict.fromkeys(asked, ""), "source.changes"),
        (
            lambda mine, asked: (
                {a: str(len(mine.known[a])) for a in asked if a in mine.known}
                | {a: "" for a in asked if a not in mine.known}
            ),
            "source.changes",
        ),
    ],
)
def test_a_source_whose_versions_cannot_be_trusted_is_caught(versions: Any, law: str) -> None:
    """R30: what a process keeps of openings is only as good as their versions."""
    source = Source(versions=versions)
    with pytest.raises(BrokenPromise) as caught:
        check_schedule_source(source, OPENINGS, change=source.change)

    assert caught.value.law == law


def test_a_source_that_goes_on_telling_what_was_before_is_caught() -> None:
    source = Source()
    source.spoil = lambda known, asked: {each: OPENINGS.get(each, ()) for each in asked}
    with pytest.raises(BrokenPromise, match="is missing") as caught:
        check_schedule_source(source, OPENINGS, change=source.change)

    assert caught.value.law == "source.changes"


def test_a_change_of_nothing_shows_nothing() -> None:
    with pytest.raises(BrokenPromise, match="nothing is shown"):
        check_schedule_source(Source(), OPENINGS, change=lambda: OPENINGS)


def test_a_source_that_hands_out_its_own_dictionary_is_caught() -> None:
    answers: dict[tuple[ScheduleId, ...], Any] = {}

    def cached(known: dict[Any, Any], asked: Sequence[ScheduleId]) -> Any:
        return answers.setdefault(tuple(asked), known)

    with pytest.raises(BrokenPromise) as caught:
        check_schedule_source(Source(cached), OPENINGS)

    assert caught.value.law == "source.detached"


def test_a_check_of_no_openings_shows_nothing() -> None:
    with pytest.raises(BrokenPromise, match="nothing is shown"):
        check_schedule_source(ob.ClinicSchedules(CLINIC), {})


# Notifiers ---------------------------------------------------------------------------------------


def recording(working: bool) -> ob.RecordingNotifier:
    made = ob.RecordingNotifier()
    made.failing = not working
    return made


def sent(notifier: Any) -> Sequence[Message]:
    found: Sequence[Message] = notifier.sent
    return found


def test_the_recording_notifier_keeps_its_laws() -> None:
    check_notifier(recording, handed_over=sent)
    check_notifier(recording, systems=(ob.ContactSystem.EMAIL,))


class Noisy(ob.RecordingNotifier):
    """Lets through what it drives raises."""

    def send(self, message: Message) -> None:
        if self.failing:
            raise ConnectionError("no route")
        super().send(message)


class Tells(ob.RecordingNotifier):
    """Tells in its error to whom it wanted to send."""

    def send(self, message: Message) -> None:
        if self.failing:
            raise ob.NotifierError(f"cannot reach {message.address}")
        super().send(message)


class Swallows(ob.RecordingNotifier):
    """Says that it sent what it did not."""

    def send(self, message: Message) -> None:
        if not self.failing:
            super().send(message)


class Cuts(ob.RecordingNotifier):
    """Sends the first line."""

    def send(self, message: Message) -> None:
        super().send(evolve(message, body=message.body.partition("\n")[0]))


class SameTextOnce(ob.RecordingNotifier):
    """Takes two messages with one text for a repetition."""

    def send(self, message: Message) -> None:
        if all(each.body != message.body for each in self.sent):
            super().send(message)


class Chatty(ob.RecordingNotifier):
    """Answers something."""

    def send(self, message: Message) -> Any:
        super().send(message)
        return True


class OneAtATime(ob.RecordingNotifier):
    """Keeps its messages in a list that it copies and puts back."""

    def __init__(self) -> None:
        super().__init__()
        self.mine: tuple[Message, ...] = ()

    def send(self, message: Message) -> None:
        if self.failing:
            raise ob.NotifierError("this notifier was told to fail")
        before = self.mine
        copied = [*before]
        copied.append(message)
        self.mine = tuple(copied)

    @property
    def sent(self) -> tuple[Message, ...]:
        return self.mine


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        (Noisy, "notifier.refuses"),
        (Tells, "notifier.refuses"),
        (Swallows, "notifier.refuses"),
        (Cuts, "notifier.sends"),
        (Chatty, "notifier.sends"),
        (SameTextOnce, "notifier.again"),
        (OneAtATime, "notifier.together"),
    ],
)
def test_a_faulty_notifier_is_caught(kind: type[ob.RecordingNotifier], law: str) -> None:
    """R46."""

    def make(working: bool) -> ob.RecordingNotifier:
        made = kind()
        made.failing = not working
        return made

    with pytest.raises(BrokenPromise) as caught:
        check_notifier(make, handed_over=sent)

    assert caught.value.law == law
