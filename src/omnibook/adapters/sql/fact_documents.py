"""What a patient's file tells beyond its columns, as one JSON document of its row (R20, R21).

A fact has three states, and JSON has them too: a name that is not there is unknown, ``null`` is
known to be none, and anything else is what is known. Most files tell little, so that most documents
are short. Nothing is looked for by what stands in it.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from omnibook.facts import UNKNOWN, HealthCard, PriorVisit, PriorVisits
from omnibook.patient import Patient, PlannedVisit
from omnibook.times import as_instant

Document = dict[str, Any]


def facts_document(patient: Patient) -> Document:
    """What JSON keeps of the file's facts that have no column."""
    told = {name: getattr(patient, name) for name in _WRITTEN}
    return {
        name: None if fact is None else _WRITTEN[name](fact)
        for name, fact in told.items()
        if fact is not UNKNOWN
    }


def facts_told(document: Document) -> Document:
    """The facts of what JSON keeps, by their names in :class:`~omnibook.patient.Patient`.

    Those that are not among them are unknown; what a later version kept besides is left out.
    """
    return {
        name: None if told is None else _READ[name](told)
        for name, told in document.items()
        if name in _READ
    }


def _itself(value: Any) -> Any:
    return value


def _card_document(card: HealthCard) -> Document:
    expires_on = card.expires_on
    if expires_on is UNKNOWN:
        return {"issuer": card.issuer}
    told = None if expires_on is None else expires_on.isoformat()
    return {"issuer": card.issuer, "expires_on": told}


def _card_of(document: Document) -> HealthCard:
    if "expires_on" not in document:
        return HealthCard(document["issuer"])
    told = document["expires_on"]
    return HealthCard(document["issuer"], None if told is None else date.fromisoformat(told))


def _planned_document(visit: PlannedVisit) -> Document:
    return {
        "visit_id": visit.visit_id,
        "start": visit.start.isoformat(),
        "service": visit.service,
    }


def _planned_of(document: Document) -> PlannedVisit:
    return PlannedVisit(
        visit_id=document["visit_id"],
        start=as_instant(datetime.fromisoformat(document["start"])),
        service=document["service"],
    )


def _prior_document(prior: PriorVisits) -> Document:
    visits = [{"service": each.service, "on": each.on.isoformat()} for each in prior.visits]
    return {"visits": visits, "complete": prior.complete}


def _prior_of(document: Document) -> PriorVisits:
    return PriorVisits(
        visits=tuple(
            PriorVisit(each["service"], date.fromisoformat(each["on"]))
            for each in document["visits"]
        ),
        complete=document["complete"],
    )


_WRITTEN: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "family_doctor_elsewhere": _itself,
        "tags": sorted,
        "postal_code": _itself,
        "health_cards": lambda cards: [_card_document(each) for each in cards],
        "upcoming": lambda visits: [_planned_document(each) for each in visits],
        "last_visit": date.isoformat,
        "prior_visits": _prior_document,
    }
)
_READ: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "family_doctor_elsewhere": _itself,
        "tags": frozenset,
        "postal_code": _itself,
        "health_cards": lambda cards: tuple(map(_card_of, cards)),
        "upcoming": lambda visits: tuple(map(_planned_of, visits)),
        "last_visit": date.fromisoformat,
        "prior_visits": _prior_of,
    }
)
