"""What is kept of one person, as plain values for JSON (R51).

The document is for two readers: the person, to whom the clinic hands it over, and another system.
So keys are the records' own names, words are those of the vocabularies, instants are RFC 3339 texts
in UTC (``2026-11-23T14:05:00Z``), dates ``2004-12-19``, lengths of time ISO 8601 texts in seconds
(``PT86400S``); what is not known is ``null``. :data:`FORMAT` and :data:`VERSION` say how to read
it: a key may be added to a version, and none is renamed or taken away.

Lists that mean a set are sorted, so that the same records always give the same document.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import cast

import attrs

from omnibook.dossier import Dossier, OfPatient
from omnibook.records import AuditEvent

FORMAT = "omnibook.personal-data"
"""What kind of document it is."""
VERSION = 1
"""Which version of the format."""


def export_of(dossier: Dossier, audit: Iterable[AuditEvent] = ()) -> dict[str, object]:
    """The document: the dossier, and the lines of the audit trail that are about the person."""
    subject = dossier.subject
    records = {
        "visits": dossier.visits,
        "holds": dossier.holds,
        "appointments": dossier.appointments,
        "notices": dossier.notices,
        "contact_orders": dossier.orders,
        "events": dossier.events,
        "flags": dossier.flags,
        "audit": tuple(audit),
    }
    kind, ids = (
        ("patient", plain(subject.patient_ids))
        if isinstance(subject, OfPatient)
        else ("appointment", [subject.appointment_id])
    )
    return {
        "format": FORMAT,
        "version": VERSION,
        "clinic_id": dossier.clinic_id,
        "exported_at": plain(dossier.now),
        "subject": {"kind": kind, "ids": ids},
        **{name: plain(kept) for name, kept in records.items()},
    }


def plain(value: object) -> object:
    """The value as JSON has it: ``None``, a truth, a number, a text, a list or a dictionary.

    Raises :class:`TypeError`, without the value, for a type that no record has.
    """
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return plain(value.value)
        case str():
            return str(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case timedelta():
            return _length(value)
        case Mapping():
            items = cast("Mapping[str, object]", value).items()
            return {str(key): plain(each) for key, each in sorted(items)}
        case frozenset():
            return sorted(map(plain, cast("frozenset[object]", value)), key=str)
        case tuple() | list():
            return list(map(plain, cast("Iterable[object]", value)))
        case _:
            return _record(value)


def _length(value: timedelta) -> str:
    seconds, rest = divmod(value, timedelta(seconds=1))
    fraction = f".{rest // timedelta(microseconds=1):06}".rstrip("0") if rest else ""
    return f"PT{seconds}{fraction}S"


def _record(value: object) -> dict[str, object]:
    kind = type(value)
    if not attrs.has(kind):
        raise TypeError(f"no record has a value of type {kind.__name__}")
    return {each.name: plain(getattr(value, each.name)) for each in attrs.fields(kind)}
