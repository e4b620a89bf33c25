# Crossdock. `make demo` and `make test` do all the set-up they need; so does every other target.
# It takes Python 3.11 or later, make, and a package index.

# The system's own interpreter first: distributions build theirs with the compiler's profile, which makes an order a tenth
# cheaper than one that was built on the spot (docs/decisions/011).
PYTHON  ?= $(shell for p in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do \
             $$p -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV    ?= .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
# Processes that share the tests (pytest-xdist); 0 runs them in one.
WORKERS ?= 2
# Further arguments: `make test ARGS="tests/domain -x"`, `make demo ARGS="--port 9000"`.
ARGS    ?=
BENCHES ?= flow ingest hot-sku
# Where `make shows` keeps the stores it starts.
SHOWS   ?= var/shows

.PHONY: help setup demo test long shows check format bench clean

help: ## what can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

setup: $(STAMP) ## the virtual environment with the locked requirements

# Made again only when the lock is newer than the last installation that went through.
$(STAMP): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Crossdock needs Python 3.11 or later: install it, or name it with PYTHON=…" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); echo "python3 -m venv failed: on Debian, apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --disable-pip-version-check --no-input -q --require-hashes -r requirements-dev.txt
	@touch $@

demo: setup ## the whole product on demo channels; prints where to look
	$(BIN)/python main.py demo $(ARGS)

test: setup ## every test; no service and no network needed
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not long" $(ARGS)

long: setup ## the tests that take minutes: twenty kills during two thousand orders, permutations by the hundred
	$(BIN)/python -m pytest -m long $(ARGS)

shows: setup ## a real Vendure and a real Medusa from npm, and orders through them (needs node, and minutes)
	@mkdir -p $(SHOWS)/vendure $(SHOWS)/medusa
	cp -r tests/shows/vendure/. $(SHOWS)/vendure && cp -r tests/shows/medusa/shop/. $(SHOWS)/medusa
	cd $(SHOWS)/vendure && npm install --no-audit --no-fund
	cd $(SHOWS)/medusa && npm install --no-audit --no-fund
	CROSSDOCK_VENDURE=$(abspath $(SHOWS)/vendure) CROSSDOCK_MEDUSA=$(abspath $(SHOWS)/medusa) \
	  $(BIN)/python -m pytest tests/shows/vendure tests/shows/medusa $(ARGS)

check: setup ## format, lint, types, architecture, house limits
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python .ci/house.py

format: setup ## what a formatter can put right
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/python .ci/reference.py

bench: setup ## the benchmarks, one JSON document each
	@set -e; for bench in $(BENCHES); do $(BIN)/python main.py bench $$bench --json $(ARGS); done

clean: ## removes what set-up and tests made; the data folder stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
