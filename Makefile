# Two commands: `make quickstart` sets up and runs the main job; `make test` sets up and runs the tests.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
DOCS_READY := $(VENV)/.docs-ready
BIN := $(VENV)/bin

.PHONY: help setup quickstart test test-slow test-pages screenshots lint types package site clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## Make the environment in .venv

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)

$(DOCS_READY): $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $(DOCS_READY)

quickstart: $(READY) ## Pre-train, tune on English, distil into five languages, show the result
	$(BIN)/polydistill quickstart

test: $(READY) ## The tests of minutes
	OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false $(BIN)/pytest -n 2

test-slow: $(DOCS_READY) ## The end-to-end tests
	OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false $(BIN)/pytest -n 2 -m slow

test-pages: $(READY) ## The pages in a browser (Debian: apt-get install chromium; skipped where there is none)
	OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false $(BIN)/pytest -m pages -rs tests/reports

screenshots: $(READY) ## Pictures of the pages for docs/images, of what `make quickstart` has left
	$(BIN)/python tests/screenshots.py runs docs/images

lint: $(READY) ## Style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## Types
	$(BIN)/mypy

site: $(DOCS_READY) ## The documentation as a site, into build/site; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

package: $(READY) ## The source distribution and the wheel in dist, checked
	rm -rf dist
	$(BIN)/python -m build --quiet
	$(BIN)/twine check --strict dist/*

clean: ## Remove the environment and caches (runs stay)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build dist src/*.egg-info
