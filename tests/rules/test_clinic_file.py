"""A clinic from a file: what is read, what is refused, and that nothing ends in a traceback."""

import copy
import tomllib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.adapters.files import FILE_LIMIT, clinic_from_toml
from omnibook.clinic import (
    Clinic,
    Closure,
    DayPart,
    Mode,
    Policies,
    Recurrence,
    Release,
    Reminders,
    Retention,
    Text,
)
from omnibook.clinic_file import parse_clinic, read_clinic
from omnibook.contacts import ContactSystem
from omnibook.criteria import SHIPPED_KINDS, HasFile
from omnibook.errors import ConfigurationError
from omnibook.identity import MatchPolicy, NumberPolicy
from omnibook.names import Folding

EXAMPLES = Path(__file__).parents[2] / "examples"

Data = dict[str, Any]

SMALL = """
id = "small"
name = { fr = "Petite", en = "Small" }
phone = "514 555-0100"
zone = "America/Toronto"
activities = ["visit", "call"]

[terms]
document = "terms"
version = "1"

[[services]]
id = "visit"
activities = ["visit"]
name = { fr = "Visite", en = "Visit" }
description = { fr = "Une visite", en = "A visit" }
label = { fr = "Rendez-vous", en = "Appointment" }
minutes = 20

[[schedules]]
id = "room"
name = { fr = "Salle", en = "Room" }
place = { fr = "Ici", en = "Here" }

[[schedules.openings]]
days = ["mon", "Wednesday"]
from = "08:30"
to = "12:00"
every = 15
activities = ["visit"]

[[closures]]
date = 2026-12-25
"""


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def small() -> Data:
    return tomllib.loads(SMALL)


def read(data: object) -> Clinic:
    clinic, mistakes = read_clinic(data)  # type: ignore[arg-type]
    assert mistakes == ()
    assert clinic is not None
    return clinic


def mistakes_of(data: object) -> list[str]:
    clinic, mistakes = read_clinic(data)  # type: ignore[arg-type]
    assert clinic is None
    assert mistakes
    return [str(mistake) for mistake in mistakes]


def mistakes_with(change: Callable[[Data], object]) -> list[str]:
    data = small()
    change(data)
    return mistakes_of(data)


def at(data: Data, *keys: str | int) -> Any:
    found: Any = data
    for key in keys:
        found = found[key]
    return found


OPENING = ("schedules", 0, "openings", 0)


def opening_with(**keys: object) -> list[str]:
    return mistakes_with(lambda data: change_keys(at(data, *OPENING), keys))


def change_keys(table: Data, keys: dict[str, object]) -> None:
    for name, value in keys.items():
        key = name.rstrip("_")  # Python's own words are from_ and except_
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value


def right_opening(**keys: object) -> Any:
    data = small()
    change_keys(at(data, *OPENING), keys)
    return read(data).schedules[0].openings[0]


# Laws --------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**70, -1, 0]),
    st.floats(),
    st.text(max_size=12),
    st.characters(categories=["Cs", "Cc", "Zs"]),
    st.sampled_from(["08:30", "24:00", "mon", "America", "../x", "x" * 10_000, "visit"]),
    st.dates(),
    st.times(),
    st.times(timezones=st.just(UTC)),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.binary(max_size=3),
)
KEYS = st.sampled_from(
    ["id", "name", "fr", "en", "days", "from", "to", "date", "include", "kind", "services", "zone"]
) | st.text(max_size=6)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(JUNK)
def test_whatever_is_read_there_is_a_clinic_or_there_are_mistakes(data: object) -> None:
    clinic, mistakes = read_clinic(data)  # type: ignore[arg-type]
    assert (clinic is None) == bool(mistakes)
    for mistake in mistakes:
        assert mistake.path
        assert mistake.message
        assert mistake.remedy
        assert len(str(mistake)) < 5_000


def nodes(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += nodes(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            found += nodes(inner, (*path, i))
    return found


FULL = tomllib.loads((EXAMPLES / "clinic.toml").read_text("utf-8"))


@given(st.data())
def test_a_clinic_broken_anywhere_never_raises(data: st.DataObject) -> None:
    broken = copy.deepcopy(FULL)
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from(nodes(broken)))
        table = at(broken, *above)
        what = data.draw(st.sampled_from(["replace", "delete", "add"]))
        if what == "delete":
            del table[last]
        elif what == "add" and isinstance(table, dict):
            table[data.draw(KEYS)] = data.draw(JUNK)
        else:
            table[last] = data.draw(JUNK)
    clinic, mistakes = read_clinic(broken)
    assert (clinic is None) == bool(mistakes)


@given(st.text() | st.binary() | st.none() | st.integers())
def test_whatever_text_is_parsed_only_a_configuration_error_is_raised(text: object) -> None:
    with pytest.raises(ConfigurationError):
        parse_clinic(text)  # type: ignore[arg-type]


@given(st.integers(0, len(SMALL)), st.integers(0, 9), st.text(max_size=3))
def test_a_text_changed_anywhere_is_read_or_refused(place: int, gone: int, new: str) -> None:
    with suppress(ConfigurationError):
        assert isinstance(parse_clinic(SMALL[:place] + new + SMALL[place + gone :]), Clinic)


# What is read ------------------------------------------------------------------------------------


def test_the_example_clinic_is_read_whole() -> None:
    clinic = Clinic.from_toml(EXAMPLES / "clinic.toml")
    assert clinic.clinic_id == "clinique-des-erables"
    assert [service.service_id for service in clinic.services] == [
        "follow-up",
        "urgent",
        "vaccination",
        "womens-health",
        "child-checkup",
        "prescription-phone",
    ]
    assert [schedule.schedule_id for schedule in clinic.schedules] == [
        "dr-gagnon",
        "dr-nguyen",
        "dr-cohen",
        "np-lavoie",
        "nurse-room",
    ]
    assert [s.service_id for s in clinic.services if s.eligibility.is_open] == ["vaccination"]
    assert clinic.policies.horizon == timedelta(days=61)
    assert clinic.zone == ZoneInfo("America/Toronto")
    assert clinic.services[3].confidential
    assert clinic.services[4].buffer_after == timedelta(minutes=5)
    assert clinic.services[5].mode is Mode.PHONE
    assert clinic.schedules[4].practitioner_id is None
    assert clinic.schedules[4].openings[2].recurrence == Recurrence.once(date(2026, 12, 5))
    assert clinic.schedules[1].openings[0].release == Release(days_before=2, at=time(7))
    assert not clinic.schedules[2].openings[2].online


def test_in_the_second_example_clinic_every_service_has_criteria() -> None:
    """R14."""
    clinic = clinic_from_toml(str(EXAMPLES / "closed-clinic.toml"))
    assert clinic.services
    assert not any(service.eligibility.is_open for service in clinic.services)


def test_what_is_left_out_keeps_its_default() -> None:
    clinic = read(small())
    assert clinic.policies == Policies()
    assert clinic.region == "CA"
    assert clinic.health_number_issuer == "CA-QC"
    assert clinic.silent_activities == frozenset()
    (service,) = clinic.services
    assert service.internal_name == "visit"
    assert service.name == Text("Visite", "Visit")
    assert service.eligibility.is_open
    assert service.messages
    (schedule,) = clinic.schedules
    assert schedule.zone is None
    assert schedule.practitioner_id is None


def test_an_empty_eligibility_is_open_to_everyone_and_another_is_read() -> None:
    """R13, R18."""
    data = small()
    data["services"][0]["eligibility"] = {}
    assert read(data).services[0].eligibility.is_open
    data["services"][0]["eligibility"] = {"include": [[{"kind": "has-file"}]]}
    assert read(data).services[0].eligibility.inclusions == ((HasFile(),),)


def test_a_host_gives_its_own_kinds_and_issuers() -> None:
    data = small()
    data["services"][0]["eligibility"] = {"include": [[{"kind": "own"}]]}
    clinic, _ = read_clinic(data, kinds={**SHIPPED_KINDS, "own": HasFile})
    assert clinic is not None
    text = SMALL.replace("minutes = 20", "minutes = 20\neligibility = { include = [] }")
    assert parse_clinic(text, kinds={}).services[0].eligibility.is_open


def test_activities_are_a_list_or_a_table_with_descriptions() -> None:
    data = small()
    data["activities"] = {"visit": "Visite", "call": "Appel"}
    data["silent_activities"] = ["call"]
    assert read(data).silent_activities == {"call"}


def test_times_and_dates_are_texts_or_tomls_own() -> None:
    opening = right_opening(from_=time(9), to="12:30", since="2026-11-01", until=date(2027, 1, 1))
    assert (opening.start, opening.end) == (time(9), time(12, 30))
    assert opening.recurrence.first == date(2026, 11, 1)
    assert opening.recurrence.last == date(2027, 1, 1)
    assert opening.recurrence.weekdays == {0, 2}


def test_an_opening_until_24_00_ends_at_the_next_days_midnight() -> None:
    opening = right_opening(to="24:00")
    assert opening.ends_next_day
    assert opening.end == time(0)


def test_an_opening_over_midnight_says_so() -> None:
    """R30."""
    opening = right_opening(from_="22:00", to="02:00", next_day=True)
    assert opening.ends_next_day
    assert opening.end == time(2)


def test_a_single_opening_has_a_date() -> None:
    opening = right_opening(days=None, date=date(2026, 12, 5), online=False)
    assert opening.recurrence == Recurrence.once(date(2026, 12, 5))
    assert not opening.online


def test_an_opening_has_a_rule_and_additional_dates() -> None:
    """R30."""
    opening = right_opening(
        days=None,
        rule="freq=monthly;byday=2TU",
        since="2026-12-01",
        until="2027-02-28",
        also=[date(2026, 12, 24), "2027-03-05"],
        except_=[date(2027, 1, 12)],
    )
    assert opening.recurrence == Recurrence.from_rrule(
        "FREQ=MONTHLY;BYDAY=2TU",
        first=date(2026, 12, 1),
        last=date(2027, 2, 28),
        additions=[date(2026, 12, 24), date(2027, 3, 5)],
        exceptions=[date(2027, 1, 12)],
    )
    assert list(opening.recurrence.dates(date(2026, 1, 1), date(2028, 1, 1))) == [
        date(2026, 12, 8),
        date(2026, 12, 24),
        date(2027, 2, 9),
        date(2027, 3, 5),
    ]
    weekly = right_opening(also=[date(2026, 12, 24)]).recurrence
    assert weekly == Recurrence(
        weekdays=frozenset({0, 2}), additions=frozenset({date(2026, 12, 24)})
    )


def test_a_single_date_has_nothing_beside_it() -> None:
    """R30."""
    keys = {"rule": "FREQ=DAILY", "also": [date(2026, 12, 24)], "date": date(2026, 12, 5)}
    found = opening_with(days=None, **keys)
    path = "schedules[0] (room).openings[0]"
    remedy = "does not go with date; leave one of them out"
    assert found == [f"{path}.rule: {remedy}", f"{path}.also: {remedy}"]


def test_an_opening_has_exceptions_and_a_release() -> None:
    """R27."""
    opening = right_opening(
        except_=[date(2026, 12, 7), "2026-12-09"], release={"days_before": 2, "at": "07:00"}
    )
    assert opening.recurrence.exceptions == {date(2026, 12, 7), date(2026, 12, 9)}
    assert opening.release == Release(days_before=2, at=time(7))


@pytest.mark.parametrize(
    ("table", "start", "end"),
    [
        ({"date": date(2026, 12, 25)}, wall("2026-12-25T00:00"), wall("2026-12-26T00:00")),
        (
            {"from": date(2026, 12, 25), "to": "2026-12-27"},
            wall("2026-12-25T00:00"),
            wall("2026-12-28T00:00"),
        ),
        (
            {"from": wall("2026-12-24T12:00"), "to": "2026-12-24T14:30"},
            wall("2026-12-24T12:00"),
            wall("2026-12-24T14:30"),
        ),
    ],
)
def test_a_closure_is_of_whole_days_or_between_wall_times(
    table: Data, start: datetime, end: datetime
) -> None:
    data = small()
    data["closures"] = [{**table, "label": "Fête"}]
    assert read(data).closures == (Closure(start=start, end=end, label="Fête"),)


def test_a_schedule_has_its_own_zone_practitioner_and_closures() -> None:
    data = small()
    data["schedules"][0] |= {
        "zone": "America/Halifax",
        "practitioner": "roy",
        "closures": [{"date": date(2027, 1, 4)}],
    }
    (schedule,) = read(data).schedules
    assert schedule.zone == ZoneInfo("America/Halifax")
    assert schedule.practitioner_id == "roy"
    assert len(schedule.closures) == 1


OTHER_POLICIES: Data = {
    "match": {
        "folding": "strict",
        "number": "with-contact",
        "unverified_contacts_count": True,
        "every_contact": True,
    },
    "blind_indexes": True,
    "self_minimum_age": 16,
    "hold_minutes": 7,
    "visit_idle_minutes": 20,
    "visit_total_minutes": 90,
    "visit_activity_minutes": 3,
    "horizon_days": 61,
    "minimum_notice_minutes": 30,
    "cancel_cutoff_minutes": 240,
    "holds_per_contact": 4,
    "holds_per_source": 5,
    "upcoming_per_contact": 6,
    "upcoming_per_source_and_day": 7,
    "one_upcoming_per_service": False,
    "morning": {"from": "06:00", "to": "11:00"},
    "afternoon": {"from": "11:00", "to": "16:00"},
    "evening": {"from": "16:00", "to": "24:00"},
    "reminders": {
        "hours_before": [48, 2],
        "quiet_from": "20:00",
        "quiet_until": "09:00",
        "shortest_minutes": 60,
    },
    "channels": ["email"],
    "retention": {
        "visit_hours": 12,
        "provisional_days": 30,
        "notice_days": 60,
        "audit_days": 1826,
    },
}


def test_every_policy_can_be_set() -> None:
    policies = read(small() | {"policies": OTHER_POLICIES}).policies
    assert policies == Policies(
        match=MatchPolicy(
            folding=Folding.STRICT,
            number=NumberPolicy.WITH_CONTACT,
            unverified_contacts_count=True,
            every_contact=True,
        ),
        blind_indexes=True,
        self_minimum_age=16,
        hold=timedelta(minutes=7),
        visit_idle=timedelta(minutes=20),
        visit_total=timedelta(minutes=90),
        visit_activity=timedelta(minutes=3),
        horizon=timedelta(days=61),
        minimum_notice=timedelta(minutes=30),
        cancel_cutoff=timedelta(minutes=240),
        holds_per_contact=4,
        holds_per_source=5,
        upcoming_per_contact=6,
        upcoming_per_source_and_day=7,
        one_upcoming_per_service=False,
        morning=DayPart(time(6), time(11)),
        afternoon=DayPart(time(11), time(16)),
        evening=DayPart(time(16), None),
        reminders=Reminders(
            offsets=(timedelta(hours=48), timedelta(hours=2)),
            quiet_from=time(20),
            quiet_until=time(9),
            shortest=timedelta(minutes=60),
        ),
        channels=frozenset({ContactSystem.EMAIL}),
        retention=Retention(
            visits=timedelta(hours=12),
            provisional=timedelta(days=30),
            notices=timedelta(days=60),
            audit=timedelta(days=1826),
        ),
    )
    usual = Policies()
    for field in attrs.fields(Policies):
        assert getattr(policies, field.name) != getattr(usual, field.name), field.name


def test_a_clinic_may_send_nothing_and_remind_nobody() -> None:
    """R42, R43."""
    policies = read(
        small() | {"policies": {"channels": [], "reminders": {"hours_before": []}}}
    ).policies
    assert policies.channels == frozenset()
    assert policies.reminders.offsets == ()


def test_policies_with_nothing_in_them_are_the_defaults() -> None:
    data = small() | {"policies": {"match": {}, "reminders": {}}}
    assert read(data).policies == Policies()


# What is refused ---------------------------------------------------------------------------------


def test_every_mistake_is_reported_at_once() -> None:
    text = SMALL.replace('from = "08:30"', 'from = "8h30"').replace("minutes = 20", "minutes = 0")
    with pytest.raises(ConfigurationError) as caught:
        parse_clinic(text.replace('zone = "America/Toronto"', 'zone = "America/Toront"') + "x = 1")
    assert list(caught.value.mistakes) == [
        "zone: unknown time zone 'America/Toront'; did you mean 'America/Toronto'?",
        "services[0] (visit).minutes: cannot be this number; give a whole number from 1 to 1440",
        (
            "schedules[0] (room).openings[0].from: must be a time from 00:00 to 23:59, not '8h30'; "
            'write it as "08:30", hours and minutes'
        ),
        "closures[0]: unknown key 'x'; use one of date, from, label, to",
    ]
    assert str(caught.value) == "\n".join(caught.value.mistakes)


def test_a_syntax_error_is_told_with_its_line_and_column() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_clinic('id = "x"\nname = ')
    (mistake,) = caught.value.mistakes
    assert mistake.startswith("the file: is not TOML: ")
    assert "line 2" in mistake or "end of document" in mistake


def test_a_text_nested_too_deep_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nested too deep"):
        parse_clinic("a = " + "[" * 100_000)


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        parse_clinic("a = " + "9" * 5_000)


@pytest.mark.parametrize(
    "line", ["minutes = ", 'eligibility.include = [[{ kind = "age-range", minimum = ']
)
def test_a_hexadecimal_number_without_end_is_refused_without_writing_it(line: str) -> None:
    """Python refuses to write such a number, so that a message must not try."""
    text = SMALL.replace(
        "minutes = 20", f"{line}0x{'f' * 5_000}" + (" }]]\nminutes = 20" if "kind" in line else "")
    )
    with pytest.raises(ConfigurationError) as caught:
        parse_clinic(text)
    (mistake,) = caught.value.mistakes
    assert len(mistake) < 200


def test_an_empty_file_lacks_everything_that_is_needed() -> None:
    assert [mistake.split(":")[0] for mistake in mistakes_of({})] == [
        "id",
        "name",
        "phone",
        "zone",
        "terms",
        "activities",
        "services",
    ]


@pytest.mark.parametrize("data", [None, 5, "id", [], {1: 2}])
def test_what_is_no_table_is_refused(data: object) -> None:
    assert mistakes_of(data)[0].startswith("the file: ")


def test_an_unknown_key_is_told_with_the_nearest_one() -> None:
    assert mistakes_with(lambda data: data.update(servises=[])) == [
        "the file: unknown key 'servises'; did you mean 'services'?"
    ]
    assert mistakes_with(lambda data: at(data, "services", 0).update(minuts=5)) == [
        "services[0] (visit): unknown key 'minuts'; did you mean 'minutes'?"
    ]


def test_a_text_needs_both_languages() -> None:
    (mistake,) = mistakes_with(lambda data: data["name"].pop("en"))
    assert mistake.startswith("name.en: missing")
    (mistake,) = mistakes_with(lambda data: data["name"].update(de="x"))
    assert mistake.startswith("name: unknown key 'de'")
    (mistake,) = mistakes_with(lambda data: data.update(name="Petite"))
    assert mistake == 'name: must be a table, not a text; write { fr = "…", en = "…" }'


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, "must be a text, not 5"),
        ("  ", "is blank"),
        ("x" * 41, "is too long"),
        ("a\nb", "holds a line end"),
        ("\ud800", "holds a line end or another control character"),
    ],
)
def test_a_text_is_one_line_that_is_not_too_long(value: object, said: str) -> None:
    (mistake,) = mistakes_with(lambda data: data.update(phone=value))
    assert mistake.startswith("phone: ")
    assert said in mistake


@pytest.mark.parametrize("value", ["", "é", "a b", "-a", "a-", "x" * 65])
def test_an_identifier_is_plain(value: str) -> None:
    (mistake,) = mistakes_with(lambda data: data.update(id=value))
    assert mistake.startswith("id: ")


@pytest.mark.parametrize("value", [True, False, 20.0, "20", [20], 0, -5, 1441, 2**100])
def test_minutes_are_a_whole_number_and_true_is_none(value: object) -> None:
    (mistake,) = mistakes_with(lambda data: at(data, "services", 0).update(minutes=value))
    assert mistake.startswith("services[0] (visit).minutes: ")
    assert mistake.endswith("give a whole number from 1 to 1440")


def test_missing_minutes_are_told() -> None:
    (mistake,) = mistakes_with(lambda data: at(data, "services", 0).pop("minutes"))
    assert mistake == "services[0] (visit).minutes: missing; give a whole number from 1 to 1440"


@pytest.mark.parametrize("value", [1, 0, "true", "no"])
def test_a_flag_is_true_or_false(value: object) -> None:
    (mistake,) = mistakes_with(lambda data: at(data, "services", 0).update(confidential=value))
    assert mistake.startswith("services[0] (visit).confidential: must be true or false")


def test_a_mode_is_one_of_three() -> None:
    (mistake,) = mistakes_with(lambda data: at(data, "services", 0).update(mode="fone"))
    assert mistake == "services[0] (visit).mode: unknown word 'fone'; did you mean 'phone'?"


@pytest.mark.parametrize(
    "zone", ["", "Mars/Phobos", "America", "../etc/passwd", "/etc/passwd", "x" * 400, "a\0b", 5]
)
def test_a_zone_that_does_not_exist_is_refused(zone: object) -> None:
    (mistake,) = mistakes_with(lambda data: data.update(zone=zone))
    assert mistake.startswith("zone: ")
    (mistake,) = mistakes_with(lambda data: at(data, "schedules", 0).update(zone=zone))
    assert mistake.startswith("schedules[0] (room).zone: ")


def test_a_country_and_an_issuer_must_exist() -> None:
    assert mistakes_with(lambda data: data.update(region="QC")) == [
        "region: 'QC' is no country; write region = \"CA\""
    ]
    assert mistakes_with(lambda data: data.update(health_number_issuer="CA-Q")) == [
        "health_number_issuer: unknown word 'CA-Q'; did you mean 'CA-QC'?"
    ]
    assert len(mistakes_with(lambda data: data.update(region=5, health_number_issuer=6))) == 2


def test_an_unknown_activity_is_told_with_the_nearest_one() -> None:
    (mistake,) = opening_with(activities=["visits"])
    path = "schedules[0] (room).openings[0].activities[0]"
    assert mistake == f"{path}: unknown word 'visits'; did you mean 'visit'?"
    (mistake,) = mistakes_with(
        lambda data: at(data, "services", 0).update(activities=["x", "visit"])
    )
    assert mistake.startswith("services[0] (visit).activities[0]: unknown word 'x'")
    (mistake,) = mistakes_with(lambda data: data.update(silent_activities=["x"]))
    assert mistake.startswith("silent_activities[0]: unknown word 'x'")


@pytest.mark.parametrize("activities", [[], None])
def test_a_service_and_an_opening_need_an_activity(activities: object) -> None:
    (mistake,) = opening_with(activities=activities)
    assert mistake.startswith("schedules[0] (room).openings[0].activities: missing")


def test_activities_that_are_not_declared_are_one_mistake_and_not_many() -> None:
    (mistake,) = mistakes_with(lambda data: data.pop("activities"))
    assert mistake.startswith("activities: missing; declare them")
    (mistake,) = mistakes_with(lambda data: data.update(activities="visit"))
    assert mistake.startswith("activities: must be a list, not 'visit'")


def test_a_described_activity_needs_a_plain_name_and_a_text() -> None:
    found = mistakes_with(lambda data: data.update(activities={"visit": 5, "é": "x"}))
    assert [mistake.split(":")[0] for mistake in found] == ["activities.visit", "activities.é"]


def test_a_repeated_item_is_told() -> None:
    (mistake,) = opening_with(activities=["visit", "visit"])
    assert mistake == (
        "schedules[0] (room).openings[0].activities[1]: repeats activities[0]; leave it out"
    )
    (mistake,) = opening_with(days=["mon", "monday"])
    assert mistake.startswith("schedules[0] (room).openings[0].days[1]: repeats days[0]")


def test_an_empty_item_is_told() -> None:
    (mistake,) = opening_with(activities=["visit", None])
    assert mistake.startswith("schedules[0] (room).openings[0].activities[1]: is nothing")


def test_two_services_or_schedules_of_one_id_are_told() -> None:
    found = mistakes_with(
        lambda data: (
            data["services"].append(data["services"][0]),
            data["schedules"].append(data["schedules"][0]),
        )
    )
    assert found == [
        (
            "services[1] (visit).id: repeats services[0] (visit).id; "
            "give each service an id of its own"
        ),
        (
            "schedules[1] (room).id: repeats schedules[0] (room).id; "
            "give each schedule an id of its own"
        ),
    ]


def test_an_id_that_is_none_names_nothing() -> None:
    (mistake,) = mistakes_with(lambda data: at(data, "services", 0).update(id="a b"))
    assert mistake.startswith("services[0].id: 'a b' is no identifier; use letters")


def test_what_is_missing_is_told_with_its_own_rule() -> None:
    def without(key: str) -> str:
        (mistake,) = mistakes_with(lambda data: data.pop(key))
        return mistake

    assert without("id") == (
        "id: missing; use letters without accents, digits and hyphens, at most 64 of them"
    )
    assert without("zone") == (
        'zone: missing; write zone = "America/Toronto", one of the IANA time zones'
    )


def test_a_service_and_a_schedule_may_share_an_id() -> None:
    data = small()
    data["schedules"][0]["id"] = data["services"][0]["id"]
    assert read(data).schedule("visit") is not None


@pytest.mark.parametrize("value", [5, "x", {"id": "x"}])
def test_services_are_a_list_of_tables(value: object) -> None:
    assert mistakes_with(lambda data: data.update(services=value))[0].startswith("services: ")
    (mistake,) = mistakes_with(lambda data: data.update(services=[5]))
    assert mistake.startswith("services[0]: must be a table")


def test_terms_need_a_document_and_a_version() -> None:
    """R2."""
    (mistake,) = mistakes_with(lambda data: data["terms"].pop("version"))
    assert mistake.startswith("terms.version: missing")


def test_a_misspelt_criterion_is_told() -> None:
    """R18: a criterion that is not understood must not open a service to everyone."""
    eligibility = {"include": [[{"kind": "has-fil"}]]}
    (mistake,) = mistakes_with(lambda data: at(data, "services", 0).update(eligibility=eligibility))
    path = "services[0] (visit).eligibility.include[0][0].kind"
    assert mistake == f"{path}: unknown word 'has-fil'; did you mean 'has-file'?"


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"from_": None}, "from: missing"),
        ({"to": None}, "to: missing"),
        ({"from_": "24:00"}, "from: must be a time"),
        ({"from_": "8:30"}, "from: must be a time"),
        ({"from_": 830}, "from: must be a time"),
        ({"from_": time(8, 30, 1)}, "from: must be a whole minute"),
        ({"from_": time(8, 30, tzinfo=UTC)}, "from: must be a time"),
        ({"to": "08:30"}, "to: is not after from; give a later time, or add next_day = true"),
        ({"to": "24:00", "next_day": True}, "next_day: does not go with"),
        ({"days": None}, "days: missing"),
        ({"days": []}, "days: is empty"),
        ({"days": "mon"}, "days: must be a list"),
        ({"days": ["mondey"]}, "days[0]: unknown day 'mondey'; use one of mon, tue"),
        (
            {"days": ["lun"]},
            "days[0]: unknown day 'lun'; use one of mon, tue, wed, thu, fri, sat, sun",
        ),
        ({"days": [1]}, "days[0]: must be a text"),
        ({"date": date(2026, 12, 5)}, "days: does not go with date"),
        ({"days": None, "date": "soon"}, "date: must be a date"),
        ({"since": wall("2026-01-01T00:00")}, "since: must be a date, not a datetime"),
        ({"since": "2026-02-30"}, "since: must be a date"),
        ({"since": date(1, 1, 1)}, "since: is too far away"),
        ({"until": date(9999, 12, 31)}, "until: is too far away"),
        ({"since": date(2027, 1, 2), "until": date(2027, 1, 1)}, "until: is before since"),
        (
            {"since": date(2026, 11, 24), "until": date(2026, 11, 24)},
            "days: fall on no date from since to until",
        ),
        (
            {
                "since": date(2026, 11, 23),
                "until": date(2026, 11, 24),
                "except_": [date(2026, 11, 23)],
            },
            "days: fall on no date from since to until",
        ),
        ({"except_": ["x"]}, "except[0]: must be a date"),
        ({"also": ["x"]}, "also[0]: must be a date"),
        ({"also": date(2026, 12, 24)}, "also: must be a list"),
        (
            {"also": [date(2026, 12, 24)], "except_": [date(2026, 12, 24)]},
            "also: names a date that except takes out; leave it out of one of them",
        ),
        ({"days": None, "rule": "FREQ=DAILY"}, "since: missing; give the first date"),
        ({"days": None, "rule": "FREQ=DAILY", "since": "x"}, "since: must be a date"),
        (
            {"rule": "FREQ=DAILY", "since": date(2026, 11, 24)},
            "days: does not go with rule; leave one of them out",
        ),
        (
            {"days": None, "rule": 7, "since": date(2026, 11, 24)},
            "rule: must be a text; write it as",
        ),
        (
            {"days": None, "rule": "FREQ=DAILY;BYHOUR=9", "since": date(2026, 11, 24)},
            "rule: cannot have BYHOUR; leave it out; the opening has the times",
        ),
        (
            {"days": None, "rule": "FREQ=MONTHLY;BYDAY=2TU;COUNT=x", "since": date(2026, 11, 24)},
            "rule: has a wrong number at COUNT; use 1 to 99999",
        ),
        (
            {"days": None, "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "since": "2026-11-24"},
            "rule: falls on no date from since to 2199-12-31; check the dates and the rule",
        ),
        (
            {
                "days": None,
                "rule": "FREQ=MONTHLY;BYDAY=2TU",
                "since": date(2026, 12, 9),
                "until": date(2027, 1, 11),
                "also": [date(2026, 12, 24)],
            },
            "rule: falls on no date from since to until",
        ),
        (
            {"days": None, "rule": "FREQ=DAILY;UNTIL=20261123", "since": date(2026, 11, 24)},
            "rule: falls on no date from since to 2199-12-31",
        ),
        ({"every": 0}, "every: cannot be this number"),
        ({"every": None}, "every: missing"),
        ({"online": "no"}, "online: must be true or false"),
        ({"release": {"days_before": -1, "at": "07:00"}}, "release.days_before: cannot be"),
        ({"release": {"days_before": 1}}, "release.at: missing"),
        ({"release": 2}, "release: must be a table"),
    ],
)
def test_a_wrong_opening_is_refused(keys: Data, path: str) -> None:
    """R30."""
    (mistake,) = opening_with(**keys)
    assert mistake.startswith(f"schedules[0] (room).openings[0].{path}")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "from: missing"),
        ({"from": date(2026, 1, 1)}, "to: missing"),
        ({"from": date(2026, 1, 2), "to": date(2026, 1, 1)}, "to: is not after from"),
        ({"date": date(2026, 1, 2), "to": date(2026, 1, 3)}, "to: does not go with date"),
        ({"date": "x"}, "date: must be a date"),
        ({"from": "x", "to": date(2026, 1, 1)}, "from: must be a date"),
        ({"from": "2026-01-01T25:00", "to": date(2026, 1, 1)}, "from: must be a date"),
        (
            {"from": datetime(2026, 1, 1, tzinfo=UTC), "to": date(2026, 1, 1)},
            "from: must not have a zone",
        ),
        (
            {"from": wall("2026-01-01T00:00:01"), "to": date(2026, 1, 1)},
            "from: must be a whole minute",
        ),
        ({"from": wall("0001-01-01T00:00"), "to": date(2026, 1, 1)}, "from: is too far away"),
    ],
)
def test_a_wrong_closure_is_refused(table: Data, said: str) -> None:
    found = mistakes_with(lambda data: data.update(closures=[table]))
    assert found[0].startswith(f"closures[0].{said}")
    assert len(found) == (2 if table == {} else 1)


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ({"hold_minutes": 0}, "hold_minutes: cannot be this number"),
        ({"visit_idle_minutes": 5}, "visit_idle_minutes: is too short; give more than visit_act"),
        ({"visit_activity_minutes": 30}, "visit_idle_minutes: is too short; give more than"),
        ({"hold_minutes": True}, "hold_minutes: must be a whole number, not true or false"),
        ({"horizon_days": 5000}, "horizon_days: cannot be this number"),
        ({"horizon": 61}, ": unknown key 'horizon'; did you mean 'horizon_days'?"),
        ({"morning": {"from": "12:00", "to": "08:00"}}, "morning.to: is not after from"),
        ({"evening": {"from": "17:00", "to": "00:00"}}, "evening.to: is not after from"),
        ({"match": {"folding": "loose"}}, "match.folding: unknown word 'loose'"),
        ({"match": 5}, "match: must be a table"),
        ({"reminders": {"hours_before": [0]}}, "reminders.hours_before[0]: cannot be"),
        ({"reminders": []}, "reminders: must be a table"),
        ({"channels": ["e-mail"]}, "channels[0]: unknown word 'e-mail'; did you mean 'email'?"),
        ({"channels": "email"}, "channels: must be a list"),
    ],
)
def test_a_wrong_policy_is_refused(policies: Data, said: str) -> None:
    (mistake,) = mistakes_with(lambda data: data.update(policies=policies))
    assert mistake.startswith("policies" + ("" if said.startswith(":") else ".") + said)


# Files -------------------------------------------------------------------------------------------


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "clinic.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert Clinic.from_toml(file).clinic_id == "small"


def refusal(path: str | Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        clinic_from_toml(path)
    (mistake,) = caught.value.mistakes
    return mistake


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refusal(tmp_path / "none.toml")
    assert "cannot be read: Is a directory" in refusal(tmp_path)
    assert "is no possible file name" in refusal("a\0b")
    latin = tmp_path / "latin.toml"
    latin.write_bytes("é".encode("latin-1"))
    assert "is not text in UTF-8" in refusal(latin)
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (FILE_LIMIT + 1))
    assert "is larger than" in refusal(large)
