# All targets install what they need into .venv; only make and Python 3.9 or newer are required.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10 python3.9; do \
	$$p -c 'import sys; assert sys.version_info >= (3, 9)' 2>/dev/null && command -v $$p && break; done)
VENV ?= .venv
# More workers than cores, because many tests wait for processes or for time to pass.
TESTS ?= -n 6 --dist worksteal
# The tests that take each action from the registry, or fail if a list lacks it.
OF_ACTIONS := tests/architecture tests/contract tests/export tests/mcp_server tests/http/test_rights.py \
	tests/http/contract_api/test_openapi.py tests/bundles/test_new_action.py tests/actions/test_relationship_actions.py \
	tests/actions/test_never_sent.py tests/actions/test_raw_of_others.py \
	tests/python_api/test_any_action.py tests/python_api/test_public_names.py tests/cli/test_names.py \
	tests/cli/test_other_commands.py tests/cli/test_result_tables.py tests/docs/test_tables.py tests/docs/test_links.py \
	tests/package/test_postman.py tests/package/test_tines.py
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

# Otherwise each worker of the tests compiles their libraries for itself.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test check-action tables lint types bundles referees referees-large spl appinspect postman tines openapi schemathesis \
	splunk plots pictures bench soak docs release clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' Makefile | awk -F'|' '{printf "%-19s %s\n", $$1, $$2}'

setup: $(VENV)/.for-tests  ## only .venv, with all that the tests need

demo: $(VENV)/.installed  ## a demonstration of the main features, offline, in seconds
	@$(BIN)/python -m package.demo

test: $(VENV)/.for-tests spl appinspect  ## all tests
	$(BIN)/python -m pytest $(TESTS)

check-action: $(VENV)/.for-tests  ## a quick check after a change of an action; ALSO="tests/actions/test_..." adds tests
	$(BIN)/python -m pytest $(TESTS) $(OF_ACTIONS) $(ALSO)

tables: $(VENV)/.for-tests  ## writes the tables that derive from the code into the pages of docs/
	@$(BIN)/python -m package.docs_tables
	@$(BIN)/python -m tests.soar.test_documentation

lint: $(VENV)/.for-tests  ## ruff, on everything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.for-tests  ## mypy, strict, on everything
	$(BIN)/mypy

spl: $(VENV)/.installed  ## the Splunk app: dist/vtlookup-<version>.spl
	@$(BIN)/python -m package.spl.build_spl

appinspect: $(VENV)/.installed  ## the environment of Splunk's AppInspect, if there is a Python version for it
	@$(BIN)/python -m package.spl.appinspect || echo "continuing without AppInspect; its test will be skipped"

postman: $(VENV)/.installed  ## a Postman collection with its environment: dist/postman/
	@$(BIN)/python -m package.exports.postman

tines: $(VENV)/.installed  ## story exports for Tines: dist/tines/
	@$(BIN)/python -m package.exports.tines

openapi: $(VENV)/.installed  ## the server's HTTP API as OpenAPI 3.1 and 2.0: dist/openapi/
	@$(BIN)/python -m package.http_api.openapi

schemathesis: $(VENV)/.for-tests  ## generated requests to the server for a minute; Schemathesis has its own environment
	@$(BIN)/python -m package.http_api.fuzzing --seconds 60

bundles: $(VENV)/.for-tests  ## bundles for SOAR platforms: dist/bundles/; docs/platforms.md
	@$(BIN)/python -m package.bundles

referees: $(VENV)/.for-tests  ## the tests of the bundles with the platforms' own SDKs, those that install quickly
	@$(BIN)/python -m package.referees
	$(BIN)/python -m pytest $(TESTS) tests/bundles tests/soar

referees-large: $(VENV)/.for-tests  ## the same with all SDKs: a quarter of an hour
	@$(BIN)/python -m package.referees --large
	$(BIN)/python -m pytest $(TESTS) tests/bundles tests/soar

splunk: $(VENV)/.for-tests  ## the app in a real Splunk, by Docker: LICENSE=accepted if you accept Splunk's licence
	@$(BIN)/python -m package.real_splunk.try_in_splunk $(if $(filter accepted,$(LICENSE)),--accept-splunk-license) $(OPTIONS)

plots: $(VENV)/.installed  ## measures docs/quota.svg and its figures again: five minutes
	@$(BIN)/python -m bench.plot_quota

pictures: $(VENV)/.for-tests  ## docs/pictures/: the app in Chromium and vtaction in a terminal; look at them
	@$(BIN)/python -m package.pictures

bench: $(VENV)/.for-tests  ## bench/results.md: speed, memory and quota, each with its reference value; ten minutes
	@$(BIN)/python -m bench

soak: $(VENV)/.for-tests  ## injects faults hundreds of times and counts what was lost; two hours
	@$(PIP) --only-binary=:all: atheris 2>/dev/null || echo "no atheris for this Python; its inputs are skipped"
	@$(BIN)/python -m pytest tests/quota --hypothesis-profile=soak
	@timeout --kill-after=10 9000 $(BIN)/python -m bench.soak

docs: $(VENV)/.installed  ## the documentation as a site, with all links checked: dist/docs/index.html
	@$(BIN)/python -m package.docs_site

release: $(VENV)/.installed  ## all files of a release, with checksums: dist/release/
	@$(BIN)/python -m package.release $(OPTIONS)

clean:  ## remove everything that was built and installed here
	rm -rf .venv .venv-* .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(VENV)/.installed: setup.py pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python 3.9 or newer was found; name one: make PYTHON=/path/to/python3"; exit 1; }
	@echo "setting up $(VENV) with $(PYTHON) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) -e .
	@touch $@

$(VENV)/.for-tests: $(VENV)/.installed requirements-dev.txt
	@echo "installing the requirements of the tests ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@
