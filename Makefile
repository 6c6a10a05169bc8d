# `make run` and `make test` need nothing but Python 3.11+, make and the package registry.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One thread a process: small matrix products run slower on two (see docs/design.md).
export OMP_NUM_THREADS ?= 1

.PHONY: run test lint docs wheel clean
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test]"
	touch $@

run: $(VENV)/.installed  ## Train and test MANER on the embedded backbone and sample corpus.
	$(BIN)/python -m lowner_pl fit --config configs/maner_wikiann.yaml --config configs/embedded.yaml
	$(BIN)/python -m lowner_pl test --config configs/maner_wikiann.yaml --config configs/embedded.yaml --ckpt_path best

test: $(VENV)/.installed  ## Run the tests.
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -p tests.line_hits
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

lint: $(VENV)/.installed  ## Style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/.docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	touch $@

docs: $(VENV)/.docs  ## Build the documentation into site/; a broken link is an error.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

wheel: $(VENV)/.installed  ## Build the wheel and train with it outside the checkout.
	.ci/wheel

clean:  ## Remove the virtual environment and caches; runs stay.
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .coverage*
