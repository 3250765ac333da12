# make run    sets everything up, trains if needed, serves the assistant on http://localhost:5005
# make test   sets everything up and runs the tests
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 5005
TESTED := postgresql mysql redis rabbitmq kafka aws mongodb gcs azure duckling jieba spacy plots rsa metrics otel  # extras that the tests need; transformers would bring torch
# Compiled once, and not by each of the thousand processes that the tests start.
PYTEST = $(BIN)/python -m compileall -q src actions && PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile
PROCESSES ?= 3  # of the tests; more than two cores, since those with servers wait often
.DEFAULT_GOAL := help
.PHONY: help run test check eval bench bench-server format lock clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(VENV)/made: 
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"Frontdesk needs Python 3.11 or newer; {sys.executable} is {v.major}.{v.minor}. Try: make PYTHON=python3.12 ...")'
	@echo "Making the virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/serve: $(VENV)/made requirements/serve.txt requirements/encoder.txt pyproject.toml
	@echo "Installing what the assistant needs (about 95 packages; a minute or two the first time) ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes --only-binary :all: -r requirements/serve.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps -r requirements/encoder.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps -r requirements/build.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src actions
	@touch $@

$(VENV)/dev: $(VENV)/serve requirements/dev.txt
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes --only-binary :all: --no-binary jieba -r requirements/dev.txt
	@touch $@

run: $(VENV)/serve ## Set up, train if needed, serve the assistant (PORT=5005)
	@$(BIN)/frontdesk run --train --port $(PORT)

test: $(VENV)/dev ## Set up and run the tests
	@$(PYTEST)

check: $(VENV)/dev ## Lint, types, floors, size limits, tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy src actions
	@$(BIN)/lint-imports
	@$(PYTEST)

eval: $(VENV)/dev ## Measure quality against thresholds (intents, sentiment, retrieval)
	@$(BIN)/python -m pytest -m eval tests/evals -rP

bench: $(VENV)/dev ## Measure training, start, memory, latency, throughput (ARGS="--rasa PATH")
	@$(BIN)/python -m bench $(ARGS)

bench-server: $(VENV)/dev ## Measure what a server carries (ARGS="--quick", "--only paced", "--rasa PATH"; an hour)
	@$(BIN)/python -m bench.server $(ARGS)

format: $(VENV)/dev ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## Pin all dependencies anew, with hashes (needs uv)
	uv pip compile pyproject.toml --group assistant --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements/serve.txt
	uv pip compile pyproject.toml --group dev $(addprefix --extra ,$(TESTED)) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -c requirements/serve.txt -o requirements/dev.txt
	printf 'hatchling==1.27.0\neditables\n' | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -c requirements/dev.txt -o requirements/build.txt

clean: ## Remove the environment, models and caches
	rm -rf $(VENV) .frontdesk models .pytest_cache .mypy_cache .ruff_cache
