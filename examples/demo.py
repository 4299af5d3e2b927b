"""The story of a day at two clinics, told in the terminal through the public API only.

``python examples/demo.py --language fr`` (or ``make demo LANGUAGE=fr``) makes a fresh SQLite file,
walks through it, prints what each patient reads, and leaves the database and the messages in the
folder ``demo`` to look at. Time is a clock that the story moves, so nobody waits five minutes.
Each scene checks that it ended as told; a story that goes otherwise ends with an error.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import omnibook as ob
from omnibook.adapters.files import load_patients
from omnibook.adapters.sql import SqlDirectory, SqlStore
from omnibook.dispatch import Dispatcher
from omnibook.messages import describe_outcome, format_start
from omnibook.messages.descriptions import Outcome

EXAMPLES = Path(__file__).parent
MONDAY = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
"""07:30 at the clinic."""
CLERK = ob.Actor.staff("clerk-1")

MARIE = ob.IdentityForm(
    first_name="Marie",
    last_name="Tremblay",
    birth_date="2004-12-19",
    gender="female",
    cell_phone="514 555-0123",
    email="marie@example.org",
    health_number="TREM 0462 1918",
)
THOMAS = ob.IdentityForm(
    first_name="Thomas",
    last_name="Testard",
    birth_date="1954-12-28",
    gender="male",
    cell_phone="450 555-0142",
)
EMILY = ob.IdentityForm(
    first_name="Emily",
    last_name="Clarke",
    birth_date="1991-05-17",
    gender="female",
    email="emily.clarke@example.com",
)
STRANGER = ob.IdentityForm(
    first_name="Robin",
    last_name="Passant",
    birth_date="1985-04-01",
    gender="other",
    cell_phone="438 555-0188",
)

SCENES = {
    "fr": {
        "known": "Marie, qui a un dossier, réserve un suivi",
        "types-contact": "Elle ajoute, en vérifiant, une adresse qui n'est pas dans son dossier :",
        "file": "Les coordonnées de son dossier, après la réservation :",
        "unverified": "non vérifiée",
        "stranger": "Robin, sans dossier, ne voit que le service ouvert à tous",
        "closed": "À la Clinique du Ruisseau, chaque service a des critères",
        "race": "Deux personnes veulent la même plage : la seconde est renvoyée à la liste",
        "lapse": "Cinq minutes passent : la plage retenue est offerte de nouveau",
        "late": "Réserver trop tard réussit si la plage est encore libre",
        "late-lost": "… et échoue si quelqu'un d'autre l'a prise",
        "desk": "La réception ne peut pas prendre une plage retenue",
        "cancel": "Une annulation libère la plage aussitôt",
        "messages": "Les messages partis, et à qui",
        "clerk": "La réception",
        "left": "La base de données et les messages sont dans",
    },
    "en": {
        "known": "Marie, who has a file, books a follow-up",
        "types-contact": "At review she adds an address that her file does not have:",
        "file": "Her file's contact details after the booking:",
        "unverified": "not verified",
        "stranger": "Robin, without a file, sees only the service that is open to everyone",
        "closed": "At Clinique du Ruisseau every service has criteria",
        "race": "Two people review the same time: the second is sent back to the list",
        "lapse": "Five minutes pass: the time that was held is offered again",
        "late": "Booking too late succeeds while the time is still free",
        "late-lost": "… and fails when somebody else has taken it",
        "desk": "The front desk cannot take a time that is held",
        "cancel": "A cancellation frees the time at once",
        "messages": "The messages that went out, and to whom",
        "clerk": "The front desk",
        "left": "The database and the messages are in",
    },
}


class Story:
    """The clinic, its ports, and the few verbs that the scenes are told with."""

    def __init__(self, folder: Path, language: str) -> None:
        self.language = language
        self.folder = folder
        self.clinic = ob.Clinic.from_toml(EXAMPLES / "clinic.toml")
        self.clock = ob.ManualClock(MONDAY)
        database = f"sqlite:///{folder / 'clinic.db'}"
        self.store = SqlStore(database, clock=self.clock)
        self.patients = SqlDirectory(database, self.clinic.clinic_id)
        self.patients.import_patients(load_patients(EXAMPLES / "patients.json"))
        self.keys = ob.Keyring.generate()
        self.texts, self.mails = ob.RecordingNotifier(), ob.RecordingNotifier()
        self.portal = self.portal_of(self.clinic)
        self.desk = ob.FrontDesk(
            self.clinic, store=self.store, directory=self.patients, keys=self.keys
        )
        self.dispatcher = Dispatcher(
            self.clinic,
            store=self.store,
            directory=self.patients,
            keys=self.keys,
            notifiers={ob.ContactSystem.PHONE: self.texts, ob.ContactSystem.EMAIL: self.mails},
            link_address=lambda link: f"https://booking.example.org/{link}",
        )

    def portal_of(self, clinic: ob.Clinic) -> ob.Portal:
        """A portal on the same database, which several clinics may share."""
        return ob.Portal(
            clinic,
            store=self.store,
            directory=self.patients,
            keys=self.keys,
            limiter=ob.MemoryLimiter(self.clock),
        )

    def close(self) -> None:
        self.patients.close()
        self.store.close()

    def scene(self, name: str) -> None:
        print(f"\n— {SCENES[self.language][name]}\n")

    def say(self, name: str) -> None:
        print(f"  {SCENES[self.language][name]}")

    def read(self, outcome: Outcome, who: str = "", clinic: ob.Clinic | None = None) -> None:
        """Print what somebody reads."""
        if who:
            print(f"  {who}")
        words = describe_outcome(outcome, self.language, clinic or self.clinic)
        for line in words.splitlines():
            print(f"  │ {line}")

    def times(self, slots: Sequence[ob.Slot]) -> None:
        """Print times as a list shows them: when, who, where (R25)."""
        for slot in slots:
            schedule = self.clinic.schedule(slot.schedule_id)
            assert schedule is not None
            when = format_start(slot.start, self.clinic.zone, self.language)
            self.point(f"{when} — {schedule.name[self.language]}, {schedule.place[self.language]}")

    def point(self, words: str) -> None:
        print(f"  │   • {words}")

    def enter(self, form: ob.IdentityForm, source: str, *, aloud: bool = False) -> ob.VisitToken:
        """Identify; ``aloud`` prints what is listed then."""
        outcome = self.portal.identify(
            form, terms=self.clinic.terms.version, language=self.language, source=source
        )
        assert isinstance(outcome, ob.Welcome)
        if aloud:
            self.read(outcome)
            for service in outcome.services:
                self.point(service.name[self.language])
        return outcome.visit

    def find(self, visit: ob.VisitToken, service_id: str) -> tuple[ob.Slot, ...]:
        page = self.portal.find(visit, service_id, ob.Preference(time_of_day="morning"))
        assert isinstance(page, ob.Page)
        return page.slots

    def slots(self, visit: ob.VisitToken, preference: ob.Preference) -> tuple[ob.Slot, ...]:
        page = self.portal.find(visit, "urgent", preference)
        assert isinstance(page, ob.Page)
        return page.slots

    def hold(self, who: str, visit: ob.VisitToken, slot: ob.Slot) -> ob.Held:
        held = self.portal.review(visit, slot, ob.BookingForm("…"))
        assert isinstance(held, ob.Held)
        self.read(held, who)
        return held


def known_patient_books(story: Story) -> None:
    story.scene("known")
    visit = story.enter(MARIE, "203.0.113.1", aloud=True)
    page = story.portal.find(visit, "follow-up", ob.Preference(first_date="2026-11-26"))
    assert isinstance(page, ob.Page)
    story.read(page)
    story.times(page.slots)
    story.say("types-contact")
    form = ob.BookingForm("…", cell_phone="", email="marie.t@example.com")
    held = story.portal.review(visit, page.slots[0], form)
    assert isinstance(held, ob.Held)
    story.read(held)
    booked = story.portal.book(visit, held.hold_id)
    assert isinstance(booked, ob.Booked)
    story.read(booked)
    story.say("file")
    assert booked.appointment.patient_id is not None
    file = story.patients.get(booked.appointment.patient_id)
    assert file is not None
    for contact in file.contacts:
        mark = "" if contact.verified else f" ({SCENES[story.language]['unverified']})"
        story.point(f"{contact.rank}. {contact.value}{mark}")
    last = file.contacts[-1]
    assert last.value == "marie.t@example.com" and not last.verified


def stranger_sees_what_is_open(story: Story) -> None:
    story.scene("stranger")
    visit = story.enter(STRANGER, "203.0.113.2", aloud=True)
    outcome = story.portal.services(visit)
    assert isinstance(outcome, ob.Welcome)
    assert [service.service_id for service in outcome.services] == ["vaccination"]
    story.scene("closed")
    closed = ob.Clinic.from_toml(EXAMPLES / "closed-clinic.toml")
    refused = story.portal_of(closed).identify(
        STRANGER, terms=closed.terms.version, language=story.language, source="203.0.113.2"
    )
    assert isinstance(refused, ob.NotOnline)
    story.read(refused, clinic=closed)


def two_review_one_time(story: Story) -> None:
    story.scene("race")
    thomas = story.enter(THOMAS, "203.0.113.3")
    emily = story.enter(EMILY, "203.0.113.4")
    slot = story.find(thomas, "urgent")[0]
    story.hold("Thomas", thomas, slot)
    lost = story.portal.review(emily, slot, ob.BookingForm("…"))
    assert isinstance(lost, ob.SlotTaken) and isinstance(lost.fresh, ob.Page)
    assert slot not in lost.fresh.slots
    story.read(lost, "Emily")
    story.times(lost.fresh.slots)
    story.scene("lapse")
    story.clock.advance(timedelta(minutes=5))
    again = story.find(emily, "urgent")
    assert slot in again
    story.times(again)


def booking_late(story: Story) -> None:
    story.scene("late")
    thomas = story.enter(THOMAS, "203.0.113.5")
    held = story.hold("Thomas", thomas, story.find(thomas, "urgent")[0])
    story.clock.advance(timedelta(minutes=6))
    booked = story.portal.book(thomas, held.hold_id)
    assert isinstance(booked, ob.Booked)
    story.read(booked)
    story.scene("late-lost")
    emily, robin = story.enter(EMILY, "203.0.113.6"), story.enter(STRANGER, "203.0.113.7")
    slot = story.find(emily, "vaccination")[0]
    held = story.hold("Emily", emily, slot)
    story.clock.advance(timedelta(minutes=6))
    taken = story.portal.book(robin, story.hold("Robin", robin, slot).hold_id)
    assert isinstance(taken, ob.Booked)
    lost = story.portal.book(emily, held.hold_id)
    assert isinstance(lost, ob.SlotTaken) and isinstance(lost.fresh, ob.Page)
    story.read(lost, "Emily")
    story.times(lost.fresh.slots)


def desk_respects_a_hold(story: Story) -> None:
    story.scene("desk")
    emily = story.enter(EMILY, "203.0.113.8")
    slot = story.find(emily, "vaccination")[0]
    story.hold("Emily", emily, slot)
    refused = story.desk.book("request-1", slot, ob.BookingForm("…"), patient="p-006", actor=CLERK)
    assert isinstance(refused, ob.TimeTaken)
    story.read(refused, SCENES[story.language]["clerk"])
    assert isinstance(story.portal.go_back(emily), ob.Released)


def cancelling_frees_the_time(story: Story) -> None:
    story.scene("cancel")
    emily = story.enter(EMILY, "203.0.113.9")
    in_december = ob.Preference(first_date="2026-12-01")
    page = story.portal.find(emily, "urgent", in_december)
    assert isinstance(page, ob.Page)
    slot = page.slots[0]
    booked = story.portal.book(emily, story.hold("Emily", emily, slot).hold_id)
    assert isinstance(booked, ob.Booked)
    story.read(booked)
    assert slot not in story.slots(emily, in_december)
    cancelled = story.portal.cancel(booked.link)
    assert isinstance(cancelled, ob.Cancelled)
    story.read(cancelled)
    freed = story.slots(emily, in_december)
    assert freed[0] == slot
    story.times(freed[:1])


def messages_go_out(story: Story) -> None:
    story.scene("messages")
    story.dispatcher.run_once()
    assert "marie.t@example.com" in {message.address for message in story.mails.sent}
    story.clock.set(datetime(2026, 11, 25, 22, 0, tzinfo=UTC))
    story.dispatcher.run_once()
    outbox = story.folder / "messages"
    outbox.mkdir()
    for number, message in enumerate((*story.mails.sent, *story.texts.sent), start=1):
        print(f"  ▸ {message.kind} → {message.address}")
        for line in message.body.splitlines():
            print(f"  │ {line}")
        file = outbox / f"{number:02}-{message.kind}-{message.system}.txt"
        text = f"To: {message.address}\nSubject: {message.subject}\n\n{message.body}"
        file.write_text(text, encoding="utf-8")
    reminded = {text.address for text in story.texts.sent if text.kind == "reminder"}
    assert "+15145550123" in reminded


def fresh(folder: Path) -> Path:
    """The folder without what an earlier demonstration left; one with anything else is kept."""
    if folder.exists() and not (folder / "clinic.db").exists() and any(folder.iterdir()):
        sys.exit(f"{folder}/ has something else in it; name another one with --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def main() -> None:
    """Tell the story once."""
    parser = argparse.ArgumentParser(description="Walk through omnibook on a fresh SQLite file.")
    parser.add_argument("--language", choices=("fr", "en"), default="en")
    parser.add_argument("--folder", type=Path, default=Path("demo"))
    arguments = parser.parse_args()
    story = Story(fresh(arguments.folder), arguments.language)
    try:
        for scene in (
            known_patient_books,
            stranger_sees_what_is_open,
            two_review_one_time,
            booking_late,
            desk_respects_a_hold,
            cancelling_frees_the_time,
            messages_go_out,
        ):
            scene(story)
    finally:
        story.close()
    print(f"\n{SCENES[arguments.language]['left']} {arguments.folder}/")


if __name__ == "__main__":
    main()
