"""What a fork server does before it forks, so that whoever it begins can storm at once.

A store compiles its statements when it first needs them, and a form loads the numbering plans of
the world: too much for a process that lives for less than a second.
"""

from datetime import timedelta

from sqlalchemy.sql.base import Executable

import omnibook as ob
from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.sql import statements, writes
from omnibook.adapters.sql.compiled import DIALECTS, compiled
from support import aftermath, races, storm
from support.worlds import STAFF

LOADED = (aftermath, races)


def compile_everything() -> None:
    for dialect in DIALECTS:
        for statement in vars(statements).values():
            if isinstance(statement, Executable):
                compiled(statement, dialect)
        for by_table in (writes._PUT[dialect], writes._ONCE[dialect]):
            for statement in by_table.values():
                compiled(statement, dialect)


def walk() -> None:
    """What everybody does in a storm, in memory."""
    store, directory, clinic = ob.MemoryStore(), ob.MemoryDirectory(), storm.stormy_clinic()
    portal = ob.Portal(clinic, store=store, directory=directory, keys=storm.KEYS)
    desk = ob.FrontDesk(clinic, store=store, directory=directory, keys=storm.KEYS)
    day = SystemClock().now().date() + timedelta(days=2)
    (visitor,) = storm.let_in(store, ["first"])
    held = portal.review(visitor, storm.time_number(0, day), storm.FORM)
    assert isinstance(held, ob.Held)
    portal.book(visitor, held.hold_id)
    later = storm.time_number(1, day)
    booked = desk.book("first", later, storm.FORM, patient=storm.SOMEBODY, actor=STAFF)
    assert isinstance(booked, ob.Booked)
    desk.cancel(booked.appointment.appointment_id, reason="", actor=STAFF)


compile_everything()
walk()
