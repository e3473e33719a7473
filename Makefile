# What one does with a checkout. `make run` needs nothing but Debian 12 (or any system with Python 3.11) and a network.

PORT ?= 8080
HOST ?= 127.0.0.1
DATA ?= data
WORKERS ?= auto
TESTS ?= tests
BIN := .venv/bin

.PHONY: help run test lint format bench screenshots translations wheel bundle try-bundle clean

help:
	@echo "make run            the wiki on http://$(HOST):$(PORT) (PORT=, HOST=, DATA=)"
	@echo "make test           all tests (TESTS=tests/test_x.py, WORKERS=2)"
	@echo "make lint           ruff and mypy"
	@echo "make format         what ruff can mend by itself"
	@echo "make bench          how long the usual things take"
	@echo "make screenshots    pictures of the screens, for the documentation"
	@echo "make translations   bring the catalogues up to date"
	@echo "make wheel          a wheel and a source archive in dist/"
	@echo "make bundle         a zip for shared hosts in dist/: unpack it by FTP, open the URL"
	@echo "make try-bundle     how long that takes on a fresh Debian 12 (as root, with debootstrap)"
	@echo "make clean          remove what these made, but no wiki"

run: .venv/.made-serve
	@exec $(BIN)/wiki --data $(DATA) serve --host $(HOST) --port $(PORT)

test: .venv/.made-test
	@scripts/test-programs
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup $(TESTS)

lint: .venv/.made-lint
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy wiki

format: .venv/.made-lint
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

bench: .venv/.made-serve
	$(BIN)/python -m bench

screenshots: .venv/.made-test
	@scripts/test-programs
	$(BIN)/python scripts/screenshots.py

translations: .venv/.made-translate
	$(BIN)/python scripts/translations.py

wheel: .venv/.made-test
	$(BIN)/python -m hatchling build -d dist

bundle: .venv/.made-serve
	@$(BIN)/python scripts/bundle.py

try-bundle: bundle
	@$(BIN)/python scripts/try_bundle.py

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.made-%: pyproject.toml scripts/environment
	@scripts/environment $*
