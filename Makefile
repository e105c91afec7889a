# Crossport's verbs; each sets up what it needs first. No make? `python3 scripts/dev.py demo` does the same.
PYTHON ?= python3
DEV = $(PYTHON) scripts/dev.py

.DEFAULT_GOAL := help
.PHONY: help setup demo test run lint types format bench schema lock check

help: ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything into .venv
	@$(DEV) setup

demo: ## Install, start everything, mirror and export real models; PORT=8001, ONCE=1
	@PORT="$(PORT)" ONCE="$(ONCE)" $(DEV) demo

test: ## Install, start what tests need, run them all; ARGS="-k mirror"
	@$(DEV) test $(ARGS)

run: ## Serve for real against DATABASE_URL and REDIS_URL; PORT=8000
	@PORT="$(PORT)" $(DEV) run

lint: ## Style: ruff
	@$(DEV) check lint

types: ## Types: mypy --strict
	@$(DEV) check types

format: ## Format the code
	@$(DEV) check format

bench: ## Run one benchmark; NAME=first_export, NAME=watch OLD= NEW="onnxruntime==1.28.0"
	@NAMES="$(NAMES)" RESULTS="$(RESULTS)" OLD="$(OLD)" NEW="$(NEW)" $(DEV) bench $(NAME)

schema: ## Write the OpenAPI schema
	@$(DEV) schema

lock: ## Compile the requirements files from pyproject.toml
	@$(DEV) lock

check: ## Style, types, import rules, migrations, schema, lock and deployment files
	@$(DEV) check
