"""What staff do with the contacts of a file: verify, move, remove (R8, R41, R43).

A booking adds what the form has and the file lacks, last and unverified. Staff then say that it is
the patient's (*verify*), which position it has in the one order over phones and e-mails (*move*:
position 1 is the main contact), or that it is not the patient's (*remove*).

:func:`edited` is what every directory does, whichever way it keeps its files: afterwards the ranks
are 1, 2, 3 and so on, whatever they were before.
"""

from collections.abc import Iterable
from enum import StrEnum, unique
from typing import assert_never

from attrs import evolve, field, frozen

from omnibook.contacts import ContactPoint
from omnibook.errors import InvalidValue


@unique
class ContactChange(StrEnum):
    """What is done with a contact (R41)."""

    VERIFY = "verify"
    MOVE = "move"
    REMOVE = "remove"


@frozen(kw_only=True)
class ContactEdit:
    """One change of one contact of a file (R41, R43).

    ``match_key`` names the contact (:attr:`~omnibook.contacts.ContactPoint.match_key`).
    ``position`` is where a moved one comes, counted from 1 over all contacts of the file; beyond
    the last one it is the last.

    Raises :class:`~omnibook.errors.InvalidValue`, without the contact, for a position that is no
    whole number above 0, for a move without one, and for one that is given with another change.
    """

    change: ContactChange
    match_key: str = field(repr=False)
    position: int | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.change, ContactChange):
            raise InvalidValue("a contact is verified, moved or removed; give a ContactChange")
        if (self.change is ContactChange.MOVE) != (self.position is not None):
            raise InvalidValue("a contact is moved to a position; no other change has one")
        if self.position is not None and (type(self.position) is not int or self.position < 1):
            raise InvalidValue("a contact's position is a whole number; 1 is the main contact's")


def edited(contacts: Iterable[ContactPoint], edit: ContactEdit) -> tuple[ContactPoint, ...] | None:
    """The contacts of a file after the edit, ranked 1, 2, 3 …; None when none has the key (R41).

    A file may hold the same contact twice: both are verified, moved together, or removed.
    """
    points = sorted(contacts, key=lambda point: point.rank)
    meant = [point for point in points if point.match_key == edit.match_key]
    others = [point for point in points if point.match_key != edit.match_key]
    if not meant:
        return None
    match edit.change:
        case ContactChange.VERIFY:
            known = [
                evolve(point, verified=point.verified or point.match_key == edit.match_key)
                for point in points
            ]
            return _ranked(known)
        case ContactChange.MOVE:
            place = (edit.position or 1) - 1
            return _ranked([*others[:place], *meant, *others[place:]])
        case ContactChange.REMOVE:
            return _ranked(others)
        case _:
            assert_never(edit.change)


def _ranked(points: Iterable[ContactPoint]) -> tuple[ContactPoint, ...]:
    return tuple(evolve(point, rank=rank) for rank, point in enumerate(points, start=1))
