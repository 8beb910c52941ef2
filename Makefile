# Everything a developer or CI runs. Needs Python 3.11 or newer, make and a network; all it makes is git-ignored.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
# Found before .venv comes first on the PATH, so that a newer Python on the machine is noticed.
python := $(shell command -v $(PYTHON))
uv_version := 0.13.9

environment := .venv/.in-step-with-lock
uv := .tools/uv-$(uv_version)/bin/uv
requirements := layers/token_refresh/requirements.txt
export_requirements := $(uv) export --quiet --frozen --no-default-groups --no-annotate --no-header

# A person's own settings of uv do not count, except for how packages are reached.
uv_reach := UV_CACHE_DIR UV_DEFAULT_INDEX UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_HTTP_% UV_INDEX% UV_INSECURE_HOST \
	UV_KEYRING_PROVIDER UV_NATIVE_TLS UV_OFFLINE UV_SYSTEM_CERTS
$(foreach name,$(filter-out $(uv_reach),$(filter UV_%,$(.VARIABLES))),$(eval unexport $(name)))

export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Away from functions/, where SAM would upload it.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.tools/pycache
export SAM_CLI_TELEMETRY := 0
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH

# A file's tests share servers; tests/conftest.py puts the longest files first. One process more than there are cores: one
# of them mostly waits, for the timer of the emulated AWS.
processes = $(shell python -c 'import os; print((os.cpu_count() or 1) + 1)')
in_parallel = --numprocesses=$(processes) --dist=loadfile --no-loadscope-reorder

.PHONY: help setup demo local test quick lint soak mutants format build requirements clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(environment)  ## make the tools and the environment in .tools and .venv

demo: setup  ## deploy to an emulated AWS, rotate three secrets, show what happened, clean up
	@python -m tests.local_stack demo

local: setup  ## the same, left running, with the commands to try next
	@python -m tests.local_stack local

test: lint  ## everything CI checks
	@echo "pytest"
	@pytest --quiet $(in_parallel)

quick: lint  ## what to run after each change: lint, and the tests of modules and functions
	@echo "pytest"
	@pytest --quiet $(in_parallel) -m "not slow" tests/unit tests/functions

lint: setup  ## format, lint, types, template, locks: all but the tests
	@echo "ruff format" && ruff format --quiet --diff .
	@echo "ruff check" && ruff check --quiet .
	@echo "mypy" && mypy --no-error-summary
	@echo "cfn-lint" && cfn-lint template.yaml
	@echo "sam validate" && said=$$(sam validate --lint 2>&1) || { echo "$$said" >&2; exit 1; }
	@echo "uv lock" && $(uv) lock --quiet --check
	@echo "layer requirements" && diff $(requirements) <($(export_requirements)) || { \
		echo "$(requirements) is not what uv.lock says: run 'make requirements'" >&2; exit 1; }

soak: setup  ## 50,000 simulated rotations with trouble of every kind, and what became of them
	@python -m tests.safety.soak

mutants: $(uv)  ## break the code in 300 places, one at a time: do the quick tests notice? (25 minutes)
	@$(call make_environment,.tools/mutants,--no-default-groups --group test --group mutants)
	@.tools/mutants/bin/python -m tests.mutants

format: setup  ## put the code into its format, and fix what can be fixed
	@ruff format --quiet .
	@ruff check --quiet --fix .

build: setup  ## build the layer and the template that deploys into .aws-sam
	@sam build

requirements: setup  ## write the layer's requirements.txt after a change of uv.lock
	@$(export_requirements) --output-file $(requirements) >/dev/null

clean:  ## remove everything that make and sam have made
	@rm -rf .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache .tools .venv

# The lock file names the public index; by a list of requirements uv asks the person's own, which pip may know alone.
reach = index=$${UV_DEFAULT_INDEX:-$${UV_INDEX_URL:-$${PIP_INDEX_URL:-$$("$(python)" -m pip config get global.index-url \
	2>/dev/null || true)}}} && if [[ $$index ]]; then export UV_DEFAULT_INDEX=$$index; fi
# Its folder, and the groups of pyproject.toml that it gets (none: the default ones).
make_environment = $(reach) \
	&& $(uv) export --quiet --frozen --no-header --no-annotate $(2) --output-file .tools/requirements.txt >/dev/null \
	&& $(uv) venv --quiet --clear --python "$(python)" $(1) \
	&& $(uv) pip sync --quiet --require-hashes --python $(1) .tools/requirements.txt

$(uv):
	@$(if $(python),,echo "no $(PYTHON) found: Python 3.11 or newer is needed" >&2; exit 1)
	@$(python) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo "Setting up: uv $(uv_version)"
	@rm -rf .tools/uv-*
	@$(python) -m venv .tools/uv-$(uv_version)
	@.tools/uv-$(uv_version)/bin/python layers/token_refresh/pip_install.py "uv==$(uv_version)"

$(environment): uv.lock $(uv)
	@echo "Setting up: .venv (the first time takes a minute)"
	@$(call make_environment,.venv,)
	@touch $@
