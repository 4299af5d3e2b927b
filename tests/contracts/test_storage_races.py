"""Eight processes on one database, whichever engine and isolation level (R31, R33, R36, R40)."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from random import Random  # noqa: TID251 - the same intervals each time, by a seed
from typing import Any

import omnibook as ob
from omnibook.ids import ScheduleId, ServiceId
from omnibook.times import Span
from support.aftermath import assert_sound
from support.looking import appointments
from support.races import (
    FORM,
    KEYS,
    TIMES,
    let_them_in,
    open_store,
    race_in_a_process,
    racing_clinic,
)
from support.storm import SOMEBODY, fork_server
from support.worlds import STAFF, START

PROCESSES = 8
AT_THE_DESK = 400
"""Intervals that staff try to book, of which most overlap."""


def in_processes(target: Callable[..., None], url: str) -> list[Any]:
    """What each of eight processes answers, that begin at the same instant."""
    context = fork_server()
    barrier = context.Barrier(PROCESSES)
    pipes = [multiprocessing.Pipe(duplex=False) for _ in range(PROCESSES)]
    running = [
        context.Process(target=target, args=(url, number, barrier, there))
        for number, (_, there) in enumerate(pipes)
    ]
    for each in running:
        each.start()
    for _, there in pipes:
        there.close()
    answers = [here.recv() for here, _ in pipes]
    for each in running:
        each.join()
    assert [answer for answer in answers if isinstance(answer, str)] == []
    return answers


def test_eight_processes_review_the_same_fifty_times(isolated_url: str) -> None:
    """R31, R40: one winner for each time, whatever the server's default isolation."""
    with open_store(isolated_url) as store:
        let_them_in(store, PROCESSES)

    codes = in_processes(race_in_a_process, isolated_url)

    for number, answers in enumerate(zip(*codes, strict=True)):
        won = ("slot.held", "appointment.booked")
        assert sorted(answers) == [won, *[("slot.taken", "")] * (PROCESSES - 1)], number
    with open_store(isolated_url) as store:
        assert assert_sound(store, racing_clinic()) == TIMES


def intervals() -> list[ob.Slot]:
    """Four hundred stretches of a week and two schedules, from five minutes to two hours."""
    chance = Random(20)
    slots: list[ob.Slot] = []
    for _ in range(AT_THE_DESK):
        start = START + timedelta(minutes=chance.randrange(7 * 24 * 60))
        length = timedelta(minutes=chance.randrange(5, 120))
        name = ScheduleId(chance.choice("ab"))
        slots.append(ob.Slot(ServiceId("open"), name, start, start + length))
    return slots


def book_at_the_desk(url: str, number: int, barrier: Barrier, answers: Connection) -> None:
    """Try a share of the intervals, and answer the code for each."""
    try:
        with open_store(url) as store:
            desk = ob.FrontDesk(
                racing_clinic(), store=store, directory=ob.MemoryDirectory(), keys=KEYS
            )
            barrier.wait()
            codes: list[tuple[int, str]] = []
            for index in range(number, AT_THE_DESK, PROCESSES):
                outcome = desk.book(
                    f"request-{index}", intervals()[index], FORM, patient=SOMEBODY, actor=STAFF
                )
                codes.append((index, outcome.code))
            answers.send(codes)
    except BaseException as leaked:  # noqa: BLE001 - whatever leaks is the finding
        answers.send(repr(leaked))


def overlapping(one: ob.Slot, others: Sequence[ob.Slot]) -> bool:
    return any(
        one.schedule_id == other.schedule_id
        and Span(one.start, one.end).overlaps(Span(other.start, other.end))
        for other in others
    )


def test_the_desk_books_four_hundred_overlapping_intervals(isolated_url: str) -> None:
    """R33, R40: none overlaps another, and nobody is refused without a reason."""
    open_store(isolated_url).close()

    told = [answer for each in in_processes(book_at_the_desk, isolated_url) for answer in each]

    assert Counter(code for _, code in told).keys() == {"appointment.booked", "desk.time-taken"}
    booked = [intervals()[index] for index, code in told if code == "appointment.booked"]
    refused = [intervals()[index] for index, code in told if code == "desk.time-taken"]
    assert [each for each in refused if not overlapping(each, booked)] == []
    with open_store(isolated_url) as store:
        assert {each.slot for each in appointments(store)} == set(booked)
        assert assert_sound(store, racing_clinic()) == len(booked)
