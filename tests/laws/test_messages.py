"""Laws of what is written to people: nothing personal in a notice, nothing false about a time."""

import unicodedata
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from omnibook.clinic import Text
from omnibook.contacts import ContactSystem
from omnibook.ids import VisitToken
from omnibook.messages import (
    describe_outcome,
    format_duration,
    format_start,
    format_time,
    render_notice,
)
from omnibook.outcomes import OfferedService, Welcome
from omnibook.records import Appointment, NoticeKind
from support.samples_messages import (
    LINK,
    MONTREAL,
    a_clinic,
    a_notice,
    a_service,
    a_slot,
    an_appointment,
    an_identity,
)

languages = st.sampled_from(["fr", "en"])
kinds = st.sampled_from(NoticeKind)
systems = st.sampled_from(ContactSystem)
links = st.sampled_from([LINK, None])
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
            *("Bcc: x@example.org", "Clinique", "{link}", " ", "\u00a0"),
        ]
    ),
    max_size=8,
).map("".join)


def is_plain(text: str) -> bool:
    return not any(unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for each in text)


@given(kinds, systems, languages, links, personal, personal, personal, personal, personal)
def test_a_notice_holds_nothing_of_the_person(
    kind: NoticeKind,
    system: ContactSystem,
    language: str,
    link: str | None,
    reason: str,
    details: str,
    first_name: str,
    last_name: str,
    reference: str,
) -> None:
    """R49, R23."""
    appointment = an_appointment(
        reason=reason,
        details=details,
        identity=an_identity(first_name, last_name),
        reference=reference,
    )

    subject, body = render_notice(
        notice=a_notice(kind),
        appointment=appointment,
        clinic=a_clinic(),
        language=language,
        link=link,
        system=system,
    )

    for secret in (MARK, "TREM", "0462", "2004", "5550123", "marie@", "INTERNAL", "infection"):
        assert secret not in subject + body


@given(kinds, systems, languages, links, personal, personal, personal, personal)
def test_of_an_appointment_a_notice_tells_the_slot_only(
    kind: NoticeKind,
    system: ContactSystem,
    language: str,
    link: str | None,
    reason: str,
    details: str,
    name: str,
    reference: str,
) -> None:
    """R49: two people with the same time get the same words."""

    def written(appointment: Appointment) -> tuple[str, str]:
        return render_notice(
            notice=a_notice(kind),
            appointment=appointment,
            clinic=a_clinic(),
            language=language,
            link=link,
            system=system,
        )

    somebody_else = an_appointment(
        reason=reason, details=details, identity=an_identity(name, name), reference=reference
    )

    assert written(an_appointment()) == written(somebody_else)


@given(kinds, systems, languages, links, hostile, hostile, hostile, hostile)
def test_what_a_clinic_configured_adds_no_line_to_a_message(
    kind: NoticeKind,
    system: ContactSystem,
    language: str,
    link: str | None,
    name: str,
    place: str,
    label: str,
    phone: str,
) -> None:
    """R49: a text stays on its line, in the subject above all."""

    def written(*texts: str) -> tuple[str, str]:
        name, place, label, phone = (f"x{text}x" for text in texts)
        clinic = a_clinic(
            name=Text(name, name),
            place=Text(place, place),
            service=a_service(label=Text(label, label)),
            phone=phone,
        )
        return render_notice(
            notice=a_notice(kind),
            appointment=an_appointment(),
            clinic=clinic,
            language=language,
            link=link,
            system=system,
        )

    subject, body = written(name, place, label, phone)
    _, harmless = written("", "", "", "")

    assert is_plain(subject)
    assert all(is_plain(line) for line in body.split("\n"))
    assert body.count("\n") == harmless.count("\n")
    subject.encode("utf-8")
    body.encode("utf-8")


@given(kinds, systems, languages, links, starts)
def test_a_notice_tells_day_time_place_label_clinic_and_phone(
    kind: NoticeKind, system: ContactSystem, language: str, link: str | None, start: datetime
) -> None:
    """R49; R44: the link, except where nothing is left to do with it."""
    clinic = a_clinic()
    subject, body = render_notice(
        notice=a_notice(kind),
        appointment=an_appointment(slot=a_slot(start)),
        clinic=clinic,
        language=language,
        link=link,
        system=system,
    )
    joint = " at " if language == "en" else " à "
    day, _, time = format_start(start, MONTREAL, language).partition(joint)
    plain = body.replace("\u00a0", " ")

    assert clinic.name[language] in subject
    assert day in subject
    for part in (day, time, a_service().label[language], clinic.phone, clinic.name[language]):
        assert part.replace("\u00a0", " ") in plain
    assert clinic.schedules[0].place[language].replace("’", "'") in plain
    assert (LINK in body) == (link is not None and kind is not NoticeKind.CANCELLATION)
    assert not {"{", "}"} & set(subject + body)


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
