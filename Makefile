# Every target sets itself up in .venv; nothing but Python >= 3.11, make and git is needed.

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo generate check test golden lint format bench clean
help:
	@echo 'make demo      generate the client, run a job against a local sandbox'
	@echo 'make generate  write generated/ from schemas/'
	@echo 'make check     fail when generated/ is not what schemas/ give'
	@echo 'make test      run the tests'
	@echo 'make golden    rewrite the expected output under tests/cases/ (fails if anything changed)'
	@echo 'make lint      formatting, lint and types'
	@echo 'make format    lay out and mend what the linters can'
	@echo 'make bench     measure, side by side'
	@echo 'make clean     remove .venv and what the commands left'

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; name it with PYTHON=...' >&2; exit 1; }
	@echo 'Setting up .venv; this takes a minute, once.'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[codegen,sandbox,video,dev]'
	@# For the test that installs the wheel into fresh environments, without a network.
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary=:all: \
		--dest .venv/wheels attrs cattrs imagesize urllib3 typing_extensions
	@touch $@

demo: $(READY)
	@$(BIN)/python -m runcomfy_sandbox.demo

generate: $(READY)
	@$(BIN)/runcomfy-codegen generate

check: $(READY)
	@$(BIN)/runcomfy-codegen check

test: $(READY)
	$(BIN)/python -m pytest

golden: $(READY)
	$(BIN)/python -m pytest --golden tests/test_golden.py

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy templates/runtime
	$(BIN)/basedpyright

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf .venv out dist
