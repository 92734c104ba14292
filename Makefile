# Two commands do everything on a fresh Debian or Ubuntu machine: `make demo` and `make test`.
# Everything is cached: a second call does only what changed.

.DEFAULT_GOAL := help
.PHONY: help demo test check corpus lab bench venv docs lock

VENV := .venv/bin/python

help: ## Show this list
	@awk -F ': ## ' '/^[a-z]+:.* ## /{sub(/:.*/, "", $$1); printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Drill: break the database connections of an embedded cluster, respond, judge it (no root, no cluster)
	@$$(.ci/python) .ci/venvs.py --primary
	@.venv/bin/tuheg-ir drill database-connection --lang en

test: ## All checks, then the tests on a real cluster (needs root for those; says what it left out)
	@$$(.ci/python) .ci/venvs.py
	@$(VENV) .ci/everything.py

check: ## Everything but the lab, in about five minutes
	@$$(.ci/python) .ci/venvs.py
	@$(VENV) .ci/check.py

corpus: ## Judge every case of diagnosis, in about an hour (make test asks a ninth of them)
	@$$(.ci/python) .ci/venvs.py --primary
	@$(VENV) -m pytest -m corpus

lab: ## Build and start the lab: a real one-node Kubernetes (stop it: .venv/bin/python -m lab down)
	@$$(.ci/python) .ci/venvs.py --primary
	@$(VENV) -m lab build
	@$(VENV) -m lab up

bench: ## Measure against kubectl on the lab, side by side
	@$$(.ci/python) .ci/venvs.py --primary
	@$(VENV) -m benchmarks

venv: ## Make the virtual environments
	@$$(.ci/python) .ci/venvs.py

docs: ## Write the generated tables of the README files and docs/
	@$$(.ci/python) .ci/venvs.py --primary
	@$(VENV) .ci/tables.py

lock: ## Renew the lock files from pyproject.toml (make lock UPGRADE=--upgrade takes the newest)
	@$$(.ci/python) .ci/lock.py $(UPGRADE)
