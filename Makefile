# Tradeloop: everything a person does here is a target. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
MINUTES ?= 60
RATE ?= 2000
ROWS ?= 1000000
COLUMNS ?= 250

.DEFAULT_GOAL := help
.PHONY: help demo test check crash soak scale retrain bench serve format lock clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "python3 (3.11 or newer) is needed"; exit 2; }
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, found " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: $(READY)  ## run the whole loop on real market data
	$(BIN)/tradeloop demo

test: $(READY)  ## run all tests
	$(BIN)/python -m pytest -q -rs -n 2 --dist loadfile

check: $(READY)  ## ruff, mypy strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

crash: $(READY)  ## kill, cut the power, fail the disk: 500 and 300 rounds
	TRADELOOP_KILLS=500 TRADELOOP_POWER_CUTS=300 \
	  $(BIN)/python -m pytest -q -rP tests/stores/test_durability.py
	TRADELOOP_CRASH_ROUNDS=100 $(BIN)/python -m pytest -q -rP tests/stores/test_postgres_crash.py
	$(BIN)/python tests/stores/tick_writers.py 8 25 12
	TRADELOOP_HTTP_KILLS=25 $(BIN)/python -m pytest -q tests/apps/test_live_server.py

soak: $(READY)  ## an hour under load: what grows; MINUTES=60 RATE=2000
	PYTHONPATH=tests $(BIN)/python tests/soak.py --minutes $(MINUTES) --rate $(RATE)

scale: $(READY)  ## build a dataset of many decisions: time and peak memory; ROWS=1000000
	PYTHONPATH=tests $(BIN)/python tests/scale.py --rows $(ROWS)

retrain: $(READY)  ## fit boosting, forest and LSTM once each; ROWS=500000 COLUMNS=250
	$(BIN)/python tests/retrain.py --rows $(ROWS) --columns $(COLUMNS)

bench: $(READY)  ## measure against named peers, print a table
	$(BIN)/tradeloop bench all

serve: $(READY)  ## HTTP API on loopback over the demo's workspace
	$(BIN)/tradeloop serve

format: $(READY)  ## let ruff format and fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:  ## renew requirements.lock (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -o requirements.lock

clean:  ## remove the environment and the caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
