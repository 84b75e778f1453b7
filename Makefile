# Everything a change needs; it sets up what it uses by itself. `make` lists the targets.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.stamp
# Tests mostly wait for the kernel and for rsync, so a few more of them than cores.
WORKERS ?= 4
# Rows of the benchmark to run, such as ROWS="idle-latency burst-20000"; none is all of them.
ROWS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench package clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## Watch changes arrive on a real rsync daemon, in 20 seconds
	@scripts/need rsync
	@$(BIN)/sersync demo

test: check ## check, then every test, against the real kernel, rsync and ssh
	@scripts/need rsync
	@scripts/need --optional openssh-server stunnel4 openssl faketime systemd groff bindfs chromium prometheus zsh fish dosfstools
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

check: $(READY) ## Style, types, floors and unit tests, in less than a minute
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -q tests/unit

bench: $(READY) ## Measure against lsyncd and inotifywait + rsync, side by side
	@scripts/need rsync lsyncd inotify-tools
	@scripts/need --optional openssh-server stunnel4 openssl
	@$(BIN)/python -m benchmarks --write docs/performance.md $(ROWS)

package: $(READY) ## Build wheel and sdist, and install each into an empty environment
	rm -rf dist
	$(BIN)/python -m hatchling build
	scripts/try-packages $(PYTHON) dist/*

clean: ## Remove everything that was made here
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements-dev.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation --editable .
	@touch $@
