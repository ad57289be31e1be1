# `make run` starts the portal, `make test` tests it. PORT and HOST come from the environment.
HOST ?= 127.0.0.1
PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MAKEFLAGS += --no-print-directory
# The lock files say all; a machine's own constraints can only contradict them.
export PIP_CONSTRAINT := /dev/null
.SILENT:
.PHONY: run demo test test-walks test-postgres test-peers alerta coverage lint lock bench clean help

help:
	echo "make run            start the portal on http://$(HOST):$(PORT)"
	echo "make demo           a portal with a life of its own; or life for the one that runs"
	echo "make test           the test suite on SQLite"
	echo "make test-walks     what boots the portal's processes or a browser, on SQLite"
	echo "make test-postgres  all of it on PostgreSQL, with Redis where present"
	echo "make test-peers     what the portal has in common with alerta-server, step by step"
	echo "make alerta         installs alerta-server for that"
	echo "make coverage       what the tests that need no processes reach"
	echo "make lint           ruff, mypy, import-linter, migrations, deploy check"
	echo "make lock           lock the requirements anew"
	echo "make bench          measure ingest, the day in a minute and a webhook's delay"

run: $(VENV)/.runtime
	exec $(BIN)/python manage.py up --host $(HOST) --port $(PORT)

demo: $(VENV)/.dev
	$(BIN)/python manage.py demo --world --host $(HOST) --port $(PORT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 -q -m "not peers and not processes and not browser" $(ARGS)

test-walks: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 -q -m "not peers and (processes or browser)" $(ARGS)

test-postgres: $(VENV)/.dev
	$(BIN)/python -m tests.postgres -n 2 -q -m "not peers" $(ARGS)

test-peers: $(VENV)/.dev
	$(BIN)/python -m tests.alerta_server || echo "What compares with alerta-server is skipped." >&2
	$(BIN)/python -m pytest -q -m peers $(ARGS)

# In an environment of its own, below var/: it wants other versions than the portal.
alerta: $(VENV)/.dev
	$(BIN)/python -m tests.alerta_server

coverage: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 -q -m "not processes" --cov --cov-report=term:skip-covered $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python -m tests.deploycheck

lock: $(VENV)/.dev
	test -x $(BIN)/uv || $(BIN)/pip install -qq --disable-pip-version-check uv
	for name in requirements requirements-dev; do \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras $$name.in -o $$name.txt; \
	done

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.ingest $(ARGS)
	$(BIN)/python -m benchmarks.day
	$(BIN)/python -m benchmarks.latency

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache htmlcov .coverage

$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "opsportal needs Python 3.11 or later: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV) || { echo "Cannot make $(VENV); on Debian: apt-get install python3-venv" >&2; exit 1; }
	touch $@

$(VENV)/.runtime: $(VENV)/.made requirements.txt
	echo "Installing the requirements into $(VENV) ..." >&2
	$(BIN)/pip install -qq --disable-pip-version-check --no-input --require-hashes -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	echo "Installing what tests and linters need ..." >&2
	$(BIN)/pip install -qq --disable-pip-version-check --no-input --require-hashes -r requirements-dev.txt
	touch $@
