"""What a clerk on the phone reads of each rule of a time, in French and English (R27)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Closure, Release
from omnibook.ids import ActivityId, ScheduleId, ServiceId
from omnibook.messages import describe_outcome, describe_rules
from omnibook.messages.catalogue import sentence
from omnibook.records import Busy
from omnibook.text_codes import TEXTS
from omnibook.time_rules import Collision, HoldRule, LengthRule, RuleCode, TimeRule
from omnibook.times import Span
from support.samples_messages import spaced
from support.worlds import (
    CARE,
    JEANS_FORM,
    SHOT,
    STAFF,
    START,
    TORONTO,
    World,
    opening,
    schedule,
    service,
    small_clinic,
    world,
)

NINE = datetime(2026, 3, 3, 9, tzinfo=TORONTO)
"""Tuesday, the day after today; now it is Monday, 7:00."""
HALF_AN_HOUR = timedelta(minutes=30)
OPEN, GAGNON = ServiceId("open"), ScheduleId("gagnon")


def explained(here: World, start: datetime = NINE, patient: str | None = None) -> Any:
    return here.desk.explain_time("open", "gagnon", start, actor=STAFF, patient_id=patient)


def read(here: World, start: datetime = NINE, patient: str | None = None) -> list[str]:
    """What the clerk reads in English, line by line; French has as many lines."""
    outcome = explained(here, start, patient)
    french = describe_outcome(outcome, "fr", here.clinic).splitlines()
    english = describe_outcome(outcome, "en", here.clinic).splitlines()
    assert len(french) == len(english)
    assert not set(french) & set(english)
    return [spaced(line) for line in english]


def a_world(*openings: Any, clinic: dict[str, Any] | None = None, **more: Any) -> World:
    """One schedule, and a service of half an hour for everybody."""
    made = small_clinic(
        services=(service("open", **more),),
        schedules=(schedule("gagnon", *openings or (opening(),)),),
        **clinic or {},
    )
    return world(made)


def with_policies(**more: Any) -> dict[str, Any]:
    return {"policies": evolve(small_clinic().policies, **more)}


# In both states ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("state", ["met", "not-met"])
@pytest.mark.parametrize("code", RuleCode)
def test_every_rule_has_a_sentence_in_both_states(
    code: RuleCode, state: str, language: str
) -> None:
    """R27: and no other language's."""
    details = dict.fromkeys({each for text in TEXTS.values() for each in text.placeholders}, "…")
    variants = [each for each in TEXTS if each.startswith(f"{code}.{state}")]

    assert f"{code}.{state}" in variants
    for variant in variants:
        said = sentence(variant, language, overrides=None, **details)
        assert said.endswith(".")
        assert said != sentence(
            variant, "en" if language == "fr" else "fr", overrides=None, **details
        )


def test_all_rules_are_read_for_a_patient_whose_time_is_offered() -> None:
    """R22, R27, R52."""
    here = a_world(clinic=with_policies(minimum_notice=timedelta(hours=1)))
    told = describe_rules(explained(here, patient="p-marie"), "en", here.clinic)

    assert [rule.code for rule, _ in told] == list(RuleCode)
    assert all(rule.met for rule, _ in told)
    assert [spaced(said) for _, said in told] == [
        "The length is that of the service: 30 minutes.",
        "The start is still ahead.",
        (
            "The notice of 1 hour is respected "
            "(earliest start now: Monday, March 2, 2026 at 8:00 a.m.)."
        ),
        (
            "The date is not too far ahead (latest start that can be booked online now: "
            "Tuesday, March 2, 2027 at 6:59 a.m.)."
        ),
        (
            "An opening for one of the service’s activities covers this time "
            "(8:00 a.m. to 12:00 p.m.)."
        ),
        "This time is one of the opening’s starts.",
        "The opening is meant for online booking.",
        "The opening has no release date to wait for.",
        "No closure touches this time.",
        "No imported busy time takes this time.",
        "This time is held for nobody.",
        "No appointment takes this time.",
        "The person has access to the service on this date.",
        "No upcoming appointment for this service is in the way.",
    ]
    assert read(here) == ["This time is offered online to people who have access to the service."]


def test_all_rules_are_read_in_french() -> None:
    here = a_world()
    told = describe_rules(explained(here), "fr", here.clinic)

    assert [spaced(said) for _, said in told] == [
        "La durée est celle du service : 30 minutes.",
        "L’heure de début est à venir.",
        "Aucun préavis n’est demandé.",
        (
            "La date n’est pas trop lointaine (dernier début réservable en ligne à présent : "
            "mardi 2 mars 2027 à 6 h 59)."
        ),
        (
            "Une période ouverte pour une activité du service couvre cette plage horaire "
            "(de 8 h à 12 h)."
        ),
        "L’heure est un des débuts prévus de la période.",
        "La période est destinée à la réservation en ligne.",
        "La période n’a pas de date de mise en ligne à attendre.",
        "Aucune fermeture ne touche cette plage horaire.",
        "Aucune occupation importée ne prend cette plage horaire.",
        "Cette plage horaire n’est gardée pour personne.",
        "Aucun rendez-vous n’occupe cette plage horaire.",
    ]


# Each rule that is not met ----------------------------------------------------------------------


def test_a_time_too_near_or_too_far_is_told_the_bounds() -> None:
    """R27."""
    here = a_world(
        clinic=with_policies(minimum_notice=timedelta(days=2), horizon=timedelta(days=3))
    )

    assert read(here)[1:] == [
        (
            "• The start is too close: 48 hours of notice is required "
            "(earliest start now: Wednesday, March 4, 2026 at 7:00 a.m.)."
        ),
    ]
    assert read(here, NINE + timedelta(days=3))[1:] == [
        (
            "• The date is too far ahead (latest start that can be booked online now: "
            "Thursday, March 5, 2026 at 6:59 a.m.)."
        ),
    ]


def test_a_time_that_is_past_is_told_so() -> None:
    """R27."""
    assert read(a_world(opening(time(6), time(8))), START)[1:] == ["• The start has passed."]
    assert read(a_world(opening(time(6), time(8))), START - HALF_AN_HOUR)[1:] == [
        "• The start has passed.",
        "• Only a start that is ahead can be booked (earliest start now: 7:01 a.m.).",
    ]


def test_where_no_opening_covers_it_those_of_the_day_are_told() -> None:
    """R27, R30: and what is open then for something else."""
    here = a_world(
        opening(),
        opening(time(22), time(2), ends_next_day=True),
        opening(time(13), time(16), activities=frozenset({SHOT})),
    )

    assert read(here, NINE.replace(hour=13))[1:] == [
        (
            "• No opening for one of the service’s activities covers this time (openings that day: "
            "Monday, March 2, 2026 at 10:00 p.m. to Tuesday, March 3, 2026 at 2:00 a.m.; "
            "8:00 a.m. to 12:00 p.m.; "
            "Tuesday, March 3, 2026 at 10:00 p.m. to Wednesday, March 4, 2026 at 2:00 a.m.). "
            "At this time it is open for other activities only (1:00 p.m. to 4:00 p.m.)."
        ),
    ]
    assert read(here, NINE + timedelta(days=5))[1:] == [
        "• That day, this schedule has no opening for one of the service’s activities."
    ]


def test_a_schedule_that_is_not_for_the_service_is_told_so() -> None:
    """R17, R27."""
    here = a_world(activities=(ActivityId("talk"),))
    outcome = explained(here)

    assert read(here)[1:] == [
        (
            "• This schedule has no opening for any of the service’s activities. "
            "At this time it is open for other activities only (8:00 a.m. to 12:00 p.m.)."
        ),
    ]
    (other,) = outcome.rules[4].others
    assert other.activities == (CARE,)
    assert outcome.reasons == ("time.no-opening",)


def test_a_start_off_the_grid_is_told_the_nearest_that_are_offered() -> None:
    """R27, R30: what is taken is not among them."""
    here = a_world()
    taken = Span(NINE + HALF_AN_HOUR, NINE + 2 * HALF_AN_HOUR)
    busy = [Busy(span=taken, schedule_id=GAGNON, busy_id="b")]
    here.desk.import_busy("gagnon", taken.start, taken.end, busy, actor=STAFF)
    line = "• This time is not one of the opening’s starts"

    assert read(here, NINE.replace(hour=8, minute=50))[1] == (
        f"{line} (nearest starts that are offered: 8:45 a.m.; 9:00 a.m.)."
    )
    assert read(here, NINE.replace(minute=55))[1] == (
        f"{line} (nearest starts that are offered: 9:00 a.m.; 10:00 a.m.)."
    )
    assert read(here, NINE.replace(hour=11, minute=25))[1:] == [
        f"{line} (nearest starts that are offered: 11:15 a.m.; 11:30 a.m.)."
    ]
    here.desk.close_time(
        "c", "gagnon", NINE - 2 * HALF_AN_HOUR, NINE + timedelta(hours=9), actor=STAFF
    )
    assert read(here, NINE.replace(hour=11, minute=25))[1] == (
        f"{line}, and none of these is offered that day."
    )


def test_an_opening_of_the_desk_or_not_yet_online_is_told_so() -> None:
    """R27: the release counts for its own date and wall time."""
    desk_only, later = opening(online=False), Release(days_before=0, at=time(7))

    assert read(a_world(desk_only))[1:] == [
        "• The opening is kept for the front desk: it is not offered online."
    ]
    here = a_world(opening(release=later))
    assert read(here)[1:] == ["• The opening is not online yet (it will be from: 7:00 a.m.)."]
    here.wait(days=1)
    assert read(here)[0].startswith("This time is offered")
    told = describe_rules(explained(here), "en", here.clinic)
    assert spaced(told[7][1]) == "The opening is online (since: 7:00 a.m.)."


def test_the_release_told_is_of_the_opening_that_could_offer_it() -> None:
    """R27: of several, the first to come; one that is off the grid offers nothing."""
    soon, late = (Release(days_before=0, at=time(hour)) for hour in (6, 7))
    off_grid = opening(time(8, 10), release=None)
    here = a_world(opening(release=late), off_grid, opening(release=soon))

    assert explained(here).rules[7].released == NINE.replace(hour=6)
    past = Release(days_before=1, at=time(6))
    none_on_grid = a_world(opening(time(8, 10), release=past), opening(time(8, 5), release=late))
    outcome = explained(none_on_grid)
    assert outcome.reasons == ("time.off-grid", "time.not-released")
    assert outcome.rules[7].released == NINE.replace(hour=7)
    sooner_off_grid = a_world(opening(release=late), opening(time(8, 5), release=soon))
    assert explained(sooner_off_grid).rules[7].released == NINE.replace(hour=7)


def test_each_closure_is_told_with_whose_it_is() -> None:
    """R27, R48: the clinic's label stays on its line."""
    nine = NINE.replace(tzinfo=None)
    holiday = Closure(
        start=nine.replace(hour=0), end=nine.replace(day=5, hour=0), label="Mardi\ngras"
    )
    away = Closure(start=nine, end=nine.replace(hour=10))
    made = small_clinic(
        services=(service("open"),),
        schedules=(schedule("gagnon", opening(), closures=(away,)),),
        closures=(holiday,),
    )
    here = world(made)
    closed = here.desk.close_time("c", "gagnon", NINE, NINE + HALF_AN_HOUR, actor=STAFF)
    assert isinstance(closed, ob.Closed)

    assert read(here)[1:] == [
        (
            "• A closure touches this time: “Mardi gras”, the clinic’s (Tuesday, March 3, 2026 at "
            "12:00 a.m. to Thursday, March 5, 2026 at 12:00 a.m.); "
            "this schedule’s (9:00 a.m. to 10:00 a.m.); "
            "the front desk’s (9:00 a.m. to 9:30 a.m.)."
        ),
    ]
    assert explained(here).rules[8].closures[2].closure_id == closed.closure_id


def test_a_schedules_closure_is_placed_in_its_own_zone() -> None:
    """R27, R30: told in the clinic's; 15:00 in Paris is 9:00 in Toronto."""
    away = Closure(start=NINE.replace(tzinfo=None, hour=15), end=NINE.replace(tzinfo=None, hour=16))
    paris = schedule("gagnon", opening(end=time(18)), zone=ZoneInfo("Europe/Paris"))
    made = small_clinic(services=(service("open"),), schedules=(evolve(paris, closures=(away,)),))

    assert read(world(made))[1:] == [
        "• A closure touches this time: this schedule’s (9:00 a.m. to 10:00 a.m.)."
    ]


def test_a_start_is_not_near_where_what_it_needs_after_midnight_is_taken() -> None:
    """R17, R27: the nearest starts are judged with what the day after claims."""
    late = opening(time(20), time(0), ends_next_day=True)
    here = a_world(late, buffer_after=timedelta(minutes=10))
    taken = Span(NINE.replace(day=4, hour=0, minute=5), NINE.replace(day=4, hour=1))
    busy = [Busy(span=taken, schedule_id=GAGNON, busy_id="b")]
    here.desk.import_busy("gagnon", taken.start, taken.end, busy, actor=STAFF)

    assert "offered: 11:15 p.m.)" in read(here, NINE.replace(hour=23, minute=20))[1]


def test_an_opening_of_the_desk_counts_as_one_of_the_schedules() -> None:
    """R48: it is told, and the schedule is not said to have none."""
    here = a_world(opening(activities=frozenset({SHOT})))
    here.desk.open_time(
        "o",
        "gagnon",
        NINE.replace(hour=14),
        NINE.replace(hour=15),
        activities=("care",),
        interval=HALF_AN_HOUR,
        actor=STAFF,
    )

    assert read(here, NINE.replace(hour=16))[1:] == [
        (
            "• No opening for one of the service’s activities covers this time "
            "(openings that day: 2:00 p.m. to 3:00 p.m.)."
        ),
    ]
    assert read(here, NINE.replace(hour=14))[0].startswith("This time is offered")


def test_what_takes_the_time_is_told_without_whose_it_is() -> None:
    """R27, R34, R50."""
    here = a_world(opening(time(8), time(12), interval=timedelta(minutes=10)))
    here.book(here.enter(), ob.Slot(OPEN, GAGNON, NINE, NINE + HALF_AN_HOUR))
    held = ob.Slot(OPEN, GAGNON, NINE + HALF_AN_HOUR, NINE + 2 * HALF_AN_HOUR)
    here.hold(here.enter(JEANS_FORM), held)
    here.wait(seconds=30)

    assert read(here)[1:] == ["• An appointment takes this time (9:00 a.m. to 9:30 a.m.)."]
    assert read(here, held.start)[1:] == [
        (
            "• This time is held for someone "
            "(9:30 a.m. to 10:00 a.m., held until 7:05 a.m. at the latest)."
        ),
    ]
    assert "marie" not in repr(explained(here, held.start)).lower()


def test_a_busy_time_of_another_day_is_told_with_its_day() -> None:
    """R40."""
    night = opening(time(23), time(1), ends_next_day=True)
    here = a_world(night)
    start = NINE.replace(hour=23, minute=45)
    span = Span(NINE.replace(day=4, hour=0), NINE.replace(day=4, hour=0, minute=30))
    busy = [Busy(span=span, schedule_id=GAGNON, busy_id="b")]
    here.desk.import_busy("gagnon", span.start, span.end, busy, actor=STAFF)

    assert read(here, start)[1:] == [
        (
            "• An imported busy time takes this time "
            "(Wednesday, March 4, 2026, 12:00 a.m. to 12:30 a.m.)."
        ),
    ]


@pytest.mark.parametrize(
    ("start", "collision", "line"),
    [
        (
            time(8, 30),
            Collision.AFTER,
            (
                "• An appointment is too close (9:00 a.m. to 9:30 a.m.). "
                "The service needs 10 minutes free after it."
            ),
        ),
        (
            time(9, 30),
            Collision.BEFORE,
            (
                "• An appointment is too close (9:00 a.m. to 9:30 a.m.). "
                "The service needs 5 minutes free before it."
            ),
        ),
        (time(8, 45), Collision.TIME, "• An appointment takes this time (9:00 a.m. to 9:30 a.m.)."),
    ],
)
def test_where_only_a_buffer_collides_it_is_told_so(
    start: time, collision: Collision, line: str
) -> None:
    """R17, R27."""
    here = a_world(buffer_before=timedelta(minutes=5), buffer_after=timedelta(minutes=10))
    slot = ob.Slot(OPEN, GAGNON, NINE, NINE + HALF_AN_HOUR)
    form = ob.BookingForm(reason="asked by phone")
    assert isinstance(here.desk.book("r", slot, form, patient="p-jean", actor=STAFF), ob.Booked)
    moment = datetime.combine(NINE.date(), start, TORONTO)
    outcome = explained(here, moment)

    assert read(here, moment)[1:] == [line]
    assert [each.collision for each in outcome.rules[-1].taken] == [collision]


def test_a_patients_own_held_time_is_told_until_when() -> None:
    """R28: offered to that patient, whatever became of the opening."""
    here = a_world()
    slot = ob.Slot(OPEN, GAGNON, NINE, NINE + HALF_AN_HOUR)
    here.hold(here.enter(), slot)
    beside = here.desk.close_time("c", "gagnon", NINE, NINE + HALF_AN_HOUR, actor=STAFF)
    assert isinstance(beside, ob.TimeTaken)

    assert read(here, patient="p-marie") == [
        "This time is offered online to this person.",
        ("• This person holds this time (until 7:05 a.m. at the latest), and so still sees it."),
    ]
    assert explained(here, patient="p-marie").own_hold
    assert read(here, patient="p-jean")[1].startswith("• This time is held for someone")


def test_a_held_time_that_has_begun_is_not_offered_any_more() -> None:
    """R27, R28: at its start exactly."""
    here = a_world(opening(time(7, 4), time(12)))
    start = START + timedelta(minutes=4)
    here.hold(here.enter(), ob.Slot(OPEN, GAGNON, start, start + HALF_AN_HOUR))
    assert explained(here, start, "p-marie").offered
    here.wait(minutes=4)

    assert explained(here, start, "p-marie").reasons == ("time.already-started", "time.held")


def test_what_the_patient_holds_overrules_what_stands_against_the_time_only() -> None:
    """R28, R52."""
    here = world()
    first, second = (
        ob.Slot(OPEN, GAGNON, each, each + HALF_AN_HOUR / 2) for each in (NINE, NINE + HALF_AN_HOUR)
    )
    here.book(here.enter(), first)
    outcome = explained(here, second.start, "p-marie")

    assert not outcome.offered
    assert read(here, second.start, "p-marie")[1:] == [
        "• There is already an upcoming appointment for this service."
    ]


def told(here: World, rule: TimeRule) -> str:
    outcome = evolve(explained(here), rules=(rule,))
    return spaced(describe_outcome(outcome, "en", here.clinic).partition("\n• ")[2])


def test_a_time_of_another_length_is_told_both() -> None:
    """R38."""
    rule = LengthRule(met=False, length=timedelta(minutes=45), needed=HALF_AN_HOUR)

    assert told(a_world(), rule) == "The length is 45 minutes; the service lasts 30 minutes."


def test_a_hold_that_lapses_with_seconds_is_told_to_the_minute_after() -> None:
    """R34: who phones again then finds it lapsed, or booked."""
    until = datetime(2026, 3, 2, 12, 5, 1, tzinfo=UTC)
    rule = HoldRule(
        met=True,
        taken=(),
        needed_before=timedelta(),
        needed_after=timedelta(),
        own_until=until,
    )

    assert "until 7:06 a.m. at the latest" in told(a_world(), rule)
