# Every target sets up what it needs, and does at once what has been done before.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-postgres test-spark clients lint docs bench bench-ingest bench-home bundles bundle-effects returns ranking replenish bench-replenish bench-blocks off-policy torture simulate screenshots pictures clean

# Simulate a shop whose truth is known, run the main job on it, print the audit and the verdicts.
demo: $(VENV)/installed
	$(BIN)/counterclick demo

# Run the tests, README and docs included; a process for each core, four at most.
test: $(VENV)/developed
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile

# Measure a shop whose facts lie in PostgreSQL, started on loopback for it; skipped, saying so, where it is not installed.
test-postgres: $(VENV)/developed
	$(BIN)/python -m pytest -q -m postgres tests/engines/postgres

# Compare every number with DuckDB's on a Spark cluster of one master and two workers, started here; needs Java 17.
test-spark: $(VENV)/developed
	$(BIN)/python -m pytest -q -m spark tests/engines/spark

# Install the published clients that tests send events with: of Segment, RudderStack and OpenFeature.
clients: .clients/installed

# Format, lint, types, import contracts, and generated docs that are up to date.
lint: $(VENV)/developed
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/make_docs.py --check

# Write the docs pages that are made from the code.
docs: $(VENV)/developed
	$(BIN)/python tools/make_docs.py

# Time audits of up to 100 million events, recording, moments, assignment and serving beside what others take for the same;
# write docs/proof/performance.md. An hour and a half on two cores, 20 GB of disk; BENCH=--folder=X keeps what is simulated.
bench: $(VENV)/benched
	$(BIN)/python tools/bench.py $(BENCH)

# Measure error rates, coverage and power by simulation; write docs/proof/error-rates.md. Half an hour on two cores.
simulate: $(VENV)/developed
	$(BIN)/python tools/simulate.py

# Time a served shop that takes events beside a bare handler on the same server; write docs/proof/ingest.md.
bench-ingest: $(VENV)/developed
	$(BIN)/python tools/bench_ingest.py

# Time the home page of a served shop of ten million events, and what looking costs ingest; write docs/proof/home.md.
bench-home: $(VENV)/developed
	$(BIN)/python tools/bench_home.py

# Hide products of real baskets, count how often bundles, popularity and cosine offer them; write docs/proof/bundles.md.
bundles: $(VENV)/developed
	$(BIN)/python tools/bundles.py

# Judge a hundred simulated shops whose bundles have a known effect; write docs/proof/bundle-effects.md.
bundle-effects: $(VENV)/developed
	$(BIN)/python tools/simulate_bundles.py

# Foresee the returns of a real store, beside naive scores; write docs/proof/returns.md.
returns: $(VENV)/developed
	$(BIN)/python tools/returns.py

# Order real users' viewed products, time an order of 200 candidates beside a bare handler; write docs/proof/ranking.md.
ranking: $(VENV)/developed
	$(BIN)/python tools/ranking.py

# Foresee the later orders of real customers, beside published numbers; write docs/proof/replenishment.md.
replenish: $(VENV)/developed
	$(BIN)/python tools/replenish.py

# Time a million customers foreseen, a share of them left out by lot.
bench-replenish: $(VENV)/developed
	$(BIN)/python tools/bench_replenish.py

# Time the blocks of 10,000 and 100,000 recipients of one campaign.
bench-blocks: $(VENV)/developed
	$(BIN)/python tools/bench_blocks.py

# Estimate what a policy would have earned where the truth is known; write docs/proof/off-policy.md.
off-policy: $(VENV)/developed
	$(BIN)/python tools/off_policy.py

# Judge a hundred simulated shops whose ranker is tuned on clicks and on orders; write docs/proof/what-you-optimise.md.
what-you-optimise: $(VENV)/developed
	$(BIN)/python tools/what_you_optimise.py

# Kill a served shop fifty times, disturb it otherwise, look whether anything was lost; write docs/proof/durability.md.
torture: $(VENV)/developed
	$(BIN)/python tools/torture.py

# Look at the simulated shop's pages; write the pictures that README.md shows.
screenshots: $(VENV)/developed
	$(BIN)/python tools/screenshots.py

# Keep a picture of every page that the tests look at, in build/screenshots, to be looked at.
pictures: $(VENV)/developed
	PICTURES=1 $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile tests/web/dashboard

# Remove what the other targets made.
clean:
	rm -rf $(VENV) .clients .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/developed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

$(VENV)/benched: $(VENV)/developed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	touch $@

.clients/installed: tests/web/clients/requirements.txt tests/web/clients/package.json
	$(PYTHON) -m venv .clients/py
	.clients/py/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/web/clients/requirements.txt
	cp tests/web/clients/package.json .clients/package.json
	npm install --prefix .clients --no-package-lock --no-audit --no-fund --silent
	touch $@
