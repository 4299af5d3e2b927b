"""The criteria that ask the file, and who books, whatever the date (R20).

A file, a number, a family doctor, a tag, the registered sex, the residence; and whether somebody
books for a dependant. Each needs one fact or two, and is UNKNOWN without them (R21).
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

from attrs import field, frozen

from omnibook.criterion import CriterionKinds, Finding
from omnibook.criterion_words import ONE_WORD, WORDS, Plain, found, read_words, word_of, words_of
from omnibook.errors import InvalidValue
from omnibook.facts import UNKNOWN, Day, FactName, Facts, Sex, Truth
from omnibook.reason_codes import ReasonCode
from omnibook.table_reader import TEXT_LIMIT, TableReader


class _Presence(Plain):
    """What the criteria share that ask whether one fact is there."""

    __slots__ = ()

    fact: ClassVar[FactName]
    codes: ClassVar[Mapping[Truth, ReasonCode]]

    @property
    def asks(self) -> frozenset[FactName]:
        """The fact."""
        return frozenset({self.fact})

    def judge(self, facts: Facts, on: Day) -> Finding:
        """TRUE if it is there, FALSE if there is known to be none, UNKNOWN otherwise (R21)."""
        fact: object = getattr(facts, self.fact)
        known = Truth.of(fact is not None and fact is not False)
        truth = Truth.UNKNOWN if fact is UNKNOWN else known
        return found(truth, self.codes[truth], self.fact)


@frozen
class HasFile(_Presence):
    """The patient has a file at the clinic (R20)."""

    kind: ClassVar[str] = "has-file"
    fact: ClassVar[FactName] = FactName.HAS_FILE
    codes: ClassVar[Mapping[Truth, ReasonCode]] = {
        Truth.TRUE: ReasonCode.FILE_PRESENT,
        Truth.FALSE: ReasonCode.FILE_MISSING,
        Truth.UNKNOWN: ReasonCode.FILE_UNKNOWN,
    }


@frozen
class FileNumberHere(_Presence):
    """The patient's file carries a file number of this clinic (R20)."""

    kind: ClassVar[str] = "file-number-here"
    fact: ClassVar[FactName] = FactName.FILE_NUMBER
    codes: ClassVar[Mapping[Truth, ReasonCode]] = {
        Truth.TRUE: ReasonCode.FILE_NUMBER_PRESENT,
        Truth.FALSE: ReasonCode.FILE_NUMBER_MISSING,
        Truth.UNKNOWN: ReasonCode.FILE_NUMBER_UNKNOWN,
    }


@frozen
class FamilyDoctorHere(_Presence):
    """A doctor of this clinic follows the patient (R20)."""

    kind: ClassVar[str] = "family-doctor-here"
    fact: ClassVar[FactName] = FactName.FAMILY_DOCTOR
    codes: ClassVar[Mapping[Truth, ReasonCode]] = {
        Truth.TRUE: ReasonCode.FAMILY_DOCTOR_PRESENT,
        Truth.FALSE: ReasonCode.FAMILY_DOCTOR_MISSING,
        Truth.UNKNOWN: ReasonCode.FAMILY_DOCTOR_UNKNOWN,
    }


@frozen
class FamilyDoctorIs(Plain):
    """One of these doctors of the clinic, by identifier, follows the patient (R20).

    Raises :class:`InvalidValue` when none is named.
    """

    kind: ClassVar[str] = "family-doctor-is"
    asks: ClassVar[frozenset[FactName]] = frozenset({FactName.FAMILY_DOCTOR})
    doctors: tuple[str, ...] = field(converter=words_of)

    def judge(self, facts: Facts, on: Day) -> Finding:
        """FALSE also for a patient known to have no family doctor here."""
        if facts.family_doctor is UNKNOWN:
            return found(Truth.UNKNOWN, ReasonCode.FAMILY_DOCTOR_UNKNOWN, FactName.FAMILY_DOCTOR)
        if facts.family_doctor in self.doctors:
            return found(Truth.TRUE, ReasonCode.FAMILY_DOCTOR_LISTED, FactName.FAMILY_DOCTOR)
        return found(Truth.FALSE, ReasonCode.FAMILY_DOCTOR_NOT_LISTED, FactName.FAMILY_DOCTOR)

    def settings(self) -> dict[str, object]:
        """The ``doctors``."""
        return {"doctors": list(self.doctors)}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        return {"properties": {"doctors": WORDS}, "required": ["doctors"]}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "family-doctor-is", doctors = ["gagnon"] }``."""
        doctors = read_words(table, "doctors", 'name a doctor, such as "gagnon"')
        return cls(doctors) if table.finish() else None


@frozen
class NoFamilyDoctor(Plain):
    """No family doctor follows the patient, neither here nor elsewhere (R20).

    For "none at this clinic", whatever there is elsewhere, negate :class:`FamilyDoctorHere`.
    """

    kind: ClassVar[str] = "no-family-doctor"
    asks: ClassVar[frozenset[FactName]] = frozenset(
        {FactName.FAMILY_DOCTOR, FactName.FAMILY_DOCTOR_ELSEWHERE}
    )

    def judge(self, facts: Facts, on: Day) -> Finding:
        """FALSE once there is one; TRUE only if none is known of, here and elsewhere."""
        here, elsewhere = facts.family_doctor, facts.family_doctor_elsewhere
        if isinstance(here, str) or elsewhere is True:
            return self._found(Truth.FALSE, ReasonCode.FAMILY_DOCTOR_SOMEWHERE)
        if here is UNKNOWN:
            return self._found(Truth.UNKNOWN, ReasonCode.FAMILY_DOCTOR_UNKNOWN)
        if elsewhere is UNKNOWN:
            return self._found(Truth.UNKNOWN, ReasonCode.FAMILY_DOCTOR_ELSEWHERE_UNKNOWN)
        return self._found(Truth.TRUE, ReasonCode.FAMILY_DOCTOR_NOWHERE)

    def _found(self, truth: Truth, code: ReasonCode) -> Finding:
        return found(truth, code, FactName.FAMILY_DOCTOR, FactName.FAMILY_DOCTOR_ELSEWHERE)


@frozen
class HasTag(Plain):
    """The file carries this tag, such as a programme that the patient follows (R20).

    Compared as it is spelt. Raises :class:`InvalidValue` for a tag that is no text of one line.
    """

    kind: ClassVar[str] = "tag"
    asks: ClassVar[frozenset[FactName]] = frozenset({FactName.TAGS})
    tag: str = field(converter=word_of)

    def judge(self, facts: Facts, on: Day) -> Finding:
        """FALSE for a file known to carry no tag, or others only."""
        if facts.tags is UNKNOWN:
            return found(Truth.UNKNOWN, ReasonCode.TAG_UNKNOWN, FactName.TAGS)
        if self.tag in (facts.tags or ()):
            return found(Truth.TRUE, ReasonCode.TAG_PRESENT, FactName.TAGS)
        return found(Truth.FALSE, ReasonCode.TAG_MISSING, FactName.TAGS)

    def settings(self) -> dict[str, object]:
        """The ``tag``."""
        return {"tag": self.tag}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        return {"properties": {"tag": ONE_WORD}, "required": ["tag"]}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "tag", tag = "diabetes" }``."""
        tag = table.text("tag")
        return cls(tag) if table.finish() else None


@frozen
class RegisteredSex(Plain):
    """The sex registered in the file is this one (R20)."""

    kind: ClassVar[str] = "registered-sex"
    asks: ClassVar[frozenset[FactName]] = frozenset({FactName.REGISTERED_SEX})
    sex: Sex = field()

    @sex.validator
    def _is_a_sex(self, _attribute: object, value: object) -> None:
        if not isinstance(value, Sex):
            raise InvalidValue("RegisteredSex needs a Sex: Sex.FEMALE or Sex.MALE")

    def judge(self, facts: Facts, on: Day) -> Finding:
        """TRUE if it is, FALSE if it is the other or the file is known to register neither."""
        if facts.registered_sex is UNKNOWN:
            return found(Truth.UNKNOWN, ReasonCode.SEX_UNKNOWN, FactName.REGISTERED_SEX)
        if facts.registered_sex is self.sex:
            return found(Truth.TRUE, ReasonCode.SEX_MATCHES, FactName.REGISTERED_SEX)
        return found(Truth.FALSE, ReasonCode.SEX_DIFFERS, FactName.REGISTERED_SEX)

    def settings(self) -> dict[str, object]:
        """The ``sex``."""
        return {"sex": self.sex.value}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        return {"properties": {"sex": {"enum": [each.value for each in Sex]}}, "required": ["sex"]}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "registered-sex", sex = "female" }``."""
        sex = table.word("sex", Sex)
        return cls(sex) if table.finish() else None


def _compact(code: str) -> str:
    """The letters and digits of a postal code, in capitals: ``h2x 1y4`` is ``H2X1Y4``."""
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", code).upper()))
    return unicodedata.normalize("NFKC", letters)


def _is_prefix(compact: str) -> bool:
    # Some characters are several once they are in capitals and in NFKC.
    return 1 <= len(compact) <= TEXT_LIMIT


def _prefixes(given: Iterable[str]) -> tuple[str, ...]:
    prefixes = tuple(sorted({_compact(each) for each in words_of(given)}))
    if not all(map(_is_prefix, prefixes)):
        raise InvalidValue("a postal prefix needs a letter or a digit, such as 'H2X'")
    return prefixes


@frozen
class Residence(Plain):
    """The postal code of the residence begins with one of these (R20).

    Case, blanks and hyphens play no part. Raises :class:`InvalidValue` for none, or one without a
    letter or a digit: everybody would live there.
    """

    kind: ClassVar[str] = "residence"
    asks: ClassVar[frozenset[FactName]] = frozenset({FactName.POSTAL_CODE})
    prefixes: tuple[str, ...] = field(converter=_prefixes)

    def judge(self, facts: Facts, on: Day) -> Finding:
        """FALSE also for somebody known to have no residence with a postal code."""
        if facts.postal_code is UNKNOWN:
            return found(Truth.UNKNOWN, ReasonCode.RESIDENCE_UNKNOWN, FactName.POSTAL_CODE)
        if facts.postal_code is not None and _compact(facts.postal_code).startswith(self.prefixes):
            return found(Truth.TRUE, ReasonCode.RESIDENCE_INSIDE, FactName.POSTAL_CODE)
        return found(Truth.FALSE, ReasonCode.RESIDENCE_OUTSIDE, FactName.POSTAL_CODE)

    def settings(self) -> dict[str, object]:
        """The ``prefixes``."""
        return {"prefixes": list(self.prefixes)}

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of its settings."""
        return {"properties": {"prefixes": WORDS}, "required": ["prefixes"]}

    @classmethod
    def read(cls, table: TableReader, kinds: CriterionKinds) -> Self | None:
        """The criterion of ``{ kind = "residence", prefixes = ["H2X"] }``."""
        remedy = 'give the first letters and digits, such as "H2X"'
        prefixes = read_words(table, "prefixes", remedy)
        if not all(_is_prefix(_compact(each)) for each in prefixes):
            table.refuse("prefixes", "holds one without a letter or a digit", remedy)
        return cls(prefixes) if table.finish() else None


@frozen
class ForDependant(_Presence):
    """Somebody books for the patient: a parent or a tutor (R3, R20).

    UNKNOWN where nobody says for whom the visit is booked.
    """

    kind: ClassVar[str] = "for-dependant"
    fact: ClassVar[FactName] = FactName.FOR_DEPENDANT
    codes: ClassVar[Mapping[Truth, ReasonCode]] = {
        Truth.TRUE: ReasonCode.DEPENDANT_YES,
        Truth.FALSE: ReasonCode.DEPENDANT_NO,
        Truth.UNKNOWN: ReasonCode.DEPENDANT_UNKNOWN,
    }
