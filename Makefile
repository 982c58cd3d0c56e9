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

# Built apart, so that the first build shows how far it is; then the program has the terminal to itself.
CONFAB := $(CARGO) run --quiet -p confab --bin confab --

.PHONY: run
run: build-confab ## Build and serve the sample tenant (SAMPLE=file, ARGS="--listen …")
	$(CONFAB) up -f $(SAMPLE) $(ARGS)

.PHONY: tour
tour: build-confab ## Play a conversation against a server of its own and show every request and reply (ARGS)
	$(CONFAB) tour --start -f $(SAMPLE) $(ARGS)

.PHONY: doctor
doctor: build-confab ## Check the surroundings and say what to mend (ARGS)
	$(CONFAB) doctor -f $(SAMPLE) $(ARGS)

.PHONY: build-confab
build-confab:
	$(CARGO) build -p confab --bin confab

##@ Develop

.PHONY: deps
deps: servers kubernetes cargo-deny ## Find or install what test and check need; both do it by themselves

.PHONY: servers
servers:
	@sh .ci/deps servers

.PHONY: kubernetes
kubernetes:
	@sh .ci/deps kubernetes

.PHONY: cargo-deny
cargo-deny:
	@sh .ci/deps cargo-deny $(CARGO_DENY_VERSION)

.PHONY: build
build: ## Build every binary
	$(CARGO) build --workspace --bins

.PHONY: test
test: servers kubernetes build ## All tests, on real Postgres, Redis, SQLite and a Kubernetes API server
	$(CARGO) build -p confab --features sabotage --bin confab-sabotaged
	$(CARGO) test --workspace

.PHONY: fuzz-api
fuzz-api: build-confab ## Fuzz the REST API against its OpenAPI document (needs python3; EXAMPLES=200 SEED=7)
	e2e/schemathesis.sh

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
	$(CARGO) clippy -p confab-store -p confab-presence -p confab --features confab/sabotage --all-targets -- -D warnings

.PHONY: deny
deny: cargo-deny ## Licences, banned crates, sources (with advisories and duplicates, needs the network: cargo deny check)
	$(CARGO) deny check --allow duplicate licenses bans sources

# The programs of one build of the workspace: built one by one, each would build its dependencies anew with features of its own.
BUILT := $(or $(CARGO_TARGET_DIR),target)/debug

.PHONY: generate
generate: build ## Write the generated files (custom resources, roles, pages, OpenAPI, AsyncAPI)
	$(BUILT)/crdgen .
	$(BUILT)/installgen .
	$(BUILT)/confab generate .

.PHONY: generate-check
generate-check: build ## Fail when a generated file is out of date
	$(BUILT)/crdgen . --check
	$(BUILT)/installgen . --check
	$(BUILT)/confab generate . --check

##@ Kubernetes

# Namespaces, interfaces and mounts need root; what is built stays ours.
WITH_ROOT := $(if $(filter 0,$(shell id -u)),,--config "target.'cfg(all())'.runner='sudo -E'")
CLUSTER := $(CARGO) $(WITH_ROOT) run --quiet -p confab-e2e --bin confab-cluster --

.PHONY: node
node:
	@sh .ci/deps node

.PHONY: build-cluster
build-cluster: node
	$(CARGO) build -p confab-e2e --bin confab-cluster

.PHONY: cluster-up
cluster-up: build-cluster ## A real Kubernetes cluster of one node on this machine; needs root (ARGS="--kubeconfig FILE")
	$(CLUSTER) up $(ARGS)

.PHONY: cluster-down
cluster-down: build-cluster ## Take it down with all that is in it (ARGS)
	$(CLUSTER) down $(ARGS)

.PHONY: e2e
e2e: node build ## Tests on a real cluster of one node; needs root
	$(CARGO) $(WITH_ROOT) test -p confab-e2e --test node

##@ Measure

.PHONY: bench
bench: servers ## Figures beside their goals, release build (BENCH="sends page" for some)
	$(CARGO) build --release -p confab -p confab-messaging -p confab-presence --bins
	$(CARGO) run --release -p confab-e2e --bin confab-bench -- $(BENCH)

.PHONY: bench-operator
bench-operator: servers kubernetes ## The operator's figures beside their goals, on a real API server (TENANTS=10000 REST_SECONDS=300)
	$(CARGO) build --release -p confab-operator -p confab-messaging --bins
	$(CARGO) bench -p confab-operator --bench scale

.PHONY: soak
soak: servers build ## Load and faults for MINUTES=10, then the checker (SOAK="--layout laptop --seed 7")
	$(CARGO) run -p confab-e2e --bin confab-soak -- --minutes $(MINUTES) $(SOAK)

##@ Help

.PHONY: help
help: ## This text
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
