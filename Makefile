# Needs make and Python >= 3.11 with venv (Debian: apt install make python3-venv).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo serve packages test test-long bench check lock terms clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version). Use: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "venv is missing. Debian: apt install python3-venv"; exit 1; }
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# pip compiles what it copies, not what stays here; each start would compile it where nothing is written
	@$(BIN)/python -m compileall -q kgservice catalog_importers workers
	@touch $(STAMP)

demo: setup  ## the whole story in one go: catalogues, request, plan, databases, move
	@$(BIN)/python -m tools.demo

serve: setup  ## the service on http://127.0.0.1:8080 with the bundled catalogues
	@$(BIN)/kg serve --samples

test: setup packages  ## every test; needs nothing but what setup and packages install
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not long"

packages:  ## what some tests need from the system, where it can be installed
	@sh tools/test_packages.sh

test-long: setup packages  ## the random and chaos tests at full size
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

bench: setup  ## the benchmarks: bench/results.json and a table
	@$(BIN)/python -m bench.run

check: setup  ## format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/terms.py --check

lock:  ## resolve the dependencies again (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --group dev --extra postgres-demo pyproject.toml -o requirements.lock

terms: setup  ## write kgservice/model/terms.py again after a change in vocab/
	@$(BIN)/python tools/terms.py

clean:
	rm -rf $(VENV) build dist *.egg-info
