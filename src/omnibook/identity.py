"""Who a visitor is: the identity form, the clinic's files, and when the two are of one person.

Three steps, each a function of values:

1. :meth:`IdentityForm.parse` reads what was typed and finds every problem at once. Problems depend
   on the input, the clinic's settings and the day alone: no file is looked at (R3, R4, R11).
2. :class:`IdentityKeys` is what a directory is asked: few keys that simple indexes answer, and
   chosen so that no file is missed that step 3 needs.
3. :func:`identify` compares the form with the files that came back (R5–R9). It reads every
   candidate in full, whatever it found before, and answers a :class:`MatchCause` for staff; a
   visitor never learns it (R10).

With a health number, the file that carries it decides, and only the number's absence from all
files leads back to the names (R6, R7). In Québec the number follows from name, birth date and sex:
corroborating it protects against typing errors, not against somebody who wants to be taken for
somebody else.

**Merged files.** A merged file is still a record of the person: it is judged on its own details,
its survivor on its own, never on a mixture of both. Whichever agrees, the answer is the survivor,
counted once (R9). A merge that leads nowhere (its survivor is missing, or it runs in a circle)
could mean any file, so that a visitor whose form it fits is not identified.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum, unique

from attrs import field, frozen

from omnibook.errors import InvalidValue
from omnibook.health_numbers import HealthNumber
from omnibook.identity_form import (
    ActingFor,
    EntryRules,
    Identity,
    IdentityForm,
    parse_terms,
)
from omnibook.ids import PatientId
from omnibook.names import Folding, names_equal
from omnibook.patient import Gender, Patient

__all__ = [
    "ActingFor",
    "BlindKeys",
    "EntryRules",
    "Gender",
    "Identity",
    "IdentityForm",
    "IdentityKeys",
    "Match",
    "MatchCause",
    "MatchPolicy",
    "NumberPolicy",
    "Patient",
    "candidates_among",
    "identify",
    "matches_keys",
    "parse_terms",
]


@frozen(kw_only=True)
class BlindKeys:
    """What files are found by as keyed hashes, each with its key's version in front.

    Made by :class:`omnibook.blind_indexes.BlindIndexer`. ``numbers`` are of health numbers,
    ``contacts`` of the birth date together with a contact: each is one column to compare.
    """

    numbers: frozenset[str] = field(repr=False)
    contacts: frozenset[str] = field(repr=False)


@frozen(kw_only=True)
class IdentityKeys:
    """What a directory is asked with: files that could be meant carry one of two things.

    Either this ``health_number`` (issuer and value, whatever the version), or this ``birth_date``
    together with a contact whose :attr:`~omnibook.contacts.ContactPoint.match_key` is one of
    ``contact_keys``, current or not, verified or not. Two indexes answer it: one over (issuer,
    value), one over (birth date, match key). Names are not asked, so that a directory need not know
    how they are folded. The survivor of each merged file belongs to the answer, and so on to the
    end of the chain; :func:`candidates_among` is the reference.

    More files than asked do no harm: :func:`identify` judges each of them.

    ``blind`` asks the same by keyed hashes, where the clinic's policies want that
    (``blind_indexes``): for a directory that is not to be shown what was typed.
    """

    health_number: HealthNumber | None = field(repr=False)
    birth_date: date = field(repr=False)
    contact_keys: frozenset[str] = field(repr=False)
    blind: BlindKeys | None = None

    @classmethod
    def of(cls, identity: Identity) -> "IdentityKeys":
        """The keys of a form that was read."""
        return cls(
            health_number=identity.health_number,
            birth_date=identity.birth_date,
            contact_keys=frozenset(point.match_key for point in identity.contacts),
        )


def matches_keys(patient: Patient, keys: IdentityKeys) -> bool:
    """Whether the file itself answers the keys (see :class:`IdentityKeys`), live or not."""
    if keys.health_number is not None and keys.health_number in patient.health_numbers:
        return True
    return patient.birth_date == keys.birth_date and any(
        point.match_key in keys.contact_keys for point in patient.contacts
    )


def candidates_among(files: Mapping[PatientId, Patient], keys: IdentityKeys) -> tuple[Patient, ...]:
    """The files that answer the keys, and all that these were merged into, each once (R9)."""
    found: dict[PatientId, Patient] = {}
    for patient in files.values():
        each: Patient | None = patient if matches_keys(patient, keys) else None
        while each is not None and each.patient_id not in found:
            found[each.patient_id] = each
            each = None if each.merged_into is None else files.get(each.merged_into)
    return tuple(found.values())


# Who it is ---------------------------------------------------------------------------------------


@unique
class NumberPolicy(StrEnum):
    """What must agree beside a health number that is on a file (R6)."""

    ALONE = "alone"
    """Nothing."""
    CORROBORATED = "corroborated"
    """The birth date, and one of: a given name, a family name, a contact."""
    WITH_CONTACT = "with-contact"
    """The birth date and a contact."""


@frozen(kw_only=True)
class MatchPolicy:
    """How a clinic recognises its patients.

    ``folding`` says how much two writings of a name may differ (R5), ``number`` what corroborates a
    health number (R6), ``unverified_contacts_count`` whether a contact that a booking added
    identifies before staff have verified it, and ``every_contact`` whether each contact on the form
    must be one that counts, where otherwise one is enough (R8).

    Raises :class:`~omnibook.errors.InvalidValue` for a setting of another type.
    """

    folding: Folding = Folding.FOLDED
    number: NumberPolicy = NumberPolicy.CORROBORATED
    unverified_contacts_count: bool = False
    every_contact: bool = False

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.folding, Folding):
            raise InvalidValue("a match policy's folding must be a Folding")
        if not isinstance(self.number, NumberPolicy):
            raise InvalidValue("a match policy's number must be a NumberPolicy")
        if not isinstance(self.unverified_contacts_count, bool):
            raise InvalidValue("a match policy's unverified_contacts_count must be a bool")
        if not isinstance(self.every_contact, bool):
            raise InvalidValue("a match policy's every_contact must be a bool")


@unique
class MatchCause(StrEnum):
    """Why a visitor was, or was not, recognised: for staff and the audit trail only (R10)."""

    BY_NUMBER = "match.by-number"
    BY_DETAILS = "match.by-details"
    NO_FILE = "miss.no-file"
    """No file agrees with the form."""
    SEVERAL_FILES = "miss.several-files"
    """Two live files or more are meant (R9)."""
    NUMBER_CONFLICT = "miss.number-conflict"
    """The file with the number disagrees with the rest of the form (R6)."""
    OTHER_NUMBER = "miss.other-number"
    """The number is on no file, and the file found has another one of the same issuer (R7)."""
    CONTACT_UNVERIFIED = "miss.contact-unverified"
    """All that is missing is that staff verify a contact on file (R8)."""
    MERGE_BROKEN = "miss.merge-broken"
    """A merged file that agrees leads to no survivor (R9)."""
    DECEASED = "miss.deceased"
    INACTIVE = "miss.inactive"

    @property
    def is_match(self) -> bool:
        """Whether a file was recognised."""
        return self in {MatchCause.BY_NUMBER, MatchCause.BY_DETAILS}


@frozen(kw_only=True)
class Match:
    """Whose file it is, if anybody's, and why.

    Raises :class:`~omnibook.errors.InvalidValue` for a patient without a match, or the reverse.
    """

    patient: Patient | None = field(repr=False)
    cause: MatchCause

    def __attrs_post_init__(self) -> None:
        if (self.patient is not None) != self.cause.is_match:
            raise InvalidValue("a match has a patient, and a miss has none")


@frozen(kw_only=True)
class _Reading:
    """Everything that comparing one candidate with the form says."""

    survivor: Patient | None
    carries_number: bool
    carries_other_number: bool
    agrees: bool
    """As the file of the number (R6)."""
    agrees_if_verified: bool
    matches: bool
    """Without a number (R5)."""
    matches_if_verified: bool


def identify(identity: Identity, candidates: Sequence[Patient], policy: MatchPolicy) -> Match:
    """Whose file the form describes (R5–R9).

    Every candidate is read in full, and both ways are judged, before one is chosen (R10). The order
    of the candidates plays no part, and a file that shares nothing with the form changes nothing.

    Args:
        identity: the form as read.
        candidates: at least the files that :class:`IdentityKeys` asks for; identifiers are unique.
        policy: the clinic's.

    Returns:
        With a number that some candidate carries, whatever became of that file: ``BY_NUMBER`` with
        the one live file that carries it, if policy is content with what else agrees; else a miss,
        never a search by names. Otherwise ``BY_DETAILS`` with the one live file on which everything
        agrees, unless it has another number of that issuer; else a miss. Only live files count
        as several; a match with a dead end of a merge is a miss, whatever else matches.
    """
    files = {patient.patient_id: patient for patient in candidates}
    readings = {key: _read_candidate(identity, each, files, policy) for key, each in files.items()}
    carriers = [reading for reading in readings.values() if reading.carries_number]
    by_number = _judge_number(carriers, readings)
    by_details = _judge_details(readings)
    return by_number if carriers else by_details


def _judge_number(carriers: list[_Reading], readings: Mapping[PatientId, _Reading]) -> Match:
    meant = _the_one(carriers)
    if isinstance(meant, MatchCause):
        return Match(patient=None, cause=meant)
    records = [*carriers, readings[meant.patient_id]]
    if any(record.agrees for record in records):
        return Match(patient=meant, cause=MatchCause.BY_NUMBER)
    if any(record.agrees_if_verified for record in records):
        return Match(patient=None, cause=MatchCause.CONTACT_UNVERIFIED)
    return Match(patient=None, cause=MatchCause.NUMBER_CONFLICT)


def _judge_details(readings: Mapping[PatientId, _Reading]) -> Match:
    found = [reading for reading in readings.values() if reading.matches]
    meant = _the_one(found)
    if isinstance(meant, MatchCause):
        if not found and any(reading.matches_if_verified for reading in readings.values()):
            meant = MatchCause.CONTACT_UNVERIFIED
        return Match(patient=None, cause=meant)
    if any(record.carries_other_number for record in (*found, readings[meant.patient_id])):
        return Match(patient=None, cause=MatchCause.OTHER_NUMBER)
    return Match(patient=meant, cause=MatchCause.BY_DETAILS)


def _the_one(found: list[_Reading]) -> Patient | MatchCause:
    """The one live file that all of these lead to, or why there is none (R9)."""
    if not found:
        return MatchCause.NO_FILE
    survivors = {each.survivor.patient_id: each.survivor for each in found if each.survivor}
    if any(reading.survivor is None for reading in found):
        return MatchCause.MERGE_BROKEN
    live = [patient for patient in survivors.values() if patient.is_live]
    if len(live) > 1:
        return MatchCause.SEVERAL_FILES
    if live:
        return live[0]
    if any(patient.deceased for patient in survivors.values()):
        return MatchCause.DECEASED
    return MatchCause.INACTIVE


def _survivor(patient: Patient, files: Mapping[PatientId, Patient]) -> Patient | None:
    """The end of the chain of merges; ``None`` when it is missing, or the chain is a circle."""
    seen: set[PatientId] = set()
    each: Patient | None = patient
    while each is not None and each.merged_into is not None:
        if each.patient_id in seen:
            return None
        seen.add(each.patient_id)
        each = files.get(each.merged_into)
    return each


def _read_candidate(
    identity: Identity, patient: Patient, files: Mapping[PatientId, Patient], policy: MatchPolicy
) -> _Reading:
    # Lists, and & and | on values that are there already: no comparison is skipped because of what
    # another one found (R10).
    givens = [names_equal(n.given, identity.first_name, policy.folding) for n in patient.names]
    families = [names_equal(n.family, identity.last_name, policy.folding) for n in patient.names]
    whole_names = [given & family for given, family in zip(givens, families, strict=True)]
    born = patient.birth_date == identity.birth_date
    gender = (patient.gender is identity.gender) & (identity.gender is not Gender.UNKNOWN)
    typed = frozenset(point.match_key for point in identity.contacts)
    current = [point for point in patient.contacts if point.current]
    on_file = frozenset(point.match_key for point in current)
    trusted = frozenset(
        point.match_key for point in current if point.verified | policy.unverified_contacts_count
    )
    contact = _contact_agrees(typed, trusted, policy)
    contact_if_verified = _contact_agrees(typed, on_file, policy)
    number = identity.health_number
    same_issuer = [
        each
        for each in patient.health_numbers
        if number is not None and each.issuer == number.issuer
    ]
    carried = [each == number for each in same_issuer]
    part = any(givens) | any(families)
    details = any(whole_names) & born & gender
    return _Reading(
        survivor=_survivor(patient, files),
        carries_number=any(carried),
        carries_other_number=not all(carried),
        agrees=_corroborated(policy.number, born=born, part=part, contact=contact),
        agrees_if_verified=_corroborated(
            policy.number, born=born, part=part, contact=contact_if_verified
        ),
        matches=details & contact,
        matches_if_verified=details & contact_if_verified,
    )


def _contact_agrees(typed: frozenset[str], counting: frozenset[str], policy: MatchPolicy) -> bool:
    """Whether one contact of the form is among those that count, or each where so wanted (R8)."""
    return bool(typed & counting) & (typed.issubset(counting) | (not policy.every_contact))


def _corroborated(policy: NumberPolicy, *, born: bool, part: bool, contact: bool) -> bool:
    """Whether what agrees beside the number is enough (R6); ``part``: a given or a family name."""
    enough = {
        NumberPolicy.ALONE: True,
        NumberPolicy.CORROBORATED: born & (part | contact),
        NumberPolicy.WITH_CONTACT: born & contact,
    }
    return enough[policy]
