# Every command of the project; `make` alone lists them. Environments are made when needed, from envs/*.lock.
PYTHON ?= python3
ENGINE ?=
WORKERS ?= 4
export PYTHON
export PATH := $(CURDIR)/.venv/bin:$(PATH)
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help env demo plan retry report test test-older lint format config lock clean distclean

WORKFLOW := .venv/.workflow-installed
DEV := .venv/.dev-installed
ENGINES := $(patsubst envs/engine-%.in,%,$(wildcard envs/engine-*.in))
CHECKED := batchscope scripts benchmarks tests
SNAKEFILES := Snakefile rules

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

env: $(WORKFLOW) $(if $(ENGINE),.engines/$(ENGINE)/.installed) ## make .venv for Snakemake; with ENGINE=cpu or ENGINE=cuda that engine too

demo: $(WORKFLOW) .engines/cpu/.installed ## a first look on CPU, data to HTML report, in minutes
	snakemake --cores 1 all --configfile configs/demo.yaml
	@printf '\nThe answer: results/report.html (open it in a browser)\n'

plan: $(WORKFLOW) ## print the runs: prompts, tokens, predicted minutes, what is stale and why
	@snakemake --cores 1 plan

retry: $(WORKFLOW) ## measure again the runs that failed, with the configuration of the last call
	python3 -m scripts.retry_failed

report: $(WORKFLOW) ## write results/appendix.html, Snakemake's own report: every file, and how it was made
	snakemake --cores 1 --report results/appendix.html $(if $(wildcard results/config.json),--configfile results/config.json)

test: $(DEV) .engines/cpu/.installed ## run the tests, WORKERS=4 at a time (ARGS= for pytest, such as ARGS="-k plan")
	@tests/install_nsys.sh || true # without it the tests that need it fail, and say so
	@tests/install_smollm2.sh || true # without it the tests that need it fail, and say so
	@tests/install_axe.sh || true # without it the tests that need it fail, and say so
	@tests/install_unpacker.sh || true # without it the test that needs it fails, and says so
	@tests/install_slurm.sh || true # without it the tests that need it fail, and say so
	pytest -v --numprocesses $(WORKERS) --dist loadgroup --no-loadscope-reorder --durations 20 --timeout 900 -m 'not older' $(ARGS)

test-older: $(DEV) ## install an older vLLM for CPU, and run the test that puts the worker into it
	tests/install_older_engine.sh
	pytest -v --timeout 900 -m older tests/engine/test_older_engine.py

lint: $(DEV) ## ruff, mypy, snakefmt and Snakemake's own linter; config.yaml and the picture of the house up to date
	ruff check .
	ruff format --check .
	mypy
	python -m scripts.upkeep.draw_architecture --check
	snakefmt --check $(SNAKEFILES)
	snakemake --lint
	python -m scripts.upkeep.write_config_docs --check
	python -m scripts.upkeep.write_metric_docs --check

format: $(DEV) ## rewrite the code in the project's format
	ruff check --fix .
	ruff format .
	snakefmt $(SNAKEFILES)

config: $(WORKFLOW) ## write config.yaml, config.schema.json and docs/metrics.md from the code
	python -m scripts.upkeep.write_config_docs
	python -m scripts.upkeep.write_metric_docs

lock: $(WORKFLOW) ## resolve envs/*.in again: writes envs/*.lock and the conda files
	envs/lock.sh

clean: ## remove results (measurements included); environments stay
	mkdir -p results && find results -mindepth 1 ! -path results/README.md -delete
	rm -rf logs

distclean: clean ## remove environments and caches too
	rm -rf .venv .engines .nsys .axe .snakemake .pytest_cache .mypy_cache .ruff_cache

# A stamp is written only after an install that succeeded, so an interrupted one is repeated.
$(WORKFLOW): envs/workflow.lock envs/install.sh
	@envs/install.sh workflow
	@touch $@

$(DEV): envs/dev.lock $(WORKFLOW)
	@envs/install.sh dev
	@touch $@

.engines/%/.installed: envs/engine-%.lock envs/install.sh | $(WORKFLOW)
	@envs/install.sh engine-$*
	@touch $@

.engines/%/.installed:
	@echo "There is no engine '$*'. Choose one of: $(ENGINES)"; exit 1
