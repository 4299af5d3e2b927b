"""What a visitor types to be identified, and how it is read (R2, R3, R4, R11).

An :class:`IdentityForm` carries whatever was typed; only :meth:`IdentityForm.parse` judges it, and
finds every problem at once. Problems depend on the input, the clinic's settings and the day alone:
no file is looked at. What is read is an :class:`Identity`, which always describes the patient,
whoever filled in the form.
"""

import re
from datetime import date, datetime
from enum import StrEnum, unique
from typing import TypeVar

from attrs import evolve, field, frozen

from omnibook.ages import OLDEST_YEARS, completed, is_date, is_too_old
from omnibook.contacts import ContactPoint, is_phone_region, parse_cell_phone, parse_email
from omnibook.errors import InvalidValue
from omnibook.health_numbers import SHIPPED_ISSUERS, HealthNumber, Issuers, parse_health_number
from omnibook.names import parse_name
from omnibook.patient import Gender
from omnibook.problems import InvalidEntry, Problem, ProblemCode
from omnibook.typed_text import read_line

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_WORD_LIMIT = 40
_BIRTH_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


@unique
class ActingFor(StrEnum):
    """In which capacity the form was filled in; it always describes the patient (R3)."""

    SELF = "self"
    PARENT = "parent"
    TUTOR = "tutor"


@frozen(kw_only=True)
class EntryRules:
    """What a clinic's settings say about reading its forms.

    ``region`` is where a phone number without a country code is dialled, such as ``"CA"``;
    ``issuer`` is whose health number is meant when the form does not say (R4);
    ``self_minimum_age`` is the age in completed years from which one books for oneself (R3).

    Raises :class:`~omnibook.errors.InvalidValue` for an unknown region, an issuer that is not among
    ``issuers``, or an age that is no whole number from 0.
    """

    region: str
    issuer: str
    self_minimum_age: int
    issuers: Issuers = SHIPPED_ISSUERS

    def __attrs_post_init__(self) -> None:
        if not is_phone_region(self.region):
            raise InvalidValue("region must be a country's two capital letters, such as 'CA'")
        if self.issuer not in self.issuers:
            raise InvalidValue("issuer must be the code of a known issuer, such as 'CA-QC'")
        if type(self.self_minimum_age) is not int or self.self_minimum_age < 0:
            raise InvalidValue("self_minimum_age must be a whole number of years, 0 or more")


@frozen(kw_only=True)
class Identity:
    """The identity form as read: canonical values, at least one contact (R3).

    ``contacts`` are the cell phone, then the e-mail address, ranked from 1.

    Raises :class:`~omnibook.errors.InvalidValue` without a contact, or for a birth date that is
    not a date without a time.
    """

    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    birth_date: date = field(repr=False)
    gender: Gender = field(repr=False)
    contacts: tuple[ContactPoint, ...] = field(repr=False, converter=tuple[ContactPoint, ...])
    health_number: HealthNumber | None = field(default=None, repr=False)
    acting_for: ActingFor = field(default=ActingFor.SELF, repr=False)

    def __attrs_post_init__(self) -> None:
        if not is_date(self.birth_date):
            raise InvalidValue("an identity's birth_date must be a date without a time")
        if not self.contacts:
            raise InvalidValue("an identity needs at least one contact, see IdentityForm.parse")


@frozen(kw_only=True)
class IdentityForm:
    """What a visitor typed to be identified, as it came: any value is accepted here.

    The form describes the patient, whoever fills it in (R3). ``health_number_issuer`` left out
    means the clinic's; it is only looked at beside a number. An optional field that is blank counts
    as left out.
    """

    first_name: object = field(repr=False)
    last_name: object = field(repr=False)
    birth_date: object = field(repr=False)
    gender: object = field(repr=False)
    cell_phone: object = field(default=None, repr=False)
    email: object = field(default=None, repr=False)
    health_number: object = field(default=None, repr=False)
    health_number_issuer: object = field(default=None, repr=False)
    acting_for: object = field(default="self", repr=False)

    def parse(self, rules: EntryRules, *, today: date) -> Identity | InvalidEntry:
        """Read the form, or say everything that is wrong with it (R3, R4, R11).

        Never raises over what was typed, whatever its type. A number whose coded birth date or sex
        differs from the form is no problem: it is judged against the file only (R6, R7).

        Args:
            rules: the clinic's settings.
            today: the clinic's local date.

        Returns:
            The identity. Or every problem, in the order of the fields. Beside those of single
            fields: ``CONTACT_REQUIRED`` (on ``cell_phone``) when both contacts are left out, and
            ``ACTING_FOR_REQUIRED`` (details: ``limit``) for a patient under the age of R3 who is
            said to act alone.

        Raises:
            InvalidValue: ``today`` is not a date without a time.
        """
        if not is_date(today):
            raise InvalidValue("today must be a date without a time: the clinic's local date")
        problems: list[Problem] = []
        first_name = _kept(parse_name(self.first_name, field="first_name"), problems)
        last_name = _kept(parse_name(self.last_name, field="last_name"), problems)
        birth_date = _kept(_read_birth_date(self.birth_date, today), problems)
        gender = _kept(
            _read_word(Gender, self.gender, "gender", ProblemCode.GENDER_MALFORMED), problems
        )
        contacts = self._read_contacts(rules, problems)
        health_number = self._read_health_number(rules, today, problems)
        acting_for = self._read_acting_for(rules, birth_date, today, problems)
        if first_name is None or last_name is None or birth_date is None or gender is None:
            return InvalidEntry(tuple(problems))
        if problems:
            return InvalidEntry(tuple(problems))
        return Identity(
            first_name=first_name,
            last_name=last_name,
            birth_date=birth_date,
            gender=gender,
            contacts=contacts,
            health_number=health_number,
            acting_for=acting_for,
        )

    def _read_contacts(
        self, rules: EntryRules, problems: list[Problem]
    ) -> tuple[ContactPoint, ...]:
        read = (
            parse_cell_phone(self.cell_phone, region=rules.region),
            parse_email(self.email),
        )
        if all(_is_left_out(each) for each in read):
            problems.append(Problem(ProblemCode.CONTACT_REQUIRED, "cell_phone"))
            return ()
        given = [_kept(each, problems) for each in read if not _is_left_out(each)]
        points = [point for point in given if point is not None]
        return tuple(evolve(point, rank=rank) for rank, point in enumerate(points, start=1))

    def _read_health_number(
        self, rules: EntryRules, today: date, problems: list[Problem]
    ) -> HealthNumber | None:
        issuer = read_line(
            self.health_number_issuer, field="health_number_issuer", limit=_WORD_LIMIT
        )
        if _is_left_out(issuer):
            issuer = rules.issuer
        elif isinstance(issuer, str) and issuer not in rules.issuers:
            issuer = Problem(ProblemCode.HEALTH_NUMBER_ISSUER_UNKNOWN, "health_number_issuer")
        number = parse_health_number(
            self.health_number, issuer=issuer, issuers=rules.issuers, today=today
        )
        if _is_left_out(number):
            return None
        if isinstance(issuer, Problem):
            # Then the number was read as far as it can be: what is wrong with any number.
            if isinstance(number, Problem) and number.field == "health_number":
                problems.append(number)
            problems.append(issuer)
            return None
        return _kept(number, problems)

    def _read_acting_for(
        self, rules: EntryRules, birth_date: date | None, today: date, problems: list[Problem]
    ) -> ActingFor:
        read = _read_word(
            ActingFor, self.acting_for, "acting_for", ProblemCode.ACTING_FOR_MALFORMED
        )
        if isinstance(read, Problem) and not _is_left_out(read):
            problems.append(read)
            return ActingFor.SELF
        acting_for = ActingFor.SELF if isinstance(read, Problem) else read
        if (
            acting_for is ActingFor.SELF
            and birth_date is not None
            and completed(birth_date, today) < rules.self_minimum_age
        ):
            limit = {"limit": rules.self_minimum_age}
            problems.append(Problem(ProblemCode.ACTING_FOR_REQUIRED, "acting_for", limit))
        return acting_for


def parse_terms(version: object, *, current: str) -> Problem | None:
    """What is wrong with the accepted version of the terms, if anything (R2, R11).

    Never raises, whatever ``version`` is.

    Returns:
        ``None`` for exactly the current version. ``TERMS_NOT_ACCEPTED`` for nothing, a blank or
        another type than a text; ``TERMS_OUTDATED`` (details: ``current``) for any other text.
    """
    if not isinstance(version, str) or not version.strip():
        return Problem(ProblemCode.TERMS_NOT_ACCEPTED, "terms")
    if version != current:
        return Problem(ProblemCode.TERMS_OUTDATED, "terms", {"current": current})
    return None


def _kept(read: T | Problem, problems: list[Problem]) -> T | None:
    """What was read, or nothing: its problem is then among ``problems``."""
    if isinstance(read, Problem):
        problems.append(read)
        return None
    return read


def _is_left_out(read: object) -> bool:
    return isinstance(read, Problem) and read.code is ProblemCode.MISSING


def _read_word(words: type[E], typed: object, name: str, malformed: ProblemCode) -> E | Problem:
    line = read_line(typed, field=name, limit=_WORD_LIMIT)
    if isinstance(line, Problem):
        return line
    try:
        return words(line)
    except ValueError:
        return Problem(malformed, name)


def _read_birth_date(typed: object, today: date) -> date | Problem:
    name = "birth_date"
    if isinstance(typed, date):
        # One with a time is of some zone, and so perhaps of another day.
        born = None if isinstance(typed, datetime) else typed
        if born is None:
            return Problem(ProblemCode.WRONG_TYPE, name)
    else:
        line = read_line(typed, field=name, limit=_WORD_LIMIT)
        if isinstance(line, Problem):
            return line
        born = _calendar_date(line)
        if born is None:
            return Problem(ProblemCode.BIRTH_DATE_MALFORMED, name)
    if born > today:
        return Problem(ProblemCode.BIRTH_DATE_FUTURE, name)
    if is_too_old(born, today):
        return Problem(ProblemCode.BIRTH_DATE_TOO_OLD, name, {"limit": OLDEST_YEARS})
    return born


def _calendar_date(line: str) -> date | None:
    # Not date.fromisoformat, which also reads 20240229 and 2024-W09-4.
    match = _BIRTH_DATE.fullmatch(line)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
