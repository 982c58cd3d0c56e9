# Confab: make help shows what there is.

SHELL := /bin/sh
CARGO ?= cargo
SAMPLE ?= config/samples/laptop.yaml
MINUTES ?= 10
BENCH ?=
SOAK ?=
CARGO_DENY_VERSION := 0.20.2

.DEFAULT_GOAL := help

##@ Try it

.PHONY: run
run: ## Build and serve the sample tenant (SAMPLE=file, ARGS="--listen …")
	$(CARGO) run --quiet -p confab --bin confab -- up -f $(SAMPLE) $(ARGS)

.PHONY: tour
tour: ## Play a conversation against a server of its own and show every request and reply
	$(CARGO) run --quiet -p confab --bin confab -- tour --start -f $(SAMPLE)

.PHONY: doctor
doctor: ## Check the surroundings and say what to mend
	$(CARGO) run --quiet -p confab --bin confab -- doctor -f $(SAMPLE) $(ARGS)

##@ Develop

.PHONY: deps
deps: ## Find or install what check and test need (Debian packages, cargo-deny)
	sh .ci/deps $(CARGO_DENY_VERSION)

.PHONY: build
build: ## Build every binary
	$(CARGO) build --workspace --bins

.PHONY: test
test: build ## All tests, on real Postgres, Redis and SQLite
	$(CARGO) build -p confab --features sabotage --bin confab-sabotaged
	$(CARGO) test --workspace

.PHONY: check
check: fmt-check lint deny generate-check ## Format, clippy, licences and bans, generated files

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: fmt-check
fmt-check:
	$(CARGO) fmt --all --check

.PHONY: lint
lint: ## Clippy, with warnings as errors
	$(CARGO) clippy --workspace --all-targets -- -D warnings

.PHONY: deny
deny: ## Licences, banned crates, sources (with advisories and duplicates, needs the network: cargo deny check)
	$(CARGO) deny check --allow duplicate licenses bans sources

.PHONY: generate
generate: ## Write the generated files (custom resources, OpenAPI, AsyncAPI)
	$(CARGO) run --quiet -p confab-crds --bin crdgen -- crds
	$(CARGO) run --quiet -p confab --bin confab -- generate .

.PHONY: generate-check
generate-check: ## Fail when a generated file is out of date
	$(CARGO) run --quiet -p confab-crds --bin crdgen -- crds --check
	$(CARGO) run --quiet -p confab --bin confab -- generate . --check

##@ Measure

.PHONY: bench
bench: ## Figures beside their goals, release build (BENCH="sends page" for some)
	$(CARGO) build --release -p confab -p confab-messaging -p confab-presence --bins
	$(CARGO) run --release -p confab-e2e --bin confab-bench -- $(BENCH)

.PHONY: soak
soak: build ## Load and faults for MINUTES=10, then the checker (SOAK="--layout laptop --seed 7")
	$(CARGO) run -p confab-e2e --bin confab-soak -- --minutes $(MINUTES) $(SOAK)

##@ Help

.PHONY: help
help: ## This text
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
