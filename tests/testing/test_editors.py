"""The laws of directories in which staff edit contacts catch who breaks them (R38, R41, R43)."""

from collections.abc import Sequence

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.contact_edits import ContactChange, ContactEdit
from omnibook.ids import OrderId, PatientId
from omnibook.testing import DIRECTORY_LAWS, BrokenPromise, Effort

LAWS = {law.name: law for law in DIRECTORY_LAWS}
Points = Sequence[ob.ContactPoint]


class Forgetful(ob.MemoryDirectory):
    """Takes every order for a new one."""

    def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Points | None:
        again = OrderId(f"{order_id} {id(edit)}")
        return super().edit_contacts(patient_id, edit, order_id=again)


class Gaps(ob.MemoryDirectory):
    """Leaves the ranks as they were when a contact goes."""

    def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Points | None:
        file = self.get(patient_id)
        found = super().edit_contacts(patient_id, edit, order_id=order_id)
        if file is None or found is None or edit.change is not ContactChange.REMOVE:
            return found
        ranks = {each.match_key: each.rank for each in file.contacts}
        kept = tuple(evolve(each, rank=ranks[each.match_key]) for each in found)
        self.put(evolve(file, contacts=kept))
        return kept


class Trusting(ob.MemoryDirectory):
    """Takes whatever is moved for verified."""

    def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Points | None:
        if edit.change is ContactChange.VERIFY:
            return self._now(patient_id)
        return super().edit_contacts(patient_id, edit, order_id=order_id)

    def _now(self, patient_id: PatientId) -> Points | None:
        file = self.get(patient_id)
        return None if file is None else file.contacts


class OnMerged(ob.MemoryDirectory):
    """Looks for the contact in the merged file itself."""

    def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Points | None:
        file = self.get(patient_id)
        if file is not None and file.merged_into is not None:
            return None
        return super().edit_contacts(patient_id, edit, order_id=order_id)


@pytest.mark.parametrize(
    ("law", "kind"),
    [
        ("directory.edits-once", Forgetful),
        ("directory.edits-once", OnMerged),
        ("directory.edits", Gaps),
        ("directory.edits", Trusting),
    ],
)
def test_an_editor_that_breaks_a_law_is_caught_by_it(
    law: str, kind: type[ob.MemoryDirectory]
) -> None:
    """R9, R38, R41, R43."""
    with pytest.raises(BrokenPromise) as caught:
        LAWS[law](kind, effort=Effort.QUICK, seed=1)

    assert caught.value.law == law


@pytest.mark.parametrize("law", ["directory.edits", "directory.edits-once"])
def test_a_directory_that_is_not_edited_here_has_nothing_to_keep(law: str) -> None:
    """R41: the port is optional."""

    class Plain:
        def __init__(self, files: Sequence[ob.Patient]) -> None:
            inner = ob.MemoryDirectory(files)
            self.candidates, self.get = inner.candidates, inner.get
            self.append_contacts = inner.append_contacts

    LAWS[law](Plain, effort=Effort.QUICK)
