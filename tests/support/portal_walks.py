"""What visitors do again and again in the tests of the portal: come in, choose, be refused."""

from attrs import evolve

import omnibook as ob
from omnibook.clinic import Clinic
from omnibook.ports import ReadScope
from omnibook.records import HoldState, Visit
from omnibook.transactions import Scope
from support.looking import holds_of
from support.worlds import MARIES_FORM, World, strangers_form

FORM = ob.BookingForm("a sore throat")
TAKEN = ob.SlotTaken()


def identify(
    here: World,
    form: ob.IdentityForm = MARIES_FORM,
    *,
    terms: object = "2026-01",
    language: object = "fr",
    source: str = "203.0.113.7",
) -> ob.IdentifyOutcome:
    return here.portal.identify(form, terms=terms, language=language, source=source)


def listed(outcome: object) -> list[str]:
    assert isinstance(outcome, ob.Welcome), outcome
    return [each.service_id for each in outcome.services]


def without_open_services(clinic: Clinic) -> Clinic:
    return evolve(clinic, services=clinic.services[1:])


def visit_of(here: World, visit: ob.VisitToken) -> Visit | None:
    scope = Scope(clinic_id=here.clinic.clinic_id, visit=visit.visit_id)
    return here.store.read(ReadScope(scope))[1].visit


def codes(outcome: object) -> list[tuple[str, str]]:
    assert isinstance(outcome, ob.InvalidEntry), outcome
    return [(each.field, each.code) for each in outcome.problems]


def stranger(here: World, number: int) -> ob.VisitToken:
    """A visitor from a network of their own."""
    return here.enter(strangers_form(number), source=f"198.51.100.{number}")


def taken(outcome: object) -> ob.Page:
    """The fresh availabilities of a refusal."""
    assert isinstance(outcome, ob.SlotTaken), outcome
    assert isinstance(outcome.fresh, ob.Page)
    return outcome.fresh


def states(here: World, token: ob.VisitToken) -> list[HoldState]:
    return sorted(each.state for each in holds_of(here.store, token.visit_id))
