# Two commands: `make run` and `make test`. The first use of either sets up .venv from the hashed locks.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PEERS := tests/peers
BROWSER := tests/browser
FIRST_ORDER ?= examples/reference-patient-pet-ct.json

# The first interpreter on this machine that is new enough; override with `make PYTHON=…`.
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

# The only place where operating system packages are installed: $(call debian,package …)
debian = if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(1); \
	else echo "Please install: $(1)  (sudo apt-get install $(1))" >&2; exit 1; fi

.PHONY: help run test bench bench-check peers browser java postgresql servers lint format check lock sbom audit image clean

help:
	@echo "make run     start the service on 127.0.0.1 and show the answer to a sample order"
	@echo "make test    every check, then the whole test suite"
	@echo "make bench   what a request costs, beside floors; results in bench/results"
	@echo "make bench-check  whether the hot path costs more than the committed figures"
	@echo "make peers   the second FHIR server of the tests, from npm (make test does it too)"
	@echo "make browser what the browser tests need: Chromium, and accessibility checks from npm"
	@echo "make java    what Spark needs (make test does it too)"
	@echo "make lint    ruff, mypy and the import contracts"
	@echo "make format  let ruff rewrite the code"
	@echo "make check   guideline content: strict reading, clinical cases, what no case reaches"
	@echo "make lock    resolve the dependencies anew"
	@echo "make sbom    list what the image holds: build/sbom.cdx.json (CycloneDX)"
	@echo "make audit   ask the advisory database about every locked package"
	@echo "make image   build the container image"
	@echo "make clean   remove everything that git ignores"

run: export LIVER_CDS_LOG_FORMAT ?= text
run: $(VENV)/.runtime
	@$(BIN)/liver-cds serve --first $(FIRST_ORDER)

# The gates first, pytest last: its summary closes the output.
test: lint check peers browser servers java
	$(BIN)/python -m pytest -n 2 --cov

peers: $(PEERS)/node_modules/.installed

bench: $(VENV)/.dev
	@command -v wrk >/dev/null || { $(call debian,wrk); }
	$(BIN)/python -m bench

bench-check: $(VENV)/.dev
	$(BIN)/python -m bench.check

browser: $(BROWSER)/node_modules/.installed
	@command -v chromium || command -v chromium-browser || command -v google-chrome || { $(call debian,chromium); }

# Only the programs: the tests start a server of their own.
postgresql:
	@{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 || { $(call debian,postgresql); }

# What the deployment's own tests run: the proxy, and the programs that read alarms and units. As above, only these.
servers: postgresql
	@( PATH="$$PATH:/usr/sbin"; for each in nginx promtool systemd-analyze openssl curl; do \
		command -v $$each || exit 1; done ) >/dev/null 2>&1 || \
		{ $(call debian,nginx-light prometheus systemd openssl curl); }

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
	$(call compile,requirements.lock) --extra tracing pyproject.toml
	$(call compile,requirements-build.lock) --group build --constraint requirements.lock
	$(call compile,requirements-dev.lock) --group dev --all-extras --constraint requirements.lock pyproject.toml
	cd $(PEERS) && npm install --package-lock-only
	cd $(BROWSER) && npm install --package-lock-only

# No index address is written into a lock: where packages come from is each machine's own setting.
compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--custom-compile-command "make lock" --output-file $(1)

# What the image holds, with licences and what needs what: from an environment of exactly that.
sbom: $(VENV)/.dev
	$(BIN)/python -m venv --clear build/sbom
	build/sbom/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements.lock
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --validate \
		--output-file build/sbom.cdx.json build/sbom/bin/python

audit: $(VENV)/.dev
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

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
%/node_modules/.installed: %/package.json %/package-lock.json %/.npmrc
	@{ command -v node && command -v npm; } >/dev/null || { $(call debian,nodejs npm); }
	@node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || \
		{ echo "Node.js 18 or newer is needed for the tests, this is $$(node --version)" >&2; exit 1; }
	cd $* && npm ci
	@touch $@
