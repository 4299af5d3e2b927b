"""The criteria that are shipped, all of them (R20)."""

from types import MappingProxyType

from omnibook.combined_criteria import AllOf, AnyOf, AtLeast, Not
from omnibook.criterion import Criterion, CriterionKinds
from omnibook.dated_criteria import LARGEST_BOUND, AgeRange, AsOf, HasHealthCard
from omnibook.file_criteria import (
    FamilyDoctorHere,
    FamilyDoctorIs,
    FileNumberHere,
    ForDependant,
    HasFile,
    HasTag,
    NoFamilyDoctor,
    RegisteredSex,
    Residence,
)
from omnibook.reason_codes import ReasonCode
from omnibook.visit_criteria import (
    HadVisitFor,
    LastVisit,
    MinimumInterval,
    Period,
    PeriodUnit,
    UpcomingLimit,
    When,
)

__all__ = [
    "LARGEST_BOUND",
    "SHIPPED_KINDS",
    "AgeRange",
    "AllOf",
    "AnyOf",
    "AsOf",
    "AtLeast",
    "FamilyDoctorHere",
    "FamilyDoctorIs",
    "FileNumberHere",
    "ForDependant",
    "HadVisitFor",
    "HasFile",
    "HasHealthCard",
    "HasTag",
    "LastVisit",
    "MinimumInterval",
    "NoFamilyDoctor",
    "Not",
    "Period",
    "PeriodUnit",
    "ReasonCode",
    "RegisteredSex",
    "Residence",
    "UpcomingLimit",
    "When",
]

_SHIPPED: tuple[type[Criterion], ...] = (
    HasFile,
    FileNumberHere,
    FamilyDoctorHere,
    FamilyDoctorIs,
    NoFamilyDoctor,
    HasTag,
    AgeRange,
    RegisteredSex,
    Residence,
    HasHealthCard,
    LastVisit,
    HadVisitFor,
    UpcomingLimit,
    MinimumInterval,
    ForDependant,
    AllOf,
    AnyOf,
    AtLeast,
    Not,
)

SHIPPED_KINDS: CriterionKinds = MappingProxyType({one.kind: one for one in _SHIPPED})
"""The shipped criteria by kind. A host adds its own: ``{**SHIPPED_KINDS, "own": Own}``."""
