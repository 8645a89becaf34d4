# `make check` sets up a development environment and runs all there is to check: what CI and pre-commit run.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
ROUNDS ?= 5
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: check test lint type fmt unit component functional golden faults property architecture lowest bench docs clean

check: lint type test

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip==26.3'
	$(BIN)/python -m pip install --quiet --compile --editable . --group dev
	touch $@

lint: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

type: $(VENV)/.ready
	$(BIN)/mypy

fmt: $(VENV)/.ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: $(VENV)/.ready
	$(BIN)/python -m pytest -n auto

unit property golden faults functional architecture component: $(VENV)/.ready
	$(BIN)/python -m pytest -n auto tests/$@

# With the lowest versions of all dependencies that pyproject.toml allows.
lowest: $(VENV)/.ready
	$(PYTHON) -m venv $(VENV)-lowest
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
		> $(VENV)-lowest/dependencies.txt
	$(BIN)/asyncpip install --quiet --python $(VENV)-lowest --resolution lowest-direct -r $(VENV)-lowest/dependencies.txt
	$(BIN)/asyncpip install --quiet --python $(VENV)-lowest --editable . --group test
	$(VENV)-lowest/bin/python -m pytest -n auto tests/unit tests/component

docs: $(VENV)/.ready
	$(BIN)/python docs/reference_pages.py

bench: $(VENV)/.ready
	$(BIN)/python -m benchmarks --table --lanes $(or $(LANES),all) --sets $(or $(SETS),all) --rounds $(ROUNDS)
	$(if $(LANES)$(SETS),,$(BIN)/python -m benchmarks growth --table)
	$(if $(LANES)$(SETS),,$(BIN)/python -m benchmarks floors --table)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
