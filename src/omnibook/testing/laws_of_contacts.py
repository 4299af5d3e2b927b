"""What directories keep of contacts: those that are appended, and those that are edited (R41)."""

from functools import partial

from attrs import evolve

from omnibook.contact_edits import ContactChange, ContactEdit, edited
from omnibook.contacts import ContactPoint
from omnibook.identity import IdentityKeys
from omnibook.testing.directory_bench import (
    EMAIL,
    OTHER_EMAIL,
    OTHER_PHONE,
    PHONE,
    SAME_EMAIL,
    DirectoryBench,
    DirectoryLaw,
    a_file,
)
from omnibook.testing.interleaving import Shaker
from omnibook.testing.laws import require, same
from omnibook.testing.strategies.people import BIRTH_DATES


def _appends(bench: DirectoryBench) -> None:
    old = evolve(OTHER_EMAIL, rank=2, current=False)
    directory = bench.make(a_file("file-1", None, PHONE, old), a_file("file-2", None, PHONE))
    points = (OTHER_EMAIL, EMAIL, OTHER_PHONE, SAME_EMAIL, PHONE)
    added = directory.append("file-1", *points)
    promised = [EMAIL.match_key, OTHER_PHONE.match_key]
    same("what it says it added", added, promised)
    same(
        "the contacts, in their order",
        directory.contacts("file-1"),
        [PHONE.match_key, old.match_key, *promised],
    )
    contacts = directory.file("file-1").contacts
    same("which are verified", [each.verified for each in contacts], [True, True, False, False])
    same("which are current", [each.current for each in contacts], [True, False, True, True])
    main = directory.file("file-1").main_contact
    same("the main contact", None if main is None else main.match_key, PHONE.match_key)
    same("another file's contacts", directory.contacts("file-2"), [PHONE.match_key])
    empty = bench.make(a_file())
    same("what an empty file is given", empty.append("file-1", EMAIL), [EMAIL.match_key])
    same("nothing to add", empty.append("file-1", order="order-2"), [])


def _appends_once(bench: DirectoryBench) -> None:
    directory = bench.make(a_file("file-1", None, PHONE))
    directory.append("file-1", EMAIL)
    before = directory.contacts("file-1")
    for points in ((EMAIL,), (OTHER_PHONE,), ()):
        same("what the same order adds again", directory.append("file-1", *points), [])
        same("the contacts after it", directory.contacts("file-1"), before)
    added = directory.append("file-1", OTHER_PHONE, order="order-2")
    same("what another order adds", added, [OTHER_PHONE.match_key])


def _appends_to_survivor(bench: DirectoryBench) -> None:
    directory = bench.make(a_file("a", "b"), a_file("b", "c"), a_file("c", None, PHONE))
    same("what is added", directory.append("a", PHONE, EMAIL), [EMAIL.match_key])
    survivors = directory.contacts("c")
    same("the survivor's contacts", survivors, [PHONE.match_key, EMAIL.match_key])
    same("the merged files' contacts", directory.contacts("a") + directory.contacts("b"), [])
    same("the same order by another name", directory.append("c", OTHER_PHONE), [])


def _appends_at_once(bench: DirectoryBench) -> None:
    for number in range(bench.effort.times(5)):
        directory = bench.make(a_file("file-1", None, PHONE))
        shaker = Shaker([directory.inner], number, chance=1 / 10)
        append = partial(directory.append, "file-1", EMAIL, OTHER_PHONE)
        works = [partial(append, order=order) for order in ("order-1", "order-1", "order-2")]
        answers = sorted(len(each) for each in shaker.run(works))
        same("how many each of three callers added", answers, [0, 0, 2])
        same("how many contacts there are", len(directory.contacts("file-1")), 3)


def _edits(bench: DirectoryBench) -> None:
    added = evolve(OTHER_PHONE, rank=9, verified=False)
    old = evolve(OTHER_EMAIL, rank=4, current=False)
    directory = bench.make(a_file("file-1", None, PHONE, EMAIL, old, added), a_file("file-2"))
    if not directory.is_editor:
        return
    keys = [PHONE.match_key, EMAIL.match_key, old.match_key, added.match_key]
    steps = (
        (ContactEdit(change=ContactChange.VERIFY, match_key=added.match_key), keys),
        (_move(added, 1), [keys[3], *keys[:3]]),
        (_move(PHONE, 3), [keys[3], keys[1], keys[0], keys[2]]),
        (_move(EMAIL, 99), [keys[3], keys[0], keys[2], keys[1]]),
        (_remove(PHONE), [keys[3], keys[2], keys[1]]),
        # By match key, whatever the case.
        (_remove(SAME_EMAIL), [keys[3], keys[2]]),
    )
    for number, (edit, promised) in enumerate(steps):
        before = directory.file("file-1").contacts
        same(
            f"what it answers to {edit}",
            directory.edit("file-1", edit, order=f"order-{number}"),
            edited(before, edit),
        )
        same("the contacts, in their order", directory.contacts("file-1"), promised)
        same("the contacts", directory.file("file-1").contacts, edited(before, edit))
    main = directory.file("file-1").main_contact
    same("the main contact", None if main is None else main.match_key, added.match_key)
    same(
        "which are verified",
        [point.verified for point in directory.file("file-1").contacts],
        [True, True],
    )
    asked = IdentityKeys(
        health_number=None,
        birth_date=BIRTH_DATES[0],
        contact_keys=frozenset({added.match_key}),
    )
    files = {each.patient_id for each in directory.candidates(asked)}
    require("file-1" in files, "a file is not found by a contact that was verified")
    gone = _remove(PHONE)
    same(
        "what is answered of a contact that is not there",
        directory.edit("file-1", gone, order="order-x"),
        None,
    )
    same(
        "what is answered of a file that is not there",
        directory.edit("file-99", _remove(added), order="order-y"),
        None,
    )
    same("another file's contacts", directory.contacts("file-2"), [])
    same(
        "what is added after it",
        directory.append("file-1", PHONE, order="order-x"),
        [PHONE.match_key],
    )
    same("its rank", [point.rank for point in directory.file("file-1").contacts], [1, 2, 3])


def _edits_once(bench: DirectoryBench) -> None:
    directory = bench.make(a_file("a", "b"), a_file("b", None, PHONE, EMAIL))
    if not directory.is_editor:
        return
    first = directory.edit("a", _move(EMAIL, 1), order="order-1")
    same("the merged file's contacts", directory.contacts("a"), [])
    same("the survivor's contacts", directory.file("b").contacts, first)
    directory.edit("b", _move(PHONE, 1), order="order-2")
    stands = directory.file("b").contacts
    for name in ("a", "b"):
        same("the same order again", directory.edit(name, _move(EMAIL, 1)), stands)
    same("the contacts after it", directory.file("b").contacts, stands)
    same("removed", len(directory.edit("b", _remove(EMAIL), order="order-3") or ()), 1)
    same("removed again", len(directory.edit("b", _remove(EMAIL), order="order-3") or ()), 1)


def _move(point: ContactPoint, position: int) -> ContactEdit:
    return ContactEdit(change=ContactChange.MOVE, match_key=point.match_key, position=position)


def _remove(point: ContactPoint) -> ContactEdit:
    return ContactEdit(change=ContactChange.REMOVE, match_key=point.match_key)


LAWS = (
    DirectoryLaw(
        "directory.appends",
        "append_contacts adds, last and unverified, those that the file lacks by match key, each "
        "once; it answers those, and changes nothing else (R41)",
        _appends,
    ),
    DirectoryLaw(
        "directory.appends-once",
        "the same order again changes nothing and answers nothing (R41)",
        _appends_once,
    ),
    DirectoryLaw(
        "directory.appends-to-survivor",
        "a merged file's survivor receives its contacts (R9, R41)",
        _appends_to_survivor,
    ),
    DirectoryLaw(
        "directory.appends-at-once",
        "however many apply orders at once, each contact is added once (R41)",
        _appends_at_once,
    ),
    DirectoryLaw(
        "directory.edits",
        "where staff edit contacts: one is verified, moved or removed by match key, ranks are 1, "
        "2, 3 … afterwards, and nothing else changes (R41, R43)",
        _edits,
    ),
    DirectoryLaw(
        "directory.edits-once",
        "where staff edit contacts: the same order again changes nothing and answers what stands; "
        "a merged file's survivor is edited (R9, R38)",
        _edits_once,
    ),
)
"""The laws of contacts in directories."""
