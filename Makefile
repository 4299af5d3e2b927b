# Everything runs in a virtual environment that is made on first use: .venv, or what VENV names.
#
#   make                          what there is
#   make demo LANGUAGE=fr         the story in French
#   make test PYTHON=python3.13 VENV=.venv-3.13
#   make test TESTS=tests/laws ARGS="-k hold -n 0"

VENV ?= .venv
# The interpreter that makes the virtual environment; empty: the first one found that is new enough.
PYTHON ?=
# Not "?=": a desktop sets LANGUAGE in the environment to lists such as en_CA:en.
LANGUAGE := en
TESTS ?= tests
# -n auto: as many processes as there are cores.
PYTEST_FLAGS ?= -n auto
ARGS ?=
# For each target of "make fuzz".
FUZZ_SECONDS ?= 60

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH_STAMP := $(VENV)/.installed-bench
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
# What talks to the outside by itself; everything else is covered to the last branch.
NOT_PURE := */adapters/*,*/cli.py,*/testing/*
SOURCES := $(wildcard src tests examples benchmarks docs/conf.py docs/screenshots.py)

.DEFAULT_GOAL := help
.PHONY: help venv demo portal test check format lint types imports coverage docs bench soak fuzz fmt clean

help: ## what there is
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1|/' \
	| awk -F '|' '{ printf "%-16s %s\n", $$1, $$2 }'

venv: $(STAMP) ## the virtual environment, with everything that the other targets need

$(STAMP): pyproject.toml constraints.txt
	@set -eu; \
	python='$(PYTHON)'; \
	if [ -z "$$python" ]; then \
	  for found in python3 python3.13 python3.12 python3.11 python; do \
	    if "$$found" -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then python="$$found"; break; fi; \
	  done; \
	fi; \
	if [ -z "$$python" ]; then \
	  echo 'omnibook needs Python 3.11 or newer, and none was found on the PATH.' >&2; \
	  echo 'Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3' >&2; \
	  exit 1; \
	fi; \
	if ! "$$python" -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then \
	  echo "omnibook needs Python 3.11 or newer; $$python is not one." >&2; \
	  "$$python" --version >&2 || true; \
	  echo 'Name another: make $(MAKECMDGOALS) PYTHON=/path/to/python3' >&2; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version) ..."; \
	if command -v uv >/dev/null 2>&1 && uv pip install --help 2>/dev/null | grep -q -- --group; then \
	  [ -x '$(BIN)/python' ] || \
	    uv venv --quiet --seed --python "$$(command -v "$$python")" '$(VENV)'; \
	  uv pip install --quiet --python '$(BIN)/python' \
	    --constraints constraints.txt --editable '.[all]' --group dev; \
	else \
	  [ -x '$(BIN)/pip' ] || "$$python" -m venv '$(VENV)' || { \
	    echo 'The venv module does not work; on Debian and Ubuntu: apt install python3-venv' >&2; \
	    rm -rf '$(VENV)'; exit 1; }; \
	  '$(BIN)/python' -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'; \
	  '$(BIN)/python' -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.[all]' --group dev; \
	fi
	@touch $@

$(BENCH_STAMP): $(STAMP)
	@set -eu; \
	if command -v uv >/dev/null 2>&1 && uv pip install --help 2>/dev/null | grep -q -- --group; then \
	  uv pip install --quiet --python '$(BIN)/python' --constraints constraints.txt --group bench; \
	else \
	  '$(BIN)/python' -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --group bench; \
	fi
	@touch $@

demo: $(STAMP) ## the walk in the terminal; LANGUAGE=fr for French
	$(BIN)/python examples/demo.py --language $(LANGUAGE)

portal: $(STAMP) ## the patient's portal in the browser; ARGS=--port=8080 for another port
	$(BIN)/omnibook serve $(ARGS)

test: $(STAMP) ## the tests; TESTS= names some, ARGS= adds options
	$(BIN)/python -m pytest $(PYTEST_FLAGS) $(TESTS) $(ARGS)

check: format lint types imports coverage docs ## everything that must hold before a commit

format: $(STAMP)
	$(BIN)/ruff format --check $(SOURCES)

lint: $(STAMP)
	$(BIN)/ruff check $(SOURCES)

types: $(STAMP)
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

imports: $(STAMP)
	$(BIN)/lint-imports --no-cache

# What is traced: races, storms, browsers and the kit's own proof take long enough as they are, and
# what they reach besides is no pure module.
TRACED := tests/rules tests/laws tests/adapters tests/web tests/docs --ignore=tests/web/browser
UNTRACED := tests/contracts tests/testing tests/web/browser

coverage: $(STAMP) ## the tests, with branch coverage: pure modules to the last branch
	@mkdir -p build/coverage
	$(BIN)/python -m pytest $(PYTEST_FLAGS) --cov --cov-report= $(TRACED) $(ARGS)
	$(BIN)/coverage report --omit='*/testing/*' --fail-under=90
	$(BIN)/coverage report --omit='$(NOT_PURE)' --fail-under=100
	$(BIN)/python -m pytest $(PYTEST_FLAGS) $(UNTRACED) $(ARGS)

docs: $(STAMP) ## the documentation, into build/docs
	$(BIN)/sphinx-build -W --keep-going -n -q -E -b html -d build/doctrees docs build/docs
	@echo 'The documentation is in build/docs/index.html'

bench: $(BENCH_STAMP) ## the benchmarks; ARGS=--quick for a look
	@set -eu; found=; \
	for file in benchmarks/bench_*.py; do \
	  [ -e "$$file" ] || continue; \
	  found=yes; echo "== $$file"; $(BIN)/python "$$file" $(ARGS); \
	done; \
	[ -n "$$found" ] || echo 'There are no benchmarks yet: benchmarks/bench_*.py is empty.'

soak: $(STAMP) ## a hundred thousand reviews while processes and servers are killed
	$(BIN)/python benchmarks/soak_storage.py $(ARGS)

# atheris has no wheel for every Python and system; then it says so, and which one to try.
fuzz: $(STAMP) ## what reads forms and files, under atheris; FUZZ_SECONDS=60 each, ARGS= names some
	@if ! $(BIN)/python -c 'import atheris' 2>/dev/null; then \
	  echo 'Installing atheris ...'; \
	  if [ -x '$(BIN)/pip' ] || ! command -v uv >/dev/null 2>&1; then \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	      --constraint constraints.txt --group fuzz || true; \
	  else \
	    uv pip install --quiet --python '$(BIN)/python' \
	      --constraints constraints.txt --group fuzz || true; \
	  fi; \
	fi
	$(BIN)/python tests/fuzz/run.py --seconds $(FUZZ_SECONDS) $(ARGS)

fmt: $(STAMP) ## format the code and fix what can be fixed
	$(BIN)/ruff check --fix --exit-zero --quiet $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

clean: ## remove what was built, and the virtual environment
	rm -rf build dist $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests examples benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} + \
	  2>/dev/null || true
