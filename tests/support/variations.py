"""The same world seen otherwise: another configuration, or a store that is interrupted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from attrs import evolve

import omnibook as ob
from omnibook.clinic import Clinic, Policies
from omnibook.dispatch import Dispatcher
from omnibook.ids import ScheduleId, ServiceId
from omnibook.ports import Query, Store
from omnibook.transactions import Again, Decision, Scope, Snapshot
from support.worlds import START, World, small_clinic, strangers_form

OutcomeT = TypeVar("OutcomeT")
AnswerT = TypeVar("AnswerT")

MICRO = timedelta(microseconds=1)
FORM = ob.BookingForm("a sore throat")
EIGHT = START + timedelta(hours=1)
"""08:00 in Toronto, when the openings begin."""


def at(minutes: float = 0) -> datetime:
    """So many minutes after 08:00."""
    return EIGHT + timedelta(minutes=minutes)


def slot(minutes: float = 0, of: str = "open", on: str = "gagnon", *, length: int = 15) -> ob.Slot:
    start = at(minutes)
    return ob.Slot(ServiceId(of), ScheduleId(on), start, start + timedelta(minutes=length))


def stranger(w: World, number: int, source: str | None = None) -> ob.VisitToken:
    """A visit of somebody without a file, from a place of their own unless one is given."""
    return w.enter(strangers_form(number), source=source or f"198.51.100.{number}")


def review(w: World, visit: ob.VisitToken, wish: ob.Slot, **form: object) -> object:
    return w.portal.review(visit, wish, evolve(FORM, **form))


def roomy(**more: Any) -> Clinic:
    """The small clinic without caps, unless they are given."""
    caps: dict[str, Any] = {
        "holds_per_contact": 99,
        "holds_per_source": 99,
        "upcoming_per_contact": 99,
        "upcoming_per_source_and_day": 99,
    }
    return small_clinic(policies=evolve(Policies(), **{**caps, **more}))


class InterruptedStore:
    """Passes everything on to ``store``; before the next transaction runs what it was given.

    So a test can do what another process might: change things after a facade looked, and before it
    decides.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: Callable[[], object] | None = None
        self.runs = 0
        """How often a decision was run by the transactions so far."""

    def before_the_next_transaction(self, happens: Callable[[], object]) -> None:
        self._waiting = happens

    def transact(
        self, scope: Scope, decide: Callable[[Snapshot], Decision[OutcomeT] | Again]
    ) -> OutcomeT:
        happens, self._waiting = self._waiting, None
        if happens is not None:
            happens()

        def counted(snapshot: Snapshot) -> Decision[OutcomeT] | Again:
            self.runs += 1
            return decide(snapshot)

        return self._store.transact(scope, counted)

    def read(self, query: Query[AnswerT]) -> tuple[datetime, AnswerT]:
        return self._store.read(query)


def under(
    world: World,
    clinic: Clinic | None = None,
    *,
    store: Store | None = None,
    keys: ob.Keyring | None = None,
) -> World:
    """The same place after the clinic changed its configuration, or through another store."""
    clinic = clinic or world.clinic
    store = store or world.store
    keys = keys or world.keys
    generous = ob.LimiterPolicy(per_source=10**6, per_person=10**6, overall=10**6)
    directory, notifier = world.directory, world.notifier
    return evolve(
        world,
        clinic=clinic,
        store=store,
        keys=keys,
        portal=ob.Portal(
            clinic,
            store=store,
            directory=directory,
            keys=keys,
            limiter=ob.MemoryLimiter(world.clock, generous),
        ),
        desk=ob.FrontDesk(clinic, store=store, directory=directory, keys=keys),
        dispatcher=Dispatcher(
            clinic,
            store=store,
            directory=directory,
            keys=keys,
            notifiers={ob.ContactSystem.PHONE: notifier, ob.ContactSystem.EMAIL: notifier},
            events=world.events,
            link_address=lambda link: f"https://booking.example.org/{link}",
        ),
    )
