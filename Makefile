# What to type here; `make help` lists it. deploy/bootstrap.sh does the setting up.
.DEFAULT_GOAL := help
.PHONY: help install demo test test-fast check bench bench-quick fuzz soak check-deploy check-cluster check-image \
	manifests lock tools servers rivals go-tools

BIN := .venv/bin
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
	--no-emit-index-url --no-emit-find-links --allow-unsafe --strip-extras

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

install: ## Set up .venv with the command nofos-bridge
	@sh deploy/bootstrap.sh install

demo: install ## Broker, 25 simulated chargers, bridge and page, until Ctrl-C
	@$(BIN)/nofos-bridge demo

test: tools servers ## All tests, on real servers; installs what they need
	@$(BIN)/python -m pytest -n 4

test-fast: tools ## Those that start no other program and are quick, in a minute
	@$(BIN)/python -m pytest -n 2 -q -m "not program and not slow"

check: tools ## Lint, format, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/project/test_layers.py

bench: rivals ## Benchmark beside other programs, a quarter of an hour; writes docs/performance.md
	@$(BIN)/python -m bench --write docs/performance.md

bench-quick: rivals ## The same in two minutes, printed only
	@$(BIN)/python -m bench --quick

check-deploy: tools servers go-tools ## Chart, overlays and compose with helm, kustomize, kubeconform, docker-compose
	@$(BIN)/python -m pytest -n 0 tests/deploy/check_deploy.py tests/deploy/check_compose.py tests/deploy/test_helm.py

check-cluster: tools go-tools ## The same with a real API server, without nodes; builds it once
	@sh deploy/check-apiserver.sh
	@$(BIN)/python -m pytest -n 0 tests/deploy/check_cluster.py tests/deploy/check_install.py

check-image: ## The Dockerfile's steps in a fresh root; as root, without an engine
	@sh deploy/check-image.sh

manifests: tools go-tools ## Generate from the chart: its schema, kustomize's base, tests/deploy/rendered
	@$(BIN)/python -m tests.deploy.schema > deploy/helm/nofos-bridge/values.schema.json
	@$(BIN)/python -m tests.deploy.copies
	@$(BIN)/python -m tests.deploy.render

soak: tools servers ## A bad day at ten times speed on real servers, 15 minutes, then the result
	@$(BIN)/python -m bench.real_time

fuzz: tools ## A thousand flipped bits in the files of the data folder, a minute or two
	@$(BIN)/python -m tests.storage.fuzz

lock: tools ## Update the lock files to the newest versions
	@$(COMPILE) --upgrade -o deploy/requirements.lock pyproject.toml deploy/requirements.in
	@$(COMPILE) --upgrade -o tests/requirements.lock tests/requirements.in
	@$(COMPILE) --upgrade -o bench/requirements.lock bench/requirements.in

tools:
	@sh deploy/bootstrap.sh tools

servers:
	@sh deploy/bootstrap.sh servers

go-tools: tools
	@sh deploy/check-tools.sh

rivals: tools servers
	@sh bench/setup.sh
