"""A clinic read from TOML: every mistake at once, each with its key's path and a remedy.

:func:`read_clinic` takes parsed data; :func:`parse_clinic` takes the text;
:func:`~omnibook.adapters.files.clinic_from_toml` takes the file. What cannot be interpreted is
refused here, the unknown key or activity included, since a clinic would not notice a misspelt
criterion until the wrong patients book (R17, R18). What can be interpreted but will hardly be meant
is a warning: :mod:`omnibook.clinic_checks`.

Times on the clock are wall times of the clinic's zone (R30); durations are whole minutes.
"""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from attrs import frozen

from omnibook.clinic import (
    Clinic,
    Mode,
    Policies,
    Schedule,
    Service,
    Terms,
    Text,
)
from omnibook.contacts import is_phone_region
from omnibook.criteria import SHIPPED_KINDS
from omnibook.criterion import CriterionKinds
from omnibook.eligibility import Eligibility, read_eligibility
from omnibook.errors import ConfigurationError
from omnibook.health_numbers import SHIPPED_ISSUERS, Issuers
from omnibook.ids import ClinicId, PractitionerId, ScheduleId, ServiceId
from omnibook.mistakes import Mistake, as_table, did_you_mean, shown
from omnibook.opening_file import read_activities, read_closure, read_opening, read_some_activities
from omnibook.own_texts import OwnTexts, read_own_texts
from omnibook.policy_file import read_policies
from omnibook.table_reader import DAY_MINUTES, TableReader

_TEXT_REMEDY = 'write { fr = "…", en = "…" }'
_ZONE_REMEDY = 'write zone = "America/Toronto", one of the IANA time zones'
_ELIGIBILITY_REMEDY = 'write { include = [[{ kind = "has-file" }]] }, or {} for everyone'


def parse_clinic(
    toml_text: str, *, kinds: CriterionKinds = SHIPPED_KINDS, issuers: Issuers = SHIPPED_ISSUERS
) -> Clinic:
    """The clinic that a TOML text describes.

    Raises :class:`~omnibook.errors.ConfigurationError` with every mistake found. A text that is no
    TOML has one, with its line and column.
    """
    try:
        data = tomllib.loads(toml_text)
    except (ValueError, TypeError, RecursionError, AttributeError) as error:
        # tomllib leaves some numbers to int(), and a text nested too deep to Python's stack.
        said = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        remedy = "see https://toml.io for how it is written"
        mistake = Mistake(path="the file", message=f"is not TOML: {said}", remedy=remedy)
        raise ConfigurationError([str(mistake)]) from None
    clinic, mistakes = read_clinic(data, kinds=kinds, issuers=issuers)
    if clinic is None:
        raise ConfigurationError([str(mistake) for mistake in mistakes])
    return clinic


# The clinic -------------------------------------------------------------------------------------


@frozen
class _Known:
    """What the parts of one file refer to."""

    kinds: CriterionKinds
    activities: tuple[str, ...]
    taken: dict[str, str]
    """Where each identifier was given first, by its kind and itself."""


def read_clinic(
    data: Mapping[str, object],
    *,
    kinds: CriterionKinds = SHIPPED_KINDS,
    issuers: Issuers = SHIPPED_ISSUERS,
) -> tuple[Clinic | None, tuple[Mistake, ...]]:
    """The clinic that parsed data describes, or ``None`` and every mistake in it.

    Never raises over ``data``, whatever it holds. A host with criteria or health number issuers of
    its own gives ``kinds`` and ``issuers``.
    """
    mistakes: list[Mistake] = []
    table = as_table(data, "the file", mistakes)
    if table is None:
        return None, tuple(mistakes)
    return _clinic(TableReader(table, "", mistakes), kinds, issuers), tuple(mistakes)


def _clinic(table: TableReader, kinds: CriterionKinds, issuers: Issuers) -> Clinic | None:
    usual = Policies()
    clinic_id = table.identifier("id")
    name = _text(table, "name")
    phone = table.text("phone", limit=40)
    zone = _zone(table)
    region = table.text("region", "CA")
    if table.right("region") and not is_phone_region(region):
        table.refuse("region", f"{shown(region)} is no country", 'write region = "CA"')
    issuer = table.known("health_number_issuer", issuers, "CA-QC")
    terms = table.table("terms", _terms, 'write [terms], document = "…" and version = "…"')
    activities = table.identifiers("activities")
    if not activities and table.right("activities"):
        table.refuse("activities", "missing", 'declare them: [activities], follow-up = "…"')
    known = _Known(kinds, activities, {})
    services = table.tables("services", lambda one: _service(one, known), "write [[services]]")
    if not services and table.right("services"):
        table.refuse("services", "missing", "write [[services]] for each service")
    schedules = table.tables("schedules", lambda one: _schedule(one, known), "write [[schedules]]")
    closures = table.tables("closures", read_closure, "write [[closures]]")
    silent = read_activities(table, "silent_activities", activities)
    policies = table.table("policies", read_policies, "write [policies]", default=usual)
    texts = table.table("texts", read_own_texts, "write [texts.fr]", default=OwnTexts())
    if not table.finish() or terms is None or zone is None:
        return None
    return Clinic(
        clinic_id=ClinicId(clinic_id),
        name=name,
        phone=phone,
        zone=zone,
        region=region,
        health_number_issuer=issuer,
        issuers=issuers,
        terms=terms,
        services=services,
        schedules=schedules,
        closures=closures,
        silent_activities=frozenset(silent),
        policies=policies or usual,
        texts=texts or OwnTexts(),
    )


def _text(table: TableReader, key: str) -> Text:
    return table.table(key, _read_text, _TEXT_REMEDY) or Text("", "")


def _read_text(table: TableReader) -> Text:
    text = Text(table.text("fr"), table.text("en"))
    table.finish()
    return text


def _zone(table: TableReader) -> ZoneInfo | None:
    key = table.text("zone", remedy=_ZONE_REMEDY)
    if not table.right("zone"):
        return None
    try:
        return ZoneInfo(key)
    except (OSError, ValueError, LookupError):
        # Not found, but also a folder of zones, and a name that leaves the zones' folder.
        remedy = did_you_mean(key, available_timezones()) if len(key) > 2 else ""
        if not remedy.startswith("did"):
            remedy = _ZONE_REMEDY
        table.refuse("zone", f"unknown time zone {shown(key)}", remedy)
        return None


def _terms(table: TableReader) -> Terms | None:
    document, version = table.identifier("document"), table.text("version", limit=64)
    return Terms(document=document, version=version) if table.finish() else None


# Services ---------------------------------------------------------------------------------------


def _service(table: TableReader, known: _Known) -> Service | None:
    service_id = _new_id(table, "service", known)
    internal_name = table.text("internal_name", service_id)
    activities = read_some_activities(table, known.activities)
    name, description = _text(table, "name"), _text(table, "description")
    label = _text(table, "label")
    duration = table.minutes("minutes", 1, DAY_MINUTES)
    before = table.minutes("minutes_before", 0, DAY_MINUTES, timedelta())
    after = table.minutes("minutes_after", 0, DAY_MINUTES, timedelta())
    mode = table.word("mode", Mode, Mode.IN_PERSON)
    usual = Eligibility()
    eligibility = table.table(
        "eligibility",
        lambda one: read_eligibility(one, known.kinds),
        _ELIGIBILITY_REMEDY,
        default=usual,
    )
    confidential = table.flag("confidential", default=False)
    messages = table.flag("messages", default=True)
    if not table.finish():
        return None
    return Service(
        service_id=ServiceId(service_id),
        internal_name=internal_name,
        activities=activities,
        name=name,
        description=description,
        label=label,
        duration=duration,
        mode=mode,
        eligibility=eligibility or usual,
        confidential=confidential,
        buffer_before=before,
        buffer_after=after,
        messages=messages,
    )


def _new_id(table: TableReader, kind: str, known: _Known) -> str:
    found = table.identifier("id")
    if table.right("id"):
        first = known.taken.setdefault(f"{kind} {found}", table.path("id"))
        if first != table.path("id"):
            table.refuse("id", f"repeats {first}", f"give each {kind} an id of its own")
    return found


# Schedules --------------------------------------------------------------------------------------


def _schedule(table: TableReader, known: _Known) -> Schedule | None:
    schedule_id = _new_id(table, "schedule", known)
    name, place = _text(table, "name"), _text(table, "place")
    practitioner = table.identifier("practitioner") if table.has("practitioner") else None
    zone = _zone(table) if table.has("zone") else None
    openings = table.tables(
        "openings", lambda one: read_opening(one, known.activities), "write [[…openings]]"
    )
    closures = table.tables("closures", read_closure, "write [[…closures]]")
    if not table.finish():
        return None
    return Schedule(
        schedule_id=ScheduleId(schedule_id),
        name=name,
        practitioner_id=None if practitioner is None else PractitionerId(practitioner),
        place=place,
        zone=zone,
        openings=openings,
        closures=closures,
    )
