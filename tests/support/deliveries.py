"""Dispatchers with ways of writing that fail as they are told, and many notices at once."""

from typing import Any

import omnibook as ob
from omnibook.dispatch import Dispatcher
from omnibook.errors import NotifierError
from omnibook.ids import NoticeId
from omnibook.ports import EventSink, Message, Notifier, ReadScope, ReadSetAside
from omnibook.records import Event, Notice, NoticeKind, NoticeRole
from omnibook.transactions import Decision, PutNotice, Scope
from support.worlds import World, link_address, strangers_form

PHONE, EMAIL = ob.ContactSystem.PHONE, ob.ContactSystem.EMAIL
THURSDAY = ob.Preference(first_date="2026-03-05")
DOWN = NotifierError("down", unavailable=True)
REFUSED = NotifierError("refused", permanent=True)


class Way(Notifier, EventSink):
    """Accepts, or raises what it is told to; ``asked`` counts."""

    def __init__(self, fault: BaseException | None = None) -> None:
        self.fault = fault
        self.asked = 0
        self.got: list[Any] = []

    def send(self, message: Message) -> None:
        self._take(message)

    def tell(self, event: Event) -> None:
        self._take(event)

    def _take(self, given: object) -> None:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        self.got.append(given)


def dispatcher(here: World, **more: Any) -> Dispatcher:
    ports: dict[str, Any] = {
        "store": here.store,
        "directory": here.directory,
        "keys": here.keys,
        "notifiers": {PHONE: here.notifier, EMAIL: here.notifier},
        "link_address": link_address,
        **more,
    }
    return Dispatcher(here.clinic, **ports)


def book(here: World, number: int | None = None) -> ob.Booked:
    """Marie's appointment, with a phone and an e-mail; or a stranger's, with a phone."""
    if number is None:
        token = here.enter()
    else:
        token = here.enter(strangers_form(number), source=f"203.0.113.{number}")
    page = here.portal.find(token, "open", THURSDAY)
    assert isinstance(page, ob.Page)
    return here.book(token, page.slots[0])


def queue(here: World, booked: ob.Booked, count: int, *, name: str = "more") -> None:
    """So many more notices about an appointment, to its e-mail, due now."""
    made = [
        Notice(
            clinic_id=here.clinic.clinic_id,
            notice_id=NoticeId(f"{name}-{number:04}"),
            appointment_id=booked.appointment.appointment_id,
            kind=NoticeKind.BOOKING,
            role=NoticeRole.FORM_EMAIL,
            revision=0,
            not_before=here.clock.now(),
        )
        for number in range(count)
    ]
    here.store.transact(
        Scope(clinic_id=here.clinic.clinic_id),
        lambda _: Decision(None, tuple(PutNotice(each) for each in made)),
    )


def set_aside(here: World) -> list[tuple[str, str]]:
    _, found = here.store.read(ReadSetAside(clinic_id=here.clinic.clinic_id))
    return [(each.notice_id, each.outcome) for each in found.notices]


def the_notice(here: World, notice_id: str) -> Notice:
    scope = Scope(clinic_id=here.clinic.clinic_id, notice=NoticeId(notice_id))
    found = here.store.read(ReadScope(scope))[1].notice
    assert found is not None
    return found
