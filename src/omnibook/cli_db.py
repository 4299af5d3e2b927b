"""``omnibook db``: looking after a database, and after the records in it (R51).

============= ====================================================================================
``upgrade``   bring the database to this version's schema
``check``     is it whole, and does it keep what the rules promise (R40)?
``purge``     forget what has outlived the time that the clinic's policies give it
``export``    write down everything that is kept of one person
``erase``     forget everything that is kept of one person, for good
============= ====================================================================================

The database is named by its URL, as an argument, by ``--url``, or by the environment variable
``OMNIBOOK_DATABASE_URL``: the last keeps a password out of the list of processes. The last three
need the clinic's file (``--clinic``), the keys (``OMNIBOOK_KEYS``) and who asks (``--staff``), as
the audit trail says so (R50). What is printed holds no personal value, but for an export.

It ends with 0 when it was done, or when the check found nothing; with 1 when not: a fault that was
found, a database that cannot be used, nobody of that name, an erasure that was refused; with 2 when
the command itself was misspelt or lacks something.
"""

import argparse
import importlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from omnibook.adapters.files import clinic_from_toml
from omnibook.adapters.keys import Keyring
from omnibook.clinic import Clinic
from omnibook.custodian import Custodian
from omnibook.errors import OmnibookError
from omnibook.outcomes import Erased, Exported, Purged, StillNeeded
from omnibook.records import Actor

OutcomeT = TypeVar("OutcomeT")

URL_VARIABLE = "OMNIBOOK_DATABASE_URL"

_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]*@")
_SECRET_PARAMETER = re.compile(r"((?:password|passwd|pwd)=)[^&\s]*", re.IGNORECASE)


def without_password(text: str) -> str:
    """The text, with the password of every URL in it left out."""
    return _SECRET_PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))


def add_db(command: argparse.ArgumentParser) -> None:
    """Add the subcommands of ``omnibook db``."""
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (summary, _) in _ACTIONS.items():
        action = actions.add_parser(name, help=summary, description=summary)
        action.add_argument(
            "url",
            metavar="URL",
            nargs="?",
            help=f"such as sqlite:////var/lib/clinic/clinic.db; or set {URL_VARIABLE}",
        )
        action.add_argument("--url", dest="url_option", metavar="URL", help=argparse.SUPPRESS)
        if name in {"purge", "export", "erase"}:
            _add_custody(action, name)


def _add_custody(action: argparse.ArgumentParser, name: str) -> None:
    action.add_argument("--clinic", metavar="FILE", required=True, help="the clinic's TOML file")
    action.add_argument(
        "--staff",
        metavar="ID",
        required=name != "purge",
        help="who asks: the clinic's own identifier of the member of staff",
    )
    if name == "purge":
        return
    who = action.add_mutually_exclusive_group(required=True)
    who.add_argument("--patient", metavar="ID", help="a file, by its identifier")
    who.add_argument(
        "--appointment", metavar="ID", help="the appointment of a person without a file"
    )
    if name == "export":
        action.add_argument(
            "--output", metavar="FILE", help="a new file that only you may read, instead of stdout"
        )
    else:
        action.add_argument("--yes", action="store_true", help="erase: there is no way back")


def run_db(given: argparse.Namespace) -> int:
    """Run a subcommand of ``omnibook db``; see the module for what it returns."""
    url = given.url_option or given.url or os.environ.get(URL_VARIABLE, "").strip()
    if not url:
        print(f"no database: give its URL, or set {URL_VARIABLE}", file=sys.stderr)
        return 2
    try:
        # Only this command needs the extra.
        importlib.import_module("omnibook.adapters.sql")
    except ImportError:
        print('omnibook db needs the extra "sql": pip install "omnibook[sql]"', file=sys.stderr)
        return 1
    _, run = _ACTIONS[given.action]
    try:
        return run(given, url)
    except OmnibookError as error:
        print(without_password(str(error)), file=sys.stderr)
        return 1


def _upgrade(given: argparse.Namespace, url: str) -> int:
    from omnibook.adapters.sql import upgrade  # noqa: PLC0415

    del given
    upgrade(url)
    print("the database has this version's schema")
    return 0


def _check(given: argparse.Namespace, url: str) -> int:
    from omnibook.adapters.sql.check import check_database  # noqa: PLC0415

    del given
    report = check_database(url)
    for table, count in report.counts.items():
        print(f"{table}: {count}")
    for fault in report.faults:
        print(f"fault: {without_password(str(fault))}")
    print(f"{len(report.faults)} faults" if report.faults else "no fault was found")
    return 1 if report.faults else 0


def _purge(given: argparse.Namespace, url: str) -> int:
    actor = Actor.staff(given.staff) if given.staff else Actor.system()
    purged = _with_custodian(given, url, lambda custodian: custodian.purge(actor=actor))
    print(f"{purged.code}: {_counts(purged)}")
    return 0


def _export(given: argparse.Namespace, url: str) -> int:
    actor = Actor.staff(given.staff)
    if given.output and Path(given.output).exists():
        print("the output file is there already; name a new one", file=sys.stderr)
        return 1
    outcome = _with_custodian(
        given,
        url,
        lambda custodian: custodian.export(
            patient_id=given.patient, appointment_id=given.appointment, actor=actor
        ),
    )
    if not isinstance(outcome, Exported):
        print(f"{outcome.code}: nothing is kept of this person", file=sys.stderr)
        return 1
    return _write(outcome, given.output)


def _write(outcome: Exported, output: str | None) -> int:
    if output is None:
        # A terminal that cannot show an accent gets it in JSON's own spelling.
        plain = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
        print(json.dumps(outcome.document, ensure_ascii=plain, indent=2))
        return 0
    try:
        # Made by us and for our eyes only, from its first byte on.
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as writing:
            json.dump(outcome.document, writing, ensure_ascii=False, indent=2)
            writing.write("\n")
    except OSError as error:
        print(f"the output file cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{outcome.code}: written to the output file", file=sys.stderr)
    return 0


def _erase(given: argparse.Namespace, url: str) -> int:
    if not given.yes:
        print(
            "nothing was erased: there is no way back; export first, then give --yes",
            file=sys.stderr,
        )
        return 2
    actor = Actor.staff(given.staff)
    outcome = _with_custodian(
        given,
        url,
        lambda custodian: custodian.erase(
            patient_id=given.patient, appointment_id=given.appointment, actor=actor
        ),
    )
    match outcome:
        case Erased():
            print(f"{outcome.code}: {_counts(outcome)}")
            return 0
        case StillNeeded():
            told = (
                f"nothing was erased: {outcome.appointments} appointments are not over (cancel "
                f"them first), {outcome.holds} times are held (for minutes only)"
            )
        case _:
            told = "nothing is kept of this person"
    print(f"{outcome.code}: {told}", file=sys.stderr)
    return 1


def _counts(outcome: Purged | Erased) -> str:
    kinds = ("visits", "holds", "appointments", "notices", "orders", "events", "flags", "audit")
    return ", ".join(f"{getattr(outcome, kind)} {kind}" for kind in kinds if hasattr(outcome, kind))


def _with_custodian(
    given: argparse.Namespace, url: str, act: Callable[[Custodian], OutcomeT]
) -> OutcomeT:
    from omnibook.adapters.sql import SqlDirectory, SqlStore  # noqa: PLC0415
    from omnibook.adapters.sql.check import ensure_there  # noqa: PLC0415

    clinic: Clinic = clinic_from_toml(given.clinic)
    keys = Keyring.from_env()
    ensure_there(url)
    with SqlStore(url) as store, SqlDirectory(url, clinic.clinic_id) as directory:
        return act(Custodian(clinic, store=store, directory=directory, keys=keys))


_Run = Callable[[argparse.Namespace, str], int]

_ACTIONS: dict[str, tuple[str, _Run]] = {
    "upgrade": ("Bring a database to this version's schema.", _upgrade),
    "check": ("Look a database over: is it whole, does it keep the rules?", _check),
    "purge": ("Forget what has outlived its time.", _purge),
    "export": ("Write down everything that is kept of one person.", _export),
    "erase": ("Forget everything that is kept of one person.", _erase),
}
