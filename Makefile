# Two commands: `make run` and `make test`. The first use of either sets up .venv from the hashed locks.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PEERS := tests/peers
FIRST_ORDER ?= examples/reference-patient-pet-ct.json

# The first interpreter on this machine that is new enough; override with `make PYTHON=…`.
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

# The only place where operating system packages are installed: $(call debian,package …)
debian = if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $(1); \
	else echo "Please install: $(1)  (sudo apt-get install $(1))" >&2; exit 1; fi

.PHONY: help run test peers java lint format check lock image clean

help:
	@echo "make run     start the service on 127.0.0.1 and show the answer to a sample order"
	@echo "make test    every check, then the whole test suite"
	@echo "make peers   the second FHIR server of the tests, from npm (make test does it too)"
	@echo "make java    what Spark needs (make test does it too)"
	@echo "make lint    ruff, mypy and the import contracts"
	@echo "make format  let ruff rewrite the code"
	@echo "make check   guideline content: strict reading, clinical cases, what no case reaches"
	@echo "make lock    resolve the dependencies anew"
	@echo "make image   build the container image"
	@echo "make clean   remove everything that git ignores"

run: export LIVER_CDS_LOG_FORMAT ?= text
run: $(VENV)/.runtime
	@$(BIN)/liver-cds serve --first $(FIRST_ORDER)

# The gates first, pytest last: its summary closes the output.
test: lint check peers java
	$(BIN)/python -m pytest -n 2 --cov

peers: $(PEERS)/node_modules/.installed

# Spark runs on it; the tests of `replay --engine spark` do too.
java:
	@java -version 2>&1 | grep -Eq 'version "(1[7-9]|[2-9][0-9])' || { $(call debian,default-jre-headless); }

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

check: $(VENV)/.dev
	$(BIN)/liver-cds check
	$(BIN)/liver-cds vignettes
	$(BIN)/liver-cds coverage

lock: $(VENV)/.dev
	$(call compile,requirements.lock) pyproject.toml
	$(call compile,requirements-build.lock) --group build --constraint requirements.lock
	$(call compile,requirements-dev.lock) --group dev --all-extras --constraint requirements.lock pyproject.toml
	cd $(PEERS) && npm install --package-lock-only

# No index address is written into a lock: where packages come from is each machine's own setting.
compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--custom-compile-command "make lock" --output-file $(1)

image:
	docker build --tag liver-lesion-cds .

clean:
	git clean -d --force --quiet -X

# Each stamp stands for one finished step, so that the next run starts at once.
$(VENV)/.venv:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(call debian,python3-venv); }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.venv requirements.lock requirements-build.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements.lock -r requirements-build.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# `npm ci` takes exactly what the lock has, checked against its hashes; .npmrc keeps install scripts from running.
$(PEERS)/node_modules/.installed: $(PEERS)/package.json $(PEERS)/package-lock.json $(PEERS)/.npmrc
	@{ command -v node && command -v npm; } >/dev/null || { $(call debian,nodejs npm); }
	@node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || \
		{ echo "Node.js 18 or newer is needed for the tests, this is $$(node --version)" >&2; exit 1; }
	cd $(PEERS) && npm ci
	@touch $@
