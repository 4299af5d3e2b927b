"""Blind indexes: how a directory finds a file without being shown what was typed (R5, R6).

A blind index is a keyed hash (HMAC) of what a file is found by: a health number, or a birth date
together with a contact. An EMR keeps the indexes of its files beside them, or instead of them, and
compares; without the clinic's keyring nobody can work them out, nor try all phone numbers.

Each index names the **version** of the key that made it. The EMR's rows carry one each, of the
newest key at the time; a question carries one for each key that the keyring still has, so that a
row made before a rotation is found after it, until its key is taken out of the keyring. The
purposes are apart: no index of a number is ever one of a contact.

Names are not asked of a directory, and have no index: :func:`omnibook.identity.identify` compares
them with the files that came back.
"""

from collections.abc import Iterable
from datetime import date

from attrs import evolve, frozen

from omnibook.contacts import ContactPoint
from omnibook.health_numbers import HealthNumber
from omnibook.identity import BlindKeys, IdentityKeys
from omnibook.patient import Patient
from omnibook.ports import Keys

_NUMBER = "blind number"
_CONTACT = "blind contact"


@frozen
class BlindIndexer:
    """Makes blind indexes by a clinic's keyring: for a directory's rows, and questions (R5, R6)."""

    keys: Keys

    def number(self, number: HealthNumber) -> str:
        """The index to keep for a health number, whatever its version code."""
        return self._all(_NUMBER, _told(number))[0]

    def contact(self, birth_date: date, match_key: str) -> str:
        """The index to keep for a contact of somebody born on this date.

        ``match_key`` is :attr:`omnibook.contacts.ContactPoint.match_key`.
        """
        return self._all(_CONTACT, _born_with(birth_date, match_key))[0]

    def of_file(self, patient: Patient) -> BlindKeys:
        """All indexes to keep for a file: by the newest key, sorted out by what they are of."""
        return BlindKeys(
            numbers=frozenset(map(self.number, patient.health_numbers)),
            contacts=self._contacts_of(patient.birth_date, patient.contacts),
        )

    def asking(self, keys: IdentityKeys) -> IdentityKeys:
        """The same question with the indexes of every key that the keyring has."""
        number = keys.health_number
        return evolve(
            keys,
            blind=BlindKeys(
                numbers=frozenset(() if number is None else self._all(_NUMBER, _told(number))),
                contacts=frozenset(
                    index
                    for each in keys.contact_keys
                    for index in self._all(_CONTACT, _born_with(keys.birth_date, each))
                ),
            ),
        )

    def _contacts_of(self, born: date | None, points: Iterable[ContactPoint]) -> frozenset[str]:
        if born is None:
            # A file without a birth date is found by no contact.
            return frozenset()
        return frozenset(self.contact(born, point.match_key) for point in points)

    def _all(self, purpose: str, value: str) -> list[str]:
        """The indexes by each key, the newest first."""
        digests = self.keys.digests(purpose, value)
        return [f"{version}:{digest}" for version, digest in digests.items()]


def _told(number: HealthNumber) -> str:
    return f"{number.issuer} {number.value}"


def _born_with(birth_date: date, match_key: str) -> str:
    return f"{birth_date.isoformat()} {match_key}"
