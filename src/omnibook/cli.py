"""The ``omnibook`` command.

``omnibook check-config FILE [--patients FILE]`` says everything that is wrong with a clinic's file
and warns of what is hardly meant. It ends with 0 when the file can be used, warnings or not, with 1
when there are mistakes, and with 2 when the command itself was misspelt. A file that cannot be read
is a mistake, never a traceback.

``omnibook criteria-schema`` prints the JSON Schema of a service's eligibility.

``omnibook db`` looks after a database: see :mod:`omnibook.cli_db`.

``omnibook dispatch`` sends messages, and ``omnibook check-deployment`` checks the file that it
reads: see :mod:`omnibook.cli_dispatch`.

``omnibook serve`` serves the patient's portal: see :mod:`omnibook.cli_serve`.

Each subcommand is one function that adds its arguments and one that runs; see ``_COMMANDS``.
"""

import argparse
import importlib.metadata
import importlib.resources
import json
import re
import sys
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from importlib.resources.abc import Traversable
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from attrs import frozen

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.files import clinic_from_toml, load_patients
from omnibook.cli_db import add_db, run_db, without_password
from omnibook.cli_dispatch import (
    add_check_deployment,
    add_dispatch,
    run_check_deployment,
    run_dispatch,
)
from omnibook.cli_serve import add_serve, run_serve
from omnibook.clinic import Clinic
from omnibook.clinic_checks import warn_about
from omnibook.criteria_schema import eligibility_schema
from omnibook.eligibility_checks import warn_about_sample
from omnibook.errors import ConfigurationError
from omnibook.mistakes import Mistake
from omnibook.patient import Patient
from omnibook.times import local_date

OLDEST_ZONE_DATA = "2026f"
"""The release of the IANA time zone database before which rules of 2026 are missing."""

_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_VERSION = re.compile(r"# version ([0-9]{4}[a-z]{1,2})")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 when it found mistakes.

    Raises :class:`SystemExit` with 2 for arguments that cannot be understood, and with 0 after
    ``--help`` and ``--version``.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal without accents, or a file name that is no text, must not end in a traceback.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser = _Parser(prog="omnibook", description="Online booking for clinics.")
    version = importlib.metadata.version("omnibook")
    parser.add_argument("--version", action="version", version=f"omnibook {version}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (summary, add_arguments, run) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        add_arguments(command)
        command.set_defaults(run=run)
    given = parser.parse_args(arguments)
    run_given: Callable[[argparse.Namespace], int] = given.run
    return run_given(given)


class _Parser(argparse.ArgumentParser):
    """Repeats no password of a URL that was misplaced."""

    def error(self, message: str) -> NoReturn:
        super().error(without_password(message))


# check-config -----------------------------------------------------------------------------------


def _add_check_config(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="the clinic's TOML file")
    command.add_argument("--patients", metavar="FILE", help="patient files in JSON")
    command.add_argument(
        "--today",
        metavar="DATE",
        type=_today,
        help="check as of this date, such as 2026-11-23, instead of today",
    )


def _today(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise argparse.ArgumentTypeError("write a date as 2026-11-23")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("there is no such date") from error


def _check_config(given: argparse.Namespace) -> int:
    clinic, right = _checked_clinic(given.file, given.today)
    if given.patients is not None:
        right = _checked_patients(given.patients, clinic, given.today) and right
    return 0 if right else 1


def _checked_clinic(file: str, today: date | None) -> tuple[Clinic | None, bool]:
    try:
        clinic = clinic_from_toml(file)
    except ConfigurationError as error:
        _report(file, "", error.mistakes, ())
        return None, False
    day = _day(today, clinic)
    sources = dict.fromkeys(_zone_sources(clinic))
    warnings = [*warn_about(clinic, today=day), *_stale(sources)]
    content = f"{_count(clinic.services, 'service')}, {_count(clinic.schedules, 'schedule')}, "
    _report(file, content, (), warnings)
    for source in sources:
        print(f"  time zones: {source.version or 'unknown version'}, from {source.place}")
    return clinic, True


def _day(today: date | None, clinic: Clinic) -> date:
    return today or local_date(SystemClock().now(), clinic.zone)


def _checked_patients(file: str, clinic: Clinic | None, today: date | None) -> bool:
    try:
        patients = load_patients(file, region=clinic.region if clinic else "CA")
    except ConfigurationError as error:
        _report(file, "", error.mistakes, ())
        return False
    warnings: list[Mistake] = []
    if clinic is not None:
        warnings += _unknown_doctors(patients, clinic)
        warnings += warn_about_sample(clinic, patients, today=_day(today, clinic))
    _report(file, f"{_count(patients, 'patient file')}, ", (), warnings)
    return True


def _unknown_doctors(patients: Iterable[Patient], clinic: Clinic) -> Iterator[Mistake]:
    known = {schedule.practitioner_id for schedule in clinic.schedules}
    for i, patient in enumerate(patients):
        if isinstance(patient.family_doctor, str) and patient.family_doctor not in known:
            yield Mistake(
                path=f"patients[{i}].family_doctor",
                message="is the practitioner of no schedule",
                remedy="give a practitioner's id of the clinic's file, or null for none here",
            )


def _report(file: str, content: str, mistakes: Sequence[str], warnings: Sequence[Mistake]) -> None:
    found = f"{_count(mistakes, 'mistake')}, {_count(warnings, 'warning')}"
    print(f"{file}: {content}{found}")
    for mistake in mistakes:
        print(f"  {mistake}")
    for warning in warnings:
        print(f"  warning: {warning}")


def _count(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}" if len(things) == 1 else f"{len(things)} {name}s"


# criteria-schema --------------------------------------------------------------------------------


def _add_nothing(command: argparse.ArgumentParser) -> None:
    """It has no arguments."""


def _print_schema(_given: argparse.Namespace) -> int:
    print(json.dumps(eligibility_schema(), indent=2))
    return 0


# Time zones -------------------------------------------------------------------------------------


@frozen
class _ZoneSource:
    """Where Python finds a time zone: the system's folders first, then the package tzdata."""

    place: str
    version: str | None


def _zone_sources(clinic: Clinic) -> Iterator[_ZoneSource]:
    zones = {clinic.zone, *(each.zone for each in clinic.schedules if each.zone)}
    for key in sorted(zone.key for zone in zones):
        folders = (Path(folder) for folder in zoneinfo.TZPATH)
        folder = next((each for each in folders if (each / key).is_file()), None)
        if folder is not None:
            yield _ZoneSource(str(folder), _version_of(folder / "tzdata.zi"))
        else:
            package = importlib.resources.files("tzdata") / "zoneinfo"
            yield _ZoneSource("the package tzdata", _version_of(package / "tzdata.zi"))


def _version_of(file: Traversable) -> str | None:
    try:
        with file.open("rb") as lines:
            first = lines.readline(100)
    except OSError:
        return None
    found = _VERSION.match(first.decode("ascii", "replace"))
    return found[1] if found else None


def _stale(sources: Iterable[_ZoneSource]) -> Iterator[Mistake]:
    for source in sources:
        if source.version is not None and source.version < OLDEST_ZONE_DATA:
            yield Mistake(
                path="zone",
                message=f"the time zones in {source.place} are of {source.version}, older than "
                f"{OLDEST_ZONE_DATA}",
                remedy="update them; or set PYTHONTZPATH to nothing, to use the package tzdata",
            )


_AddArguments = Callable[[argparse.ArgumentParser], None]
_Run = Callable[[argparse.Namespace], int]

_COMMANDS: dict[str, tuple[str, _AddArguments, _Run]] = {
    "check-config": ("Check a clinic's file.", _add_check_config, _check_config),
    "check-deployment": (
        "Check a deployment's file, and all that it names.",
        add_check_deployment,
        run_check_deployment,
    ),
    "criteria-schema": (
        "Print the JSON Schema of a service's eligibility.",
        _add_nothing,
        _print_schema,
    ),
    "db": ("Look after a database, and after the records in it.", add_db, run_db),
    "dispatch": ("Send the messages that are due.", add_dispatch, run_dispatch),
    "serve": ("Serve the patient's portal.", add_serve, run_serve),
}
