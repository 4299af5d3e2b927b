"""The kit is proven: each seeded fault is caught by the law that is named for it, every time."""

from pathlib import Path

import pytest

from omnibook.testing import ASYNC_STORE_LAWS, BrokenPromise, Effort, check_store
from testing.clay import ClayStore, FileStore, files, shelves
from testing.faulty_stores import FAULTS, Fault, Optimistic

LAWS = {law.name: law for law in ASYNC_STORE_LAWS}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_faulty_store_is_caught(fault: Fault, tmp_path: Path) -> None:
    """Whatever is drawn."""
    for seed in (1, 2, 3):
        with pytest.raises(BrokenPromise) as caught:
            LAWS[fault.caught_by](
                fault.make(tmp_path), durable=fault.durable, effort=fault.effort, seed=seed
            )

        assert caught.value.law == fault.caught_by


@pytest.mark.parametrize("kind", [ClayStore, Optimistic])
def test_the_store_that_the_faults_are_made_of_is_honest(kind: type[ClayStore]) -> None:
    """So that what is caught is the fault."""
    check_store(shelves(kind), effort=Effort.QUICK, seed=1)


def test_so_is_the_one_in_a_file(tmp_path: Path) -> None:
    check_store(files(tmp_path, FileStore), durable=True, effort=Effort.QUICK, seed=1)
