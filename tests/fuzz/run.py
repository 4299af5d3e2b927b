"""Let atheris look for inputs that break the targets: `make fuzz`, or `python tests/fuzz/run.py`.

Each target runs in a process of its own, for some seconds, from its corpus in this folder. What is
found to be new goes to `build/fuzz/<target>`, an input that breaks a law too, as `crash-…`: see it
again with `python tests/fuzz/run.py --again build/fuzz/<target>/crash-…`, mend the reader, and keep
the input in the corpus, where the tests read it from then on.

Needs atheris (dependency group `fuzz`), which has wheels for CPython on Linux only.
"""

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CORPUS = HERE / "corpus"
FOUND = ROOT / "build" / "fuzz"

WITHOUT_ATHERIS = """\
make fuzz needs atheris, which is not installed for this Python.
It has wheels for CPython on Linux (3.11 to 3.13, x86-64); elsewhere it is built with clang.
Try another Python: make fuzz PYTHON=python3.11 VENV=.venv-fuzz
The same laws run without it, on other inputs: make test TESTS=tests/laws/test_fuzzing.py"""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Fuzz what reads forms and files.")
    parser.add_argument("targets", nargs="*", help="which ones; all of them if none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (%(default)s)")
    parser.add_argument("--again", type=Path, metavar="FILE", help="run the input of a file again")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    sys.path[:0] = [path for path in (str(HERE.parent),) if path not in sys.path]
    if options.again is not None:
        targets, text_of = readers()
        targets[options.again.resolve().parent.name](text_of(options.again.read_bytes()))
        print("Nothing broke.")
        return 0
    if find_spec("atheris") is None:
        print(WITHOUT_ATHERIS, file=sys.stderr)
        return 2
    if options.child:
        fuzz(options.targets[0], options.seconds)
        return 0
    known = sorted(path.name for path in CORPUS.iterdir())
    unknown = set(options.targets) - set(known)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return run_each(options.targets or known, options.seconds)


def run_each(names: Sequence[str], seconds: int) -> int:
    broken: list[str] = []
    for name in names:
        print(f"== {name}, {seconds} s", flush=True)
        command = [sys.executable, __file__, "--child", "--seconds", str(seconds), name]
        done = subprocess.run(command, check=False)  # noqa: S603 - this file again
        if done.returncode:
            broken.append(name)
    if broken:
        print(f"Broken: {', '.join(broken)}. The inputs are in {FOUND.relative_to(ROOT)}.")
    return 1 if broken else 0


def fuzz(name: str, seconds: int) -> None:
    """Fuzz one target; ends the process."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["omnibook"], enable_loader_override=False):
        targets, text_of = readers()
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)

    def feed(data: bytes) -> None:
        targets[name](text_of(data))

    options = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={found}{os.sep}",
        "-timeout=10",
        "-max_len=4096",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(found), str(CORPUS / name)], feed)
    atheris.Fuzz()


def readers() -> Any:
    """The targets, and what makes a text of bytes: imported late, so that atheris can watch."""
    module = importlib.import_module("fuzz.targets")
    return module.TARGETS, module.text_of


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
