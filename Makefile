# Lipdrop: `make help` says what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

UV_VERSION := 0.13.9
UV := $(shell command -v uv 2>/dev/null || echo .local/uv/bin/uv)
BIN := .venv/bin
export PYTHONPATH := layers/common
export SAM_CLI_TELEMETRY := 0

PYTHON_FILES := conftest.py functions layers local tests benchmarks
READY := .venv/.ready .local/sam/.ready .local/ministack/.ready

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: demo
demo: $(READY) ## Drop a video and two voices, watch the jobs, fetch the results: [VIDEO=clip.mov] [AUDIO="fr.mp3 es.wav"]
	@$(BIN)/python -m local.demo --video "$(VIDEO)" --audio "$(AUDIO)"

# Two processes; all tests that deploy a stack in one of them (conftest.py).
SIDE_BY_SIDE := --numprocesses 2 --dist loadgroup

.PHONY: test
test: $(READY) ## Every test but the long campaigns; needs no Docker and no AWS account: [TESTS=tests/e2e]
	@$(BIN)/pytest $(SIDE_BY_SIDE) --ignore=tests/sam_local -m "not slow" $(TESTS)

.PHONY: test-fast
test-fast: $(READY) ## Unit and contract tests: under a minute
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/unit tests/contract -m "not slow"

.PHONY: test-slow
test-slow: $(READY) ## The long campaigns: chaos, load, a throttled sync, long games against the models
	@$(BIN)/pytest --ignore=tests/sam_local -m "slow or model" --hypothesis-profile=many --timeout=1200 $(TESTS)

.PHONY: coverage
coverage: $(READY) ## Which lines of the domain and the handlers no unit, contract or integration test runs
	@$(BIN)/coverage run -m pytest -q tests/unit tests/contract tests/integration -m "not slow"
	@$(BIN)/coverage report

.PHONY: test-unit test-contract test-integration test-faults test-e2e
test-unit test-contract test-integration test-faults test-e2e: test-%: $(READY) # one folder of tests
	@$(BIN)/pytest tests/$*

.PHONY: up
up: $(READY) ## Leave a deployed local stack running, write .local/env: [DOCKER=1] for `sam local`, [SEGMIND_BASE_URL=…] with SEGMIND_API_KEY in the environment, [SEGMIND_HISTORY_URL=…], [PARAMETERS="Name=value …"]
	@$(BIN)/python -m local.up --segmind-base-url "$(SEGMIND_BASE_URL)" $(if $(DOCKER),--docker) \
		$(if $(filter command,$(origin SEGMIND_HISTORY_URL)),--segmind-history-url "$(SEGMIND_HISTORY_URL)") \
		--parameters "$$PARAMETERS"

.PHONY: down
down: $(READY) ## Stop what `make up` started
	@$(BIN)/python -m local.down

.PHONY: check
check: $(READY) .local/checkov/.ready ## Formatter, linter, strict types, directions of imports, template, state machine
	$(BIN)/ruff format --check $(PYTHON_FILES)
	$(BIN)/ruff check $(PYTHON_FILES)
	$(BIN)/mypy $(PYTHON_FILES)
	PYTHONPATH=$(PYTHONPATH):. $(BIN)/lint-imports --no-logo
	$(BIN)/cfn-lint template.yaml
	$(BIN)/python -m local.check_state_machine
	.local/sam/bin/sam validate --lint
	AWS_DEFAULT_REGION=us-east-1 .local/sam/bin/python -m local.transform > .local/transformed.json
	.local/checkov/bin/checkov --config-file .checkov.yaml -f template.yaml -f .local/transformed.json

.PHONY: invoke
invoke: $(READY) ## Run each function with its event under `sam local invoke` (needs Docker), against the local stack
	@docker info >/dev/null || { echo "No Docker engine answers: sam local invoke needs one."; exit 1; }
	@$(BIN)/pytest tests/sam_local

.PHONY: bench
bench: $(READY) ## Measure, write benchmarks/results/ and the tables that show it: [BENCH="polling copy"]
	@$(BIN)/python -m benchmarks $(BENCH)

.PHONY: chaos
chaos: $(READY) ## Break every seam at once, judge each job: [JOBS=1000] [SEED=1] [ONLY=job]
	@$(BIN)/python -m benchmarks.chaos --jobs $(or $(JOBS),1000) --seed $(or $(SEED),1) --only "$(ONLY)" --save

.PHONY: requirements
requirements: $(UV) ## Pin again what requirements/*.in and layers/*/requirements.in ask for
	$(UV) pip compile $(PIN) --upgrade requirements/dev.in -o requirements/dev.txt
	$(UV) pip compile $(PIN) --upgrade requirements/sam.in -o requirements/sam.txt
	$(UV) pip compile $(PIN) --upgrade requirements/ministack.in -o requirements/ministack.txt
	$(UV) pip compile $(PIN) --upgrade requirements/checkov.in -o requirements/checkov.txt
	$(UV) pip compile $(PIN) -c requirements/dev.txt layers/common/requirements.in -o layers/common/requirements.txt
	$(UV) pip compile $(PIN) -c requirements/dev.txt layers/media/requirements.in -o layers/media/requirements.txt

PIN := --quiet --python 3.13 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate

.local/uv/bin/uv:
	python3 -m venv .local/uv
	.local/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# SAM builds with the Python of this environment: it needs pip, hence --seed.
.venv/.ready: requirements/dev.txt .python-version | $(UV)
	$(UV) venv --quiet --clear --seed --python "$$(cat .python-version)" .venv
	$(UV) pip sync --quiet --require-hashes --python .venv/bin/python $<
	@touch $@

# SAM CLI and the local AWS pin what they need: each has an environment of its own.
.local/%/.ready: requirements/%.txt .python-version | $(UV)
	$(UV) venv --quiet --clear --python "$$(cat .python-version)" .local/$*
	$(UV) pip sync --quiet --require-hashes --python .local/$*/bin/python $<
	@touch $@
