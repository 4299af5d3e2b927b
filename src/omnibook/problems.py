"""What is wrong with what a visitor typed, all at once (R11).

Problems depend on the input alone: they tell nothing about any patient's file. A problem is data:
a stable ``code``, the form's ``field`` and a few impersonal ``details`` (a limit, an expected
version); the sentences stand in :mod:`omnibook.messages`.
"""

from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType
from typing import ClassVar

import attrs
from attrs import frozen

from omnibook.errors import InvalidValue


@unique
class ProblemCode(StrEnum):
    """Every code that a :class:`Problem` can carry; a code's meaning never changes."""

    MISSING = "entry.missing"
    WRONG_TYPE = "entry.wrong-type"
    TOO_LONG = "entry.too-long"
    CONTROL_CHARACTERS = "entry.control-characters"
    NAME_MALFORMED = "name.malformed"
    BIRTH_DATE_MALFORMED = "birth-date.malformed"
    BIRTH_DATE_FUTURE = "birth-date.future"
    BIRTH_DATE_TOO_OLD = "birth-date.too-old"
    GENDER_MALFORMED = "gender.malformed"
    CONTACT_REQUIRED = "contact.required"
    PHONE_MALFORMED = "phone.malformed"
    PHONE_EXTENSION = "phone.extension"
    PHONE_LETTERS = "phone.letters"
    PHONE_TOLL_FREE = "phone.toll-free"
    PHONE_PREMIUM_RATE = "phone.premium-rate"
    PHONE_FIXED_LINE = "phone.fixed-line"
    PHONE_INTERNET = "phone.internet"
    PHONE_NOT_A_CELL_PHONE = "phone.not-a-cell-phone"
    EMAIL_MALFORMED = "email.malformed"
    HEALTH_NUMBER_MALFORMED = "health-number.malformed"
    HEALTH_NUMBER_ISSUER_UNKNOWN = "health-number.issuer-unknown"
    ACTING_FOR_MALFORMED = "acting-for.malformed"
    ACTING_FOR_REQUIRED = "acting-for.required"
    TERMS_NOT_ACCEPTED = "terms.not-accepted"
    TERMS_OUTDATED = "terms.outdated"
    LANGUAGE_UNSUPPORTED = "language.unsupported"
    PREFERENCE_MALFORMED = "preference.malformed"
    PREFERENCE_DATES_REVERSED = "preference.dates-reversed"
    PREFERENCE_PRACTITIONER_UNKNOWN = "preference.practitioner-unknown"
    CURSOR_INVALID = "cursor.invalid"
    SLOT_MALFORMED = "slot.malformed"


def _frozen_details(details: Mapping[str, str | int]) -> Mapping[str, str | int]:
    return MappingProxyType(dict(details))


@frozen
class Problem:
    """One thing wrong with one field of a form.

    ``field`` is the form's attribute name, such as ``"cell_phone"``. ``details`` never repeats what
    was typed: only limits and expectations, such as ``{"limit": 100}``.
    """

    code: ProblemCode
    field: str
    details: Mapping[str, str | int] = attrs.field(
        default=MappingProxyType({}), converter=_frozen_details, hash=False
    )


@frozen
class InvalidEntry:
    """The outcome of a form that cannot be used as typed: every problem, at least one (R11)."""

    code: ClassVar[str] = "entry.invalid"
    problems: tuple[Problem, ...] = attrs.field()

    @problems.validator
    def _not_empty(self, _attribute: object, value: tuple[Problem, ...]) -> None:
        if not value:
            raise InvalidValue("InvalidEntry needs at least one Problem")
