"""What `make fuzz` feeds: each target reads a text, and asserts what holds of every text (R11).

A target raises nothing, whatever it is given, but AssertionError for a broken law. Beside the laws
of each reader, all of them hold this: reading ends in a value or in the problems that are
documented, and what was read once is read again unchanged. `tests/laws/test_fuzzing.py` feeds the
same targets from Hypothesis and from the corpus, where there is no atheris.
"""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from omnibook.adapters.files import patients_from_json
from omnibook.adapters.keys import Keyring
from omnibook.booking_form import BookingEntries, BookingForm
from omnibook.clinic import Clinic
from omnibook.clinic_file import parse_clinic
from omnibook.contacts import (
    ContactPoint,
    ContactSystem,
    parse_cell_phone,
    parse_email,
    read_stored_contact,
)
from omnibook.errors import ConfigurationError
from omnibook.health_issuers import compact
from omnibook.health_numbers import (
    SHIPPED_ISSUERS,
    HealthNumber,
    decode_health_number,
    format_health_number,
    parse_health_number,
)
from omnibook.identity_form import EntryRules, Identity, IdentityForm, parse_terms
from omnibook.ids import ClinicId
from omnibook.messages import describe_problem
from omnibook.names import Folding, fold, names_equal, parse_name
from omnibook.patient import Patient
from omnibook.preference import Filter, Preference
from omnibook.problems import InvalidEntry, Problem
from omnibook.quebec_numbers import quebec_letters
from omnibook.sealed import read_cursor, read_link
from omnibook.typed_text import read_line
from support.worlds import small_clinic

TODAY = date(2026, 11, 23)
REGIONS = ("CA", "FR", "GB")
RULES = EntryRules(region="CA", issuer="CA-QC", self_minimum_age=14)
KEYS = Keyring.generate()
LANGUAGES = ("fr", "en")
A_CLINIC = small_clinic()


def text_of(data: bytes) -> str:
    """The bytes as a text; those that are no UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def _told(problem: Problem) -> None:
    """A problem can be read aloud in both languages."""
    for language in LANGUAGES:
        assert describe_problem(problem, language)


def fuzz_line(text: str) -> None:
    read = read_line(text, field="reason", limit=100)
    if isinstance(read, Problem):
        _told(read)
    else:
        assert 1 <= len(read) <= 100
        assert read_line(read, field="reason", limit=100) == read
        read.encode()


def fuzz_name(text: str) -> None:
    for folding in Folding:
        folded = fold(text, folding)
        assert fold(folded, folding) == folded
        assert fold(unicodedata.normalize("NFD", text), folding) == folded
        assert names_equal(text, text, folding) == bool(folded)
    if names_equal(text, text, Folding.STRICT):
        assert names_equal(text, text, Folding.FOLDED)
    read = parse_name(text, field="first_name")
    if isinstance(read, Problem):
        _told(read)
    else:
        assert parse_name(read, field="first_name") == read
        assert names_equal(read, text, Folding.FOLDED)
    given, _, family = text.partition("\n")
    letters = quebec_letters(given, family)
    assert letters is None or (len(letters) == 4 and letters.isascii() and letters.isupper())


def fuzz_cell_phone(text: str) -> None:
    for region in REGIONS:
        read = parse_cell_phone(text, region=region)
        stored = read_stored_contact(ContactSystem.PHONE, text, region=region, rank=1)
        if isinstance(read, Problem):
            _told(read)
        else:
            assert stored == read
        for point in (read, stored):
            if isinstance(point, ContactPoint):
                for other in REGIONS:
                    assert (
                        read_stored_contact(point.system, point.value, region=other, rank=1)
                        == point
                    )
        if isinstance(read, ContactPoint):
            assert parse_cell_phone(read.value, region="CA") == read


def fuzz_email(text: str) -> None:
    read = parse_email(text)
    stored = read_stored_contact(ContactSystem.EMAIL, text, region="CA", rank=1)
    if isinstance(read, Problem):
        _told(read)
    else:
        assert stored == read
        assert parse_email(read.value) == read
    if stored is not None:
        assert read_stored_contact(stored.system, stored.value, region="CA", rank=1) == stored
        assert parse_email(stored.value) == stored
        key = stored.match_key.removeprefix("email:")
        again = parse_email(key)
        # Full case folding can make an address too long; its key is then only a key.
        assert isinstance(again, Problem) or again.match_key == stored.match_key


def fuzz_health_number(text: str) -> None:
    assert compact(compact(text)) == compact(text)
    for code, issuer in SHIPPED_ISSUERS.items():
        issuer.validate(text)
        issuer.format(text)
        read = parse_health_number(text, issuer=code)
        if isinstance(read, Problem):
            _told(read)
            continue
        again = parse_health_number(format_health_number(read), issuer=code)
        assert isinstance(again, HealthNumber)
        assert (again, again.version) == (read, read.version)
        decoded = decode_health_number(read, TODAY)
        with_day = parse_health_number(text, issuer=code, today=TODAY)
        assert isinstance(with_day, HealthNumber) == (issuer.decode is None or decoded is not None)
    unknown = parse_health_number("TREM04621918", issuer=text)
    assert isinstance(unknown, HealthNumber) == (text == "CA-QC")


def fuzz_identity_form(text: str) -> None:
    lines: list[str | None] = [*text.split("\n", 9), *([None] * 9)]
    form = IdentityForm(
        first_name=lines[0],
        last_name=lines[1],
        birth_date=lines[2],
        gender=lines[3],
        cell_phone=lines[4],
        email=lines[5],
        health_number=lines[6],
        health_number_issuer=lines[7],
        acting_for=lines[8],
    )
    parse_terms(text, current="2026-01")
    read = form.parse(RULES, today=TODAY)
    if isinstance(read, InvalidEntry):
        for problem in read.problems:
            _told(problem)
        return
    assert isinstance(read, Identity)
    again = IdentityForm(
        first_name=read.first_name,
        last_name=read.last_name,
        birth_date=read.birth_date,
        gender=read.gender.value,
        **{
            "cell_phone" if point.system is ContactSystem.PHONE else "email": point.value
            for point in read.contacts
        },
        health_number=read.health_number and format_health_number(read.health_number),
        health_number_issuer=read.health_number and read.health_number.issuer,
        acting_for=read.acting_for.value,
    )
    assert again.parse(RULES, today=TODAY) == read


def fuzz_booking_form(text: str) -> None:
    reason, phone, email, details = (*text.split("\n", 3), "", "", "")[:4]
    form = BookingForm(reason, details=details, cell_phone=phone, email=email)
    read = form.parse((), region="CA")
    assert isinstance(read, BookingEntries | InvalidEntry)
    if isinstance(read, InvalidEntry):
        for problem in read.problems:
            _told(problem)


def fuzz_preference(text: str) -> None:
    first, last, part, other, practitioner = (*text.split("\n", 4), "", "", "", "", "")[:5]
    for time_of_day in (part, (part, other), [part, other, first]):
        preference = Preference(
            first_date=first, last_date=last, time_of_day=time_of_day, practitioner=practitioner
        )
        assert isinstance(preference.parse(A_CLINIC), Filter | InvalidEntry)


def fuzz_sealed(text: str) -> None:
    assert read_link(KEYS, "manage", ClinicId("clinic"), text) is None
    assert read_cursor(KEYS, "visit", text) is None


def fuzz_clinic_file(text: str) -> None:
    try:
        clinic = parse_clinic(text)
    except ConfigurationError as error:
        if not error.mistakes:
            raise AssertionError("a file was refused without a word") from error
    else:
        assert isinstance(clinic, Clinic)


def fuzz_patients_file(text: str) -> None:
    try:
        patients = patients_from_json(text)
    except ConfigurationError as error:
        if not error.mistakes:
            raise AssertionError("a file was refused without a word") from error
    else:
        assert all(isinstance(patient, Patient) for patient in patients)


TARGETS: Mapping[str, Callable[[str], None]] = MappingProxyType(
    {
        name.removeprefix("fuzz_"): target
        for name, target in sorted(globals().items())
        if name.startswith("fuzz_")
    }
)
"""Every target by name."""
