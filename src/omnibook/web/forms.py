"""From what a browser posted to the forms of the SDK; nothing that was posted is trusted.

A form comes as pairs of texts. It becomes the raw carriers of the SDK, which judge it; nothing is
judged here, and nothing can fail here: what cannot be read is handed over as it is, or as nothing,
and becomes a problem like any other.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

from attrs import field, frozen

import omnibook as ob
from omnibook.ids import ScheduleId, ServiceId
from omnibook.web.drafts import Typed

IDENTITY_FIELDS = (
    "acting_for",
    "first_name",
    "last_name",
    "birth_day",
    "birth_month",
    "birth_year",
    "gender",
    "cell_phone",
    "email",
    "health_number",
    "health_number_issuer",
    "terms",
)
WISH_FIELDS = ("service", "reason", "details")
CONTACT_FIELDS = ("cell_phone", "email")
WHEN_FIELDS = (
    "when",
    "first_date",
    "last_date",
    "weekdays",
    "time_of_day",
    "from_time",
    "until_time",
    "practitioner",
)

SOONEST: Typed = MappingProxyType({"when": "soonest"})
_MOST = 1000
"""More than any field may hold, so that what is too long is still seen to be."""
_ONE_OR_TWO_DIGITS = re.compile(r"[0-9]{1,2}")


@frozen
class Posted:
    """The fields of a form, in their order; a field that comes twice counts once, the first."""

    pairs: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __getitem__(self, name: str) -> str:
        """What the field holds; nothing when it was not sent."""
        return next((value for given, value in self.pairs if given == name), "")

    def __contains__(self, name: str) -> bool:
        return any(given == name for given, _ in self.pairs)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the field, such as those of the boxes that were ticked."""
        return tuple(value for given, value in self.pairs if given == name)

    def typed(self, names: Iterable[str]) -> Typed:
        """The values of these fields, to be shown again: of each as much as could be right."""
        return MappingProxyType({name: self._typed(name)[:_MOST] for name in names})

    def _typed(self, name: str) -> str:
        return " ".join(self.all(name)[:7]) if name == "weekdays" else self[name]


# Identify ----------------------------------------------------------------------------------------


def identity_form(typed: Typed) -> ob.IdentityForm:
    """What page 1 asks (R3, R4)."""
    return ob.IdentityForm(
        first_name=typed["first_name"],
        last_name=typed["last_name"],
        birth_date=birth_date(typed),
        gender=typed["gender"],
        cell_phone=typed["cell_phone"],
        email=typed["email"],
        health_number=typed["health_number"],
        health_number_issuer=typed["health_number_issuer"],
        acting_for=typed["acting_for"],
    )


def birth_date(typed: Typed) -> str:
    """The three fields as one date, such as ``1985-07-04``; empty when all of them are."""
    parts = [typed[name].strip() for name in ("birth_year", "birth_month", "birth_day")]
    if not any(parts):
        return ""
    year, month, day = parts
    return "-".join((year, _two_digits(month), _two_digits(day)))


def _two_digits(number: str) -> str:
    return number.zfill(2) if _ONE_OR_TWO_DIGITS.fullmatch(number) else number


# Choose ------------------------------------------------------------------------------------------


def booking_form(wish: Typed) -> ob.BookingForm:
    """Why the visitor comes, and how to reach the patient (R23, R32).

    Contacts that were not asked yet are left out, which means the identity form's.
    """
    return ob.BookingForm(
        reason=wish.get("reason", ""),
        details=wish.get("details", ""),
        cell_phone=wish.get("cell_phone"),
        email=wish.get("email"),
    )


def preference(when: Typed) -> ob.Preference:
    """When the visitor would like to come (R24).

    As soon as possible looks at nothing else, whatever stands in the fields below it.
    """
    if when.get("when") != "filter":
        return ob.Preference.soonest()
    part: object = when.get("time_of_day", "")
    if part == "range":
        part = (when.get("from_time", ""), when.get("until_time", ""))
    days = when.get("weekdays", "").split()
    return ob.Preference(
        first_date=when.get("first_date"),
        last_date=when.get("last_date"),
        weekdays=[int(day) if _ONE_OR_TWO_DIGITS.fullmatch(day) else day for day in days],
        time_of_day=part,
        practitioner=when.get("practitioner"),
    )


# Select ------------------------------------------------------------------------------------------


def slot_text(slot: ob.Slot) -> str:
    """All of a slot in one text, for the value of a button."""
    return urlencode(
        {
            "start": slot.start.isoformat(),
            "end": slot.end.isoformat(),
            "service": slot.service_id,
            "schedule": slot.schedule_id,
        }
    )


def read_slot(text: str) -> ob.Slot | None:
    """The slot that a button sent back, if it can be read: only a wish, judged anew (R31, R38)."""
    try:
        fields = dict(parse_qsl(text, max_num_fields=4, keep_blank_values=True))
        return ob.Slot(
            ServiceId(fields["service"]),
            ScheduleId(fields["schedule"]),
            datetime.fromisoformat(fields["start"]),
            datetime.fromisoformat(fields["end"]),
        )
    except (KeyError, ValueError, OverflowError):
        return None


def with_contacts(wish: Typed, identity: Typed) -> Typed:
    """What *Review* shows: the contacts as corrected before, else as identified (R32)."""
    contacts = {name: identity.get(name, "") for name in CONTACT_FIELDS}
    return MappingProxyType({**contacts, **wish})


def merged(*typed: Mapping[str, str]) -> Typed:
    """Several carriers as one, the later ones winning."""
    return MappingProxyType({name: value for each in typed for name, value in each.items()})
