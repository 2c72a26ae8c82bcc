# `make help` lists what there is. Everything Python lives in .venv, nothing needs root.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

# The first Python on the path that is new enough; `make PYTHON=...` takes another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && exit; \
	done; echo python3)

VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
PEERS := $(CURDIR)/target/peers
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# One profile and, by naming the whole workspace, one set of features for the wheel, the lints and the
# tests: dependencies and the crates themselves are compiled once for all, and SQLite's C once.
CARGO_PROFILE := --release
# Tests wait for most of their time, so there are more of them at once than cores.
AT_ONCE ?= 4
# How often `make crash` kills, and how long `make soak` sends.
CRASHES ?= 200
MINUTES ?= 30

# The lock file is the truth in CI; at a desk it may follow a manifest that is being edited.
CARGO_LOCKED := $(if $(CI),--locked)
# Lints and wheel are compiled against the Python of .venv, not against whichever is on the path.
export PYO3_PYTHON := $(BIN)/python
export VIRTUAL_ENV := $(VENV)
unexport CONDA_PREFIX PYTHONPATH PYTHONHOME

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: announce build ## Set everything up and alert 5,000 invented people by SMS and e-mail, through simulators
	$(BIN)/bealert demo

.PHONY: test
test: test-rust test-python ## Set up what the tests need and run them all

.PHONY: check
check: check-rust check-python check-stubs ## Formats, lints, types and stubs, changing nothing

.PHONY: bench
bench: build bench-peers $(VENV)/dev.installed ## Measure every figure of benches/RESULTS.md beside peers; CASES="window1 urgent" for some
	$(BIN)/python benches/speed $(CASES)

.PHONY: bench-api
bench-api: build $(VENV)/dev.installed ## Measure what calls of the Python API cost
	$(BIN)/python -m pytest benches --benchmark-only

.PHONY: bench-peers
bench-peers: prerequisites ## Build what we are measured beside, each from its own lock file
	$(foreach peer,lean smpp34,cargo build --release --locked --manifest-path benches/peers/$(peer)/Cargo.toml --target-dir $(PEERS) && ) true
	benches/peers/jsmpp/build.sh $(PEERS)/jsmpp
	@test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r benches/peers/requirements.txt

# What has libFuzzer watch the coverage on a stable compiler; with the checks that a release leaves out.
FUZZ_FLAGS := --cfg fuzzing -Cpasses=sancov-module -Cdebug-assertions -Coverflow-checks -Ccodegen-units=1 \
	$(addprefix -Cllvm-args=-sanitizer-coverage-,level=4 inline-8bit-counters pc-table trace-compares)
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= $(notdir $(wildcard tests/fuzz/corpus/*))

.PHONY: fuzz
fuzz: prerequisites ## Look for inputs that break a reader: FUZZ_SECONDS=600 for each of FUZZ_TARGETS
	@tools/fuzz.sh "$(FUZZ_FLAGS)" $(FUZZ_SECONDS) $(FUZZ_TARGETS)

.PHONY: crash
crash: build $(VENV)/dev.installed ## Kill a sending process 200 times (CRASHES=...) on each channel, sometimes with its power
	BEALERT_CRASHES=$(CRASHES) $(BIN)/python -m pytest -W error -rP --durations=4 \
		tests/crash/test_kill_at_any_moment.py tests/crash/test_kill_at_any_moment_by_email.py

.PHONY: soak
soak: build $(VENV)/dev.installed ## Send for half an hour (MINUTES=...) with a reset each minute
	BEALERT_SOAK_MINUTES=$(MINUTES) $(BIN)/python -m pytest -W error -rP tests/crash/test_soak.py

.PHONY: growth
growth: prerequisites $(VENV)/run.installed ## A million people a day for a week: what opening takes, and its memory
	GROWTH_PEOPLE=1000000 GROWTH_ON=$(CURDIR)/target cargo test -p bealert-engine $(CARGO_PROFILE) --test engine week -- --nocapture

.PHONY: build
build: prerequisites $(VENV)/run.installed ## Compile the engine into .venv (release)
	$(BIN)/maturin develop $(CARGO_PROFILE) $(CARGO_LOCKED)

.PHONY: clean
clean: ## Remove what was built; data directories stay
	cargo clean
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis .benchmarks dist
	rm -f python/bealert_engine/_engine*.so
	find python tests benches examples -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

.PHONY: test-rust
test-rust: prerequisites $(VENV)/run.installed ## Only the tests of the Rust crates
	RUST_TEST_THREADS=$(AT_ONCE) cargo test --workspace $(CARGO_PROFILE) $(CARGO_LOCKED)
	cargo test --release --locked --manifest-path benches/peers/lean/Cargo.toml --target-dir $(PEERS)

SEEDS ?= 100000
FROM ?= 1
.PHONY: world
world: prerequisites $(VENV)/run.installed ## Simulated worlds: SEEDS=100000 FROM=1, or the story of one: SEED=42
	WORLD_SEEDS=$(SEEDS) WORLD_FROM=$(FROM) $(if $(SEED),WORLD_SEED=$(SEED)) \
		cargo test --package bealert-sim --test world $(CARGO_PROFILE) $(CARGO_LOCKED) -- seeds \
		$(if $(SEED),--nocapture)

.PHONY: test-python
test-python: build $(VENV)/dev.installed ## Only the Python tests, AT_ONCE=4; ends with what was left out
	$(BIN)/python -m pytest -W error -n $(AT_ONCE) --dist worksteal

.PHONY: check-rust
check-rust: prerequisites $(VENV)/run.installed ## cargo fmt and clippy
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(CARGO_PROFILE) $(CARGO_LOCKED) -- -D warnings

.PHONY: check-python
check-python: $(VENV)/dev.installed ## ruff and mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

.PHONY: check-stubs
check-stubs: build $(VENV)/dev.installed ## _engine.pyi against the compiled module
	$(BIN)/python -m mypy.stubtest bealert_engine._engine --mypy-config-file pyproject.toml

.PHONY: format
format: $(VENV)/dev.installed ## Format Rust and Python
	cargo fmt --all
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: wheel
wheel: prerequisites $(VENV)/run.installed ## Build a wheel into dist/
	$(BIN)/maturin build $(CARGO_PROFILE) $(CARGO_LOCKED) --out dist

.PHONY: prerequisites
prerequisites: ## Name what is missing to build, and how to get it
	@tools/prerequisites.sh "$(PYTHON)"

.PHONY: announce
announce: prerequisites
	@if ! ls python/bealert_engine/_engine*.so >/dev/null 2>&1; then \
		echo "First build: about three minutes on two cores. Later ones take seconds."; \
	fi

$(VENV)/run.installed: requirements/run.txt | prerequisites
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) -r requirements/run.txt
	@touch $@

$(VENV)/dev.installed: requirements/dev.txt $(VENV)/run.installed
	$(PIP_INSTALL) -r requirements/dev.txt
	@touch $@
