"""omnibook: online appointment booking that a clinic's backend can trust.

Everything public that needs no extra stands here. Adapters with dependencies of their own are
imported from where they are, such as ``omnibook.adapters.sql`` (extra ``[sql]``) and
``omnibook.dispatch`` and ``omnibook.messages`` (extra ``[messages]``).
"""

from omnibook.adapters.clocks import ManualClock, RandomTokens, SystemClock
from omnibook.adapters.keys import Keyring
from omnibook.adapters.limiter import LimiterPolicy, MemoryLimiter
from omnibook.adapters.memory import ClinicSchedules, MemoryDirectory, MemoryStore
from omnibook.adapters.notifiers import RecordingEvents, RecordingNotifier
from omnibook.booking_form import BookingForm
from omnibook.clinic import Clinic
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.errors import (
    ConfigurationError,
    Contention,
    InvalidValue,
    NotifierError,
    OmnibookError,
    StoreError,
)
from omnibook.front_desk import FrontDesk
from omnibook.health_numbers import HealthNumber
from omnibook.identity import ActingFor, Gender, IdentityForm, MatchPolicy, Patient
from omnibook.ids import VisitToken
from omnibook.names import PersonName
from omnibook.outcomes import (
    AlreadyBooked,
    BackOutcome,
    Booked,
    BookOutcome,
    Cancelled,
    CancelOutcome,
    Closed,
    DayList,
    FindOutcome,
    Held,
    IdentifyOutcome,
    InvalidEntry,
    LinkDead,
    NoAvailability,
    NotCancellable,
    NotFound,
    NotOnline,
    Offer,
    OfferedService,
    Opened,
    Page,
    Released,
    ResumeOutcome,
    ReviewOutcome,
    ServiceExplanation,
    ServiceNotOffered,
    SlotTaken,
    TimeExplanation,
    TimeTaken,
    TooLate,
    TooManyAttempts,
    TooManyHolds,
    VisitOver,
    Welcome,
    Withdrawn,
)
from omnibook.portal import Portal
from omnibook.preference import Preference
from omnibook.problems import Problem, ProblemCode
from omnibook.records import Actor, Appointment, AppointmentStatus, Slot

__all__ = [
    "ActingFor",
    "Actor",
    "AlreadyBooked",
    "Appointment",
    "AppointmentStatus",
    "BackOutcome",
    "BookOutcome",
    "Booked",
    "BookingForm",
    "CancelOutcome",
    "Cancelled",
    "Clinic",
    "ClinicSchedules",
    "Closed",
    "ConfigurationError",
    "ContactPoint",
    "ContactSystem",
    "Contention",
    "DayList",
    "FindOutcome",
    "FrontDesk",
    "Gender",
    "HealthNumber",
    "Held",
    "IdentifyOutcome",
    "IdentityForm",
    "InvalidEntry",
    "InvalidValue",
    "Keyring",
    "LimiterPolicy",
    "LinkDead",
    "ManualClock",
    "MatchPolicy",
    "MemoryDirectory",
    "MemoryLimiter",
    "MemoryStore",
    "NoAvailability",
    "NotCancellable",
    "NotFound",
    "NotOnline",
    "NotifierError",
    "Offer",
    "OfferedService",
    "OmnibookError",
    "Opened",
    "Page",
    "Patient",
    "PersonName",
    "Portal",
    "Preference",
    "Problem",
    "ProblemCode",
    "RandomTokens",
    "RecordingEvents",
    "RecordingNotifier",
    "Released",
    "ResumeOutcome",
    "ReviewOutcome",
    "ServiceExplanation",
    "ServiceNotOffered",
    "Slot",
    "SlotTaken",
    "StoreError",
    "SystemClock",
    "TimeExplanation",
    "TimeTaken",
    "TooLate",
    "TooManyAttempts",
    "TooManyHolds",
    "VisitOver",
    "VisitToken",
    "Welcome",
    "Withdrawn",
]
