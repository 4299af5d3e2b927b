"""Laws of what is written to people: nothing personal in a notice, nothing false about a time."""

import html
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from omnibook.clinic import Clinic, Text
from omnibook.contacts import ContactSystem
from omnibook.errors import InvalidValue
from omnibook.ids import VisitToken
from omnibook.messages import (
    NoticeText,
    describe_outcome,
    format_duration,
    format_start,
    format_time,
    render_notice,
)
from omnibook.messages.plain_text import for_text_message
from omnibook.outcomes import OfferedService, Welcome
from omnibook.own_texts import OwnTexts
from omnibook.records import (
    VISITOR,
    Actor,
    Appointment,
    AppointmentStatus,
    Cancellation,
    Move,
    NoticeKind,
    Presence,
)
from omnibook.text_codes import TEXTS
from support.samples_messages import (
    LINK,
    MONTREAL,
    PHONE,
    a_clinic,
    a_move,
    a_notice,
    a_service,
    a_slot,
    an_appointment,
    an_identity,
    the_presence,
)

languages = st.sampled_from(["fr", "en"])
kinds = st.sampled_from(NoticeKind)
systems = st.sampled_from(ContactSystem)
links = st.sampled_from([LINK, None])
confirmed = st.sampled_from([the_presence(), None])
movers = st.sampled_from([a_move(), a_move(Actor.staff("s-12")), None])
minutes = st.integers(0, 2 * 366 * 24 * 60)
starts = minutes.map(lambda count: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=count))

# A mark that no sentence has, in everything that is personal.
MARK = "\u2603"
personal = st.text(max_size=30).map(lambda text: f"{MARK}{text}")

# Line breaks of every kind, a mail header, a terminal's escape, a turned reading direction.
hostile = st.lists(
    st.sampled_from(
        [
            *("\r\n", "\n", "\x00", "\x1b[2J", "\u2028", "\u2029", "\x85", "\u202e", "\ud800"),
            *("Bcc: x@example.org", "Clinique", "{link}", " ", "\u00a0", "</p><b>", "&", '"'),
            *("x" * 10_000, "\U0001f469\u200d\u2695\ufe0f", "\u05d0\u05d1", "\ud83d"),
        ]
    ),
    max_size=8,
).map("".join)


def is_plain(text: str) -> bool:
    return not any(unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for each in text)


@frozen(kw_only=True)
class Case:
    """Everything that a notice's words can depend on, but for the clinic and the person."""

    kind: NoticeKind
    system: ContactSystem
    language: str
    link: str | None
    changeable: bool
    presence: Presence | None
    move: Move | None
    cancelled_by: Actor | None

    def of(self, appointment: Appointment) -> Appointment:
        """The appointment, in this state."""
        seen = evolve(appointment, presence=self.presence, last_move=self.move)
        if self.cancelled_by is None:
            return seen
        at = appointment.booked_at
        cancellation = Cancellation(at=at, by=self.cancelled_by, reason=f"{MARK} voyage")
        return evolve(seen, status=AppointmentStatus.CANCELLED, cancellation=cancellation)

    def text(
        self, *, clinic: Clinic | None = None, appointment: Appointment | None = None
    ) -> NoticeText:
        """The notice of this case."""
        return render_notice(
            notice=a_notice(self.kind),
            appointment=self.of(appointment or an_appointment()),
            clinic=clinic or a_clinic(),
            language=self.language,
            link=self.link,
            changeable=self.changeable,
            system=self.system,
        )


def everything(text: NoticeText) -> str:
    """All that leaves the house."""
    return "\n".join((text.subject, text.plain, text.html))


cases = st.builds(
    Case,
    kind=kinds,
    system=systems,
    language=languages,
    link=links,
    changeable=st.booleans(),
    presence=confirmed,
    move=movers,
    cancelled_by=st.sampled_from([VISITOR, Actor.staff("s-12"), None]),
)


def every_case() -> Iterator[Case]:
    """All of them: there are few enough."""
    for kind, system, language, link, changeable, presence, move, actor in product(
        NoticeKind,
        ContactSystem,
        ("fr", "en"),
        (LINK, None),
        (True, False),
        (the_presence(), None),
        (a_move(), a_move(Actor.staff("s-12")), None),
        (VISITOR, Actor.staff("s-12"), None),
    ):
        yield Case(
            kind=kind,
            system=system,
            language=language,
            link=link,
            changeable=changeable,
            presence=presence,
            move=move,
            cancelled_by=actor,
        )


def test_every_notice_of_every_state_has_its_text() -> None:
    """R42 to R49: whatever the kind, role, channel, language, presence and link."""
    for case in every_case():
        text = case.text()

        assert bool(text.html) == (case.system is ContactSystem.EMAIL)
        assert text.subject.strip()
        assert text.plain.strip()
        assert not re.search(r"[{}]|None|UNKNOWN", text.subject + text.plain)
        assert is_plain(text.subject)
        for secret in (MARK, "TREM", "2004", "5550123", "marie@", "INTERNAL", "infection"):
            assert secret not in everything(text)
        for old in ("old-room", "23 f", "February 23", "9:45", "45"):
            assert old not in text.subject + text.plain


def test_a_link_is_there_as_long_as_there_is_something_to_do_with_it() -> None:
    """R44, R47: presence until the start, the rest until the cut-off; the clinic's phone always."""
    for case in every_case():
        text = case.text()
        asks = case.kind is NoticeKind.REMINDER and case.presence is None
        useful = case.kind is not NoticeKind.CANCELLATION and (case.changeable or asks)

        assert (LINK in text.plain) == (case.link is not None and useful)
        assert (LINK in text.html) == (LINK in text.plain and bool(text.html))
        assert PHONE in text.plain


@given(cases, personal, personal, personal, personal, personal)
def test_a_notice_holds_nothing_of_the_person(
    case: Case, reason: str, details: str, first_name: str, last_name: str, reference: str
) -> None:
    """R49, R23."""
    appointment = an_appointment(
        reason=reason,
        details=details,
        identity=an_identity(first_name, last_name),
        reference=reference,
    )

    written = everything(case.text(appointment=appointment))

    for secret in (MARK, "TREM", "0462", "2004", "5550123", "marie@", "INTERNAL", "infection"):
        assert secret not in written


@given(cases, personal, personal, personal, personal)
def test_of_an_appointment_a_notice_tells_the_slot_only(
    case: Case, reason: str, details: str, name: str, reference: str
) -> None:
    """R49: two people with the same time get the same words."""
    somebody_else = an_appointment(
        reason=reason, details=details, identity=an_identity(name, name), reference=reference
    )

    assert case.text() == case.text(appointment=somebody_else)


@given(cases, hostile, hostile, hostile, hostile, hostile)
def test_what_a_clinic_configured_adds_no_line_to_a_message(
    case: Case, name: str, place: str, label: str, phone: str, link: str
) -> None:
    """R49: a text stays on its line, in the subject above all, and brings no markup."""

    def written(*texts: str) -> NoticeText:
        name, place, label, phone, link = (f"x{text}x" for text in texts)
        clinic = a_clinic(
            name=Text(name, name),
            place=Text(place, place),
            service=a_service(label=Text(label, label)),
            phone=phone,
        )
        return evolve(case, link=f"{LINK}/{link}").text(clinic=clinic)

    text = written(name, place, label, phone, link)
    harmless = written("", "", "", "", "")

    assert is_plain(text.subject)
    assert all(is_plain(line) for line in text.plain.split("\n"))
    assert text.plain.count("\n") == harmless.plain.count("\n")
    assert text.html.count("\n") == harmless.html.count("\n")
    assert text.html.count("<") == harmless.html.count("<")
    everything(text).encode("utf-8")


@given(cases, st.sampled_from(sorted(TEXTS)), hostile)
def test_a_clinic_s_own_words_break_no_message(case: Case, code: str, words: str) -> None:
    """R49: what they may not hold is refused; whatever they hold, a header stays one line."""
    filled = " ".join(f"{{{name}}}" for name in sorted(TEXTS[code].placeholders))
    try:
        own = OwnTexts(fr={code: f"{words} {filled}"}, en={code: f"{words} {filled}"})
    except InvalidValue:
        return
    text = case.text(clinic=a_clinic(texts=own))

    assert is_plain(text.subject)
    assert all(is_plain(line) for line in text.plain.split("\n"))
    assert MARK not in everything(text)
    everything(text).encode("utf-8")


@given(cases, starts)
def test_a_notice_tells_day_time_place_label_clinic_and_phone(case: Case, start: datetime) -> None:
    """R49."""
    clinic, language = a_clinic(), case.language
    text = case.text(clinic=clinic, appointment=an_appointment(slot=a_slot(start)))
    joint = " at " if language == "en" else " à "
    day, _, time = format_start(start, MONTREAL, language).partition(joint)
    plain, told = (for_text_message(each) for each in (text.plain, text.html))

    assert clinic.name[language] in text.subject
    assert day in text.subject
    for part in (
        *(day, time, clinic.phone, clinic.name[language], a_service().label[language]),
        clinic.schedules[0].place[language],
    ):
        assert for_text_message(part) in plain
        assert not told or for_text_message(html.escape(part)) in told


@given(starts, languages)
def test_two_times_of_a_day_never_read_alike(start: datetime, language: str) -> None:
    """R30: an hour that comes twice says which of the two it is."""
    hour_later = start + timedelta(hours=1)

    assert format_start(start, MONTREAL, language) != format_start(hour_later, MONTREAL, language)


@given(starts)
def test_a_french_time_reads_back_as_the_wall_clock(start: datetime) -> None:
    shown = format_time(start, MONTREAL, "fr").partition(" (")[0]
    hour, _, minute = shown.replace("\u00a0", " ").partition(" h")

    wall = start.astimezone(MONTREAL)
    assert (int(hour), int(minute or 0)) == (wall.hour, wall.minute)


@given(st.timedeltas(timedelta(), timedelta(days=400)), languages)
def test_a_duration_never_promises_more_time_than_there_is(
    duration: timedelta, language: str
) -> None:
    """R34: the rest of a hold is not rounded up."""
    lengths = {"s": 1, "m": 60, "h": 3600, "d": 86400, "j": 86400}
    words = format_duration(duration, language).replace("\u00a0", " ").split()
    told = sum(
        int(count) * lengths[unit[0]] for count, unit in zip(words[::2], words[1::2], strict=True)
    )

    assert told <= duration.total_seconds()
    assert told > 0 or duration < timedelta(seconds=1)


@given(st.text(min_size=22, max_size=128), st.integers(1, 5), languages)
def test_a_welcome_reads_the_same_whoever_comes(token: str, count: int, language: str) -> None:
    """R10: only the list of services differs."""
    offered = OfferedService(
        service_id=a_service().service_id,
        name=a_service().name,
        description=a_service().description,
        duration=a_service().duration,
        mode=a_service().mode,
    )
    somebody = Welcome(visit=VisitToken(token), services=(offered,) * count)
    nobody = Welcome(visit=VisitToken("x" * 22), services=(offered,))

    assert describe_outcome(somebody, language, a_clinic()) == describe_outcome(
        nobody, language, a_clinic()
    )
