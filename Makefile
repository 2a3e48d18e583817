# Every target sets up what it needs. Only Python >= 3.11, make and git must be installed.

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
BIN := .venv/bin
READY := .venv/.ready
BENCH := benchmarks/.venv
BENCH_READY := $(BENCH)/.ready

DOCS_READY := .venv/.docs-ready

.PHONY: help demo generate check test fuzz golden lint format docs site-test bench bench-quick clean
help:
	@echo 'make demo      generate the client and run a job against a local sandbox'
	@echo 'make generate  write generated/ from schemas/'
	@echo 'make check     fail if generated/ differs from what schemas/ give'
	@echo 'make test      run the tests'
	@echo 'make fuzz      test the generator with random schemas, for some minutes (EXAMPLES=3000)'
	@echo 'make golden    rewrite the expected output under tests/cases/ (fails if anything changed)'
	@echo 'make lint      check formatting, lint, types, and advisories about installed packages'
	@echo 'make format    format the code and apply the fixes of the linter'
	@echo 'make docs      build the reference site under out/site/html'
	@echo 'make site-test build the site and test it in a browser (Debian'"'"'s Chromium)'
	@echo 'make bench     compare performance with the peers; bench-quick takes two minutes'
	@echo 'make clean     remove .venv and all other output of these commands'

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; name it with PYTHON=...' >&2; exit 1; }
	@echo 'Setting up .venv; this takes a minute, once.'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[codegen,progress,sandbox,video,dev]'
	@# Tests install these wheels into fresh environments, without a network.
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary=:all: \
		--dest .venv/wheels attrs cattrs imagesize urllib3 typing_extensions
	@rm -rf .venv/wheels/lowest
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary=:all: \
		--dest .venv/wheels/lowest $$($(BIN)/python tools/lowest.py)
	@touch $@

demo: $(READY)
	@$(BIN)/python -m runcomfy_sandbox.demo

generate: $(READY)
	@$(BIN)/runcomfy-codegen generate

check: $(READY)
	@$(BIN)/runcomfy-codegen check

test: $(READY)
	$(BIN)/python -m pytest

# "make test" runs the same tests with fewer documents.
fuzz: $(READY)
	FUZZ_EXAMPLES=$(or $(EXAMPLES),3000) $(BIN)/python -m pytest -o timeout=3600 tests/codegen/test_fuzz_generator.py

golden: $(READY)
	$(BIN)/python -m pytest --golden tests/codegen/test_golden.py

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python tools/audit.py

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(DOCS_READY): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

docs: $(DOCS_READY)
	@PYTHONPATH=tools $(BIN)/python -m reference

# Chromium is a package of the system: installed where that may be, else asked for.
site-test: docs
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
			apt-get update --quiet=2 && apt-get install --yes --quiet=2 chromium; } || \
		{ echo 'Chromium is needed: apt-get install chromium' >&2; exit 1; }
	$(BIN)/python -m pytest tests/site

# The peers are installed only in this environment.
$(BENCH_READY): benchmarks/requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; name it with PYTHON=...' >&2; exit 1; }
	@echo 'Setting up $(BENCH); this takes a minute, once.'
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check \
		--requirement benchmarks/requirements.txt --editable '.[codegen]'
	@touch $@

bench: $(BENCH_READY)
	@PYTHONPATH=benchmarks $(BENCH)/bin/python -m sidebyside

bench-quick: $(BENCH_READY)
	@PYTHONPATH=benchmarks $(BENCH)/bin/python -m sidebyside --quick --out out/bench

clean:
	rm -rf .venv $(BENCH) out dist
