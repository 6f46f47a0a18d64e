# Two commands: `make demo` and `make test`. Everything else is a part of one of them, or more of the same.
#
#   make demo [EXIT=1] [CORPORA="DIR DIR"] [BACKBONE=DIR|hf:ORG/NAME@REV]
#   make test
#   make chaos [SEEDS=200] [FROM=1]      random schedules of faults; make test runs a dozen
#
# All install what is missing (PostgreSQL server binaries, Node, Chromium) and build.

.PHONY: deny fuzz schemathesis
.PHONY: demo test chaos fmt clippy sql rust dashboard dashboard-build browser release cuda

demo: release
	scripts/demo.sh

test: fmt dashboard-build clippy sql rust dashboard browser
	@echo "make test: everything passed"

# Cheapest checks first.
fmt:
	cargo fmt --all --check

dashboard-build:
	scripts/need.sh node
	scripts/npm.sh ci --no-audit --no-fund
	scripts/npm.sh run build

clippy:
	cargo clippy --workspace --all-targets --locked -- -D warnings

# The committed offline data of the checked queries must be what the database says.
sql:
	scripts/need.sh postgres
	scripts/check-sql.sh

rust:
	scripts/need.sh postgres nextest faketime
	scripts/with-postgres.sh cargo nextest run --workspace --locked

chaos:
	scripts/need.sh postgres faketime
	cargo build --locked -p pedigree-cli
	cargo build --locked -p pedigree-tests --bins
	cargo run --locked --quiet -p pedigree-tests --bin chaos -- --seeds $(or $(SEEDS),20) --from $(or $(FROM),1)

dashboard:
	scripts/npm.sh run check

browser:
	scripts/need.sh chromium
	scripts/npm.sh run e2e

release: dashboard-build
	scripts/need.sh postgres python
	cargo build --release --locked -p pedigree-cli

# By hand: they want tools that `make test` does without.
SECONDS ?= 60

fuzz:
	scripts/fuzz.sh $(SECONDS)

schemathesis:
	scripts/need.sh postgres python
	cargo build --locked -p pedigree-cli
	scripts/schemathesis.sh

deny:
	cargo deny --locked check licenses bans sources

# The binary with the trainer on NVIDIA GPUs, built without GPU, driver or toolkit; no part of the two above.
cuda: dashboard-build
	scripts/need.sh cuda
	scripts/cuda/build.sh cargo build --release --locked -p pedigree-cli --features cuda
