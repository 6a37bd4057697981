# The commands of this repository. `make demo` and `make test` do all the set-up that they need; a second run does nothing twice.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON := $(firstword $(shell command -v python3.11) $(shell command -v python3))
BIN := .venv/bin
FUZZ_SECONDS := $(if $(filter command line,$(origin SECONDS)),$(SECONDS),600)
PACKAGES := protocol booth center reading demo bench rigs tests
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print) $(shell find protocol/text -type f)

.PHONY: help demo test check types states bench bench-cards bench-calls bench-codes bench-recording bench-documents bench-reading bench-face bench-loss bench-delivery bench-outline bench-networks bench-media fuzz-cards clean set-up system-packages

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: set-up ## one whole affair with robots, then stay up for people (ONCE=1: stop after the affair)
	@$(BIN)/bangban-demo $(if $(ONCE),--once)

# In the files' order: by default files with few tests come last, and those are the long ones, end to end.
test: set-up check ## everything: lint, types, contracts, unit, contract, integration, end to end
	cd web && PATH="$$(../scripts/node_path.sh):$$PATH" npm test --silent
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

check: set-up ## lint, types, import contracts, generated files: seconds
	$(BIN)/ruff check $(PACKAGES)
	$(BIN)/ruff format --check --quiet $(PACKAGES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m protocol.typescript | diff -q web/lib/protocol.ts - >/dev/null || { echo "web/lib/protocol.ts is stale: run make types"; exit 1; }
	$(BIN)/python -m protocol.diagrams | diff -q docs/states.md - >/dev/null || { echo "docs/states.md is stale: run make states"; exit 1; }

types: .venv/.ready ## generate the pages' types from the Python types
	$(BIN)/python -m protocol.typescript > web/lib/protocol.ts

states: .venv/.ready ## draw the state diagrams from the tables
	$(BIN)/python -m protocol.diagrams > docs/states.md

bench: set-up ## measure; JSON under var/bench/
	$(BIN)/python -m bench

bench-cards: set-up ## measure reading cards and codes; var/bench/cards.json
	$(BIN)/python -m bench cards

bench-calls: set-up ## time to picture: 50 calls in two real Chromiums; var/bench/calls.json
	$(BIN)/python -m bench calls

bench-recording: set-up ## what recording costs; var/bench/recording.json
	$(BIN)/python -m bench recording

bench-reading: set-up ## read generated cards and pages, CARDS (1000); var/bench/reading.json
	$(BIN)/python -m bench reading

bench-codes: set-up ## QR codes on drawn phone screens, and on photographs with DATA=FOLDER; on one core
	taskset -c 0 $(BIN)/python -m bench codes

bench-media: set-up ## forwarding against Janus and MediaRelay; SESSIONS=12: whole sessions; var/bench/media.json
	@command -v janus >/dev/null || [ -n "$(SESSIONS)" ] || scripts/bench_packages.sh janus
	$(BIN)/python -m bench media $(if $(SESSIONS),--sessions $(SESSIONS))

bench-documents: set-up ## finding, making and reading pages, and other photographs with DATA=FOLDER
	$(BIN)/python -m bench documents

bench-loss: set-up ## pictures and voice on a network that loses, delays and chokes (root, nft, tc)
	@command -v nft >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y -qq nftables; } || true
	$(BIN)/python -m bench loss

bench-delivery: set-up ## from the shutter to the page at the clerk, on a clean and on a narrow line (root, nft, tc)
	@command -v nft >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y -qq nftables; } || true
	$(BIN)/python -m bench delivery

bench-outline: set-up ## from the camera's picture to the outline on both screens
	$(BIN)/python -m bench outline

bench-networks: set-up ## a cut, another network, a reload: until the pictures move again (root, nft)
	@command -v nft >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y -qq nftables; } || true
	$(BIN)/python -m bench networks

bench-face: set-up ## install the optional comparison of faces, test it with its models, measure it
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[face]'
	$(BIN)/pytest -q tests/unit/faces
	$(BIN)/python -m bench faces

fuzz-cards: set-up ## fuzz every parser of cards and codes, SECONDS (600) each, at low priority
	@for parser in frames contents text address social scanner gateway; do \
		echo "== $$parser"; nice -n 19 $(BIN)/python -m tests.fuzz.cards $$parser $(FUZZ_SECONDS); done

contact-sheet: set-up ## draw docs/pages-contact-sheet.jpg: 24 pages before and after
	$(BIN)/python -m rigs.contact_sheet

clean: ## remove everything that was built, and var/
	rm -rf .venv var web/dist web/node_modules *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

set-up: system-packages .venv/.ready web/dist/.ready

system-packages:
	@scripts/system_packages.sh

.venv/.ready: pyproject.toml constraints.txt | system-packages
	@echo "Setting up Python"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,reading]'
	@touch $@

web/node_modules/.ready: web/package.json web/package-lock.json | .venv/.ready
	@echo "Setting up the pages' libraries"
	@cd web && PATH="$$(../scripts/node_path.sh):$$PATH" npm ci --silent
	@touch $@

web/dist/.ready: $(WEB_SOURCES) web/node_modules/.ready
	@echo "Building the pages"
	@cd web && PATH="$$(../scripts/node_path.sh):$$PATH" npm run build --silent
	@touch $@
