"""Problems are data: a code, a field and impersonal details (R11)."""

from typing import Any

import pytest

from omnibook.errors import InvalidValue
from omnibook.problems import InvalidEntry, Problem, ProblemCode


def test_every_code_is_stable_and_says_what_it_is_about() -> None:
    """R11."""
    codes = [str(code) for code in ProblemCode]
    assert len(codes) == len(set(codes))
    assert all(code.count(".") == 1 and code == code.lower() for code in codes)
    assert {"phone.not-a-cell-phone", "terms.outdated", "cursor.invalid"} <= set(codes)


def test_details_cannot_be_changed_afterwards() -> None:
    details: dict[str, str | int] = {"limit": 100}
    problem = Problem(ProblemCode.TOO_LONG, "reason", details)
    details["limit"] = 5
    assert problem.details == {"limit": 100}
    kept: Any = problem.details
    with pytest.raises(TypeError):
        kept["limit"] = 5


def test_problems_are_compared_by_what_they_say() -> None:
    one = Problem(ProblemCode.TOO_LONG, "reason", {"limit": 100})
    assert one == Problem(ProblemCode.TOO_LONG, "reason", {"limit": 100})
    assert one != Problem(ProblemCode.TOO_LONG, "reason", {"limit": 500})
    assert one != Problem(ProblemCode.TOO_LONG, "details", {"limit": 100})
    assert len({one, Problem(ProblemCode.TOO_LONG, "reason", {"limit": 100})}) == 1
    assert Problem(ProblemCode.MISSING, "reason").details == {}


def test_an_invalid_entry_has_a_problem() -> None:
    """R11."""
    with pytest.raises(InvalidValue, match="at least one"):
        InvalidEntry(())
    assert InvalidEntry((Problem(ProblemCode.MISSING, "reason"),)).code == "entry.invalid"
