# Everything that a developer runs. Needs Python >= 3.11 and make; each target does its own set-up, once.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

VENV ?= .venv
BIN := $(VENV)/bin
# Further arguments for the program that a target runs: make test ARGS="-k inbox".
ARGS ?=
# Test processes; one file stays in one process, because its fixtures are shared.
# One more than there are processors: many tests wait for processes to start and to end.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# 3.11 first, the oldest that must work; tried by running it, because a version manager's shim may be hollow.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$p"; break; }; done)

# Compiled once and kept, whatever the environment says: tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

FRONTEND := src/ombud/web/frontend
# The OpenID provider that tests sign in at, from npm.
PROVIDER := tests/openid/provider/node_modules/.ombud-stamp
MANIFEST := src/ombud/web/static/dist/manifest.json
PIP_INSTALL := -m pip --disable-pip-version-check install --require-hashes --no-deps

# $(call quietly,what is done,command): one line, and the command's own words only when it fails.
quietly = printf '  %s\n' '$(1)'; log=$$(mktemp); \
	( $(2) ) >"$$log" 2>&1 || { cat "$$log"; rm -f "$$log"; printf 'make: failed: %s\n' '$(1)' >&2; exit 1; }; \
	rm -f "$$log"

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##### Running

.PHONY: demo
demo: $(VENV)/.project $(MANIFEST) ## Start a desk with sample data and say where it is
	@$(BIN)/ombud demo $(ARGS)

.PHONY: bench
bench: setup ## Measure, and print the table of docs/performance.md
	@$(BIN)/python -m benchmarks $(ARGS)

##### Checking

.PHONY: test
test: setup $(PROVIDER) ## Run every test
	@.ci/system-packages
	@mkdir -p test-artifacts
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --junitxml=test-artifacts/junit.xml $(ARGS)
	@$(if $(ARGS),,$(MAKE) --no-print-directory test-oldest)

# What talks to PostgreSQL closely, a second time: on the oldest version that must work, through the other two drivers
# (the first run used the embedded one, psycopg and asyncpg). Both at once, because either alone would cost as much.
# What tests the embedded server itself has nothing to say of another one.
DATA_LAYER := $(addprefix tests/,actions analytics audit db errors live migrations search security sql transfer)

.PHONY: test-oldest
test-oldest: setup ## Run the tests of the data layer on Debian's PostgreSQL 15, by psycopg2 and asynchronous psycopg
	@mkdir -p test-artifacts
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --postgres 15 --drivers second \
		--junitxml=test-artifacts/junit-15.xml \
		--ignore=tests/db/embedded $(DATA_LAYER) $(ARGS)

.PHONY: test-core
test-core: setup ## Prove, in an environment with the core's packages only, that the core works alone
	@$(call quietly,Building the wheel,rm -rf build/core && $(BIN)/python -m build --wheel --no-isolation --outdir build/core)
	@$(call quietly,Making an environment with the core only,$(BIN)/python -m venv --clear .venv-core \
		&& .venv-core/bin/python $(PIP_INSTALL) -r requirements/core.txt \
		&& .venv-core/bin/python -m pip --disable-pip-version-check install --no-deps build/core/*.whl)
	.venv-core/bin/python -I tests/architecture/core_smoke.py

# The long forms of what the suite does in short: a minute of load under each fault, a thousand tries at each door, two
# hundred samples of its times, dozens of kills. ARGS: other numbers (the last one counts), or a -k.
# One process for each, so that one that is ended ends no other; TURN stands before each, to wait for a turn, say.
FAULTS := $(filter-out tests/faults/test_load.py,$(wildcard tests/faults/test_*.py)) \
	$(addprefix tests/faults/test_load.py::test_,connections_that_are_ended_are_replaced_unseen \
	lost_races_are_run_again_unseen redis_makes_no_answer_wrong_and_hardly_one_late \
	of_many_codes_at_once_few_are_looked_at a_flood_of_sign_ins_keeps_nobody_out) \
	tests/attacks/test_enumeration.py tests/mail_desk/test_kills.py tests/mail_desk/test_killing.py \
	tests/security/test_cancellation.py
LONG := --load-seconds 60 --tries 1000 --samples 200 --crashes 50 --kills 50 --cancellations 10000
TURN ?=

.PHONY: faults
faults: setup ## Kill, cut, freeze and flood web, worker, PostgreSQL and Redis under load (takes half an hour)
	@.ci/system-packages
	@failed=; for part in $(FAULTS); do printf '\n%s\n' "$$part"; \
		$(TURN) $(BIN)/python -m pytest -q -s $(LONG) $(ARGS) "$$part" || [ $$? -eq 5 ] || failed="$$failed $$part"; \
	done; [ -z "$$failed" ] || { printf 'make: failed:%s\n' "$$failed" >&2; exit 1; }

.PHONY: mutants
mutants: setup ## Put known defects back one at a time, and see their tests fail (takes half an hour)
	$(BIN)/python -m tools.mutants $(ARGS)

.PHONY: check
check: check-format check-lint check-types check-api check-imports check-house ## Format, lint, types, import contracts, house rules

.PHONY: check-format check-lint check-types check-api check-imports check-house
check-format: setup
	$(BIN)/ruff format --check --quiet .
check-lint: setup
	$(BIN)/ruff check --quiet .
check-types: setup
	$(BIN)/mypy
check-api: setup
	$(BIN)/pyright --warnings
check-imports: setup
	$(BIN)/lint-imports --no-cache
check-house: setup
	$(BIN)/python -m tools.house_rules

.PHONY: format
format: setup ## Format the code, and mend what the linter can mend
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format .

##### Building

.PHONY: assets
assets: $(VENV)/.run ## Build the scripts, styles and icons of the pages
	@$(call quietly,Building the front-end assets,$(BIN)/python hatch_build.py)

.PHONY: dist
dist: setup ## Build the source archive and the wheel into dist/
	$(BIN)/python -m build --no-isolation

.PHONY: lock
lock: $(VENV)/.run ## Pin the dependencies again; ARGS=--upgrade takes the newest ones
	@$(call quietly,Installing uv,$(BIN)/python $(PIP_INSTALL) -r requirements/lock.txt)
	@$(call quietly,Pinning requirements/dev.txt,$(COMPILE) --all-extras --group dev -o requirements/dev.txt)
	@$(call quietly,Pinning requirements/run.txt,$(COMPILE) --extra server --group build -c requirements/dev.txt -o requirements/run.txt)
	@$(call quietly,Pinning requirements/core.txt,$(COMPILE) -c requirements/dev.txt -o requirements/core.txt)
	@$(call quietly,Pinning requirements/node.txt,$(COMPILE_GROUP) --group node -o requirements/node.txt)
	@$(call quietly,Pinning requirements/lock.txt,$(COMPILE_GROUP) --group lock -o requirements/lock.txt)
	@$(call quietly,Pinning the packages of npm,$(BIN)/python hatch_build.py lock)

# Universal: one file for every platform and Python >= 3.11, with markers. Hashes, and no address of any index.
COMPILE_GROUP = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
	--no-config --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(ARGS)
COMPILE = $(COMPILE_GROUP) pyproject.toml

.PHONY: clean
clean: ## Remove what the other targets made (not the data of a desk)
	rm -rf $(VENV) .venv-core build dist test-artifacts src/ombud/web/static/dist $(FRONTEND)/node_modules $(dir $(PROVIDER))
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

##### Set-up, stamped: each step runs again only when what it depends on changes

.PHONY: setup
setup: $(VENV)/.dev $(VENV)/.project $(MANIFEST)

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo 'make: Python 3.11 or newer is needed; say where: make PYTHON=/path/to/python' >&2; exit 1; }
	@$(call quietly,Making $(VENV),"$(PYTHON)" -m venv $(VENV))
	@touch $@

$(VENV)/.run: requirements/run.txt requirements/node.txt | $(VENV)/.python
	@$(call quietly,Installing the packages of requirements/run.txt,$(BIN)/python $(PIP_INSTALL) -r requirements/run.txt)
	@$(BIN)/python hatch_build.py has-node || \
		{ $(call quietly,Installing Node.js for the build: this system has none,$(BIN)/python $(PIP_INSTALL) -r requirements/node.txt); }
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/.run
	@$(call quietly,Installing the packages of requirements/dev.txt,$(BIN)/python $(PIP_INSTALL) -r requirements/dev.txt)
	@touch $@

$(MANIFEST): $(VENV)/.run hatch_build.py $(shell find $(FRONTEND) -name node_modules -prune -o -type f -print)
	@$(call quietly,Building the front-end assets,$(BIN)/python hatch_build.py)

$(PROVIDER): tests/openid/provider/package-lock.json | $(VENV)/.run
	@$(call quietly,Installing the OpenID provider of the tests,$(BIN)/python hatch_build.py provider)
	@touch $@

# The import names and commands only: the assets are there by now, and building them again costs nothing.
$(VENV)/.project: pyproject.toml hatch_build.py $(VENV)/.run | $(MANIFEST)
	@$(call quietly,Installing Ombud itself,$(BIN)/python -m pip --disable-pip-version-check install \
		--no-deps --no-build-isolation --editable .)
	@touch $@
