# The habits of this project; `make` lists them. Whatever needs the virtual environment builds it first.

SHELL := bash
MAKEFLAGS += --no-print-directory
# Every process starts in half the time once the modules are compiled; some machines turn that off for all programs.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help

# Overridable: make PYTHON=python3.12, make test ARGS="-k schedule", make run ADDRESS=127.0.0.1:8001
PYTHON ?= python3
# More workers than cores: tests wait (for processes, timeouts, a browser) a third of their time.
WORKERS ?= 3
ADDRESS ?= 127.0.0.1:8000
ARGS ?=

VENV := .venv
# What `make run` needs, and what everything else needs.
SERVE := $(VENV)/.serve
STAMP := $(VENV)/.installed
RUN := $(VENV)/bin/python
MANAGE := $(RUN) manage.py
PYTEST := $(RUN) -m pytest -n $(WORKERS) $(ARGS)
POSTGRES := $(RUN) -m coach.tests.postgres run --

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- the virtual environment ----------------------------------------------------------------------

# The locks are complete, so nothing is resolved; Python compiles a module when it is first imported.
INSTALL := pip install -qq --require-hashes --no-deps --no-compile

# The stamps make a second `make` instant. The locks carry the hash of every file that is installed.
$(SERVE): requirements/agent.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		found=$$($(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null || echo missing); \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$found." >&2; \
		echo "Name another, for example: make PYTHON=python3.11" >&2; \
		exit 1; \
	}
	@echo "Installing the service into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m $(INSTALL) -r $<
	@touch $@

$(STAMP): requirements/dev.lock $(SERVE)
	@echo "Installing the tools of development into $(VENV) ..."
	@$(RUN) -m $(INSTALL) -r $<
	@touch $@

COMPILE := $(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS)

.PHONY: lock
lock: $(STAMP) ## Recompile the locks after a change of requirements (ARGS=--upgrade: newest of all)
	$(COMPILE) requirements.txt --output-file requirements/runtime.lock
	$(COMPILE) --constraints requirements/runtime.lock requirements/agent.txt --output-file requirements/agent.lock
	$(COMPILE) --constraints requirements/agent.lock requirements/dev.txt --output-file requirements/dev.lock

.PHONY: hooks
hooks: $(STAMP) ## Let git run ruff before each commit
	$(RUN) -m pre_commit install

# --- running it -----------------------------------------------------------------------------------

# Always the local file, whatever the shell exports: demo accounts must never reach another database.
.PHONY: run
run: export ARCADIA_DEBUG := 1
# Plans, lessons and chat by rule: neither a key nor a network is needed.
run: export ARCADIA_AGENT := offline
run: export ARCADIA_DATABASE_URL := sqlite:///var/arcadia.sqlite3
run: export ARCADIA_ATTACHMENTS_DIR := var/attachments
run: $(SERVE) ## Serve the sample learners on http://127.0.0.1:8000, with an SQLite file in var/
	@mkdir -p var
	$(MANAGE) migrate --verbosity 0
# 2 says that there were rejects or conflicts, which the table on the screen names: no reason not to serve.
	$(MANAGE) backfill --data-dir fixtures/legacy --attachment-files fixtures/legacy/attachment_files || [ $$? -eq 2 ]
	$(MANAGE) demo_staff --address $(ADDRESS)
	@echo "Serving http://$(ADDRESS) (documentation under /docs); Ctrl-C stops it"
# The worker has a process group of its own, which is killed with the server: nothing is lost, and its task continues after the next start.
	@set -m; $(MANAGE) qcluster & worker=$$!; set +m; trap "kill -KILL -- -$$worker" EXIT; \
	$(RUN) -m gunicorn --config python:arcadia.serving.gunicorn --workers 1 --bind $(ADDRESS) arcadia.wsgi

# --- proving it -----------------------------------------------------------------------------------

# `tee -i`: Ctrl-C is for the tests, and what they say while they put things away must still find a reader.

.PHONY: test
test: $(STAMP) ## Run the tests on SQLite, then on PostgreSQL
	@status=0; \
	$(MAKE) test-sqlite || status=1; \
	$(MAKE) test-postgres || status=1; \
	echo; \
	echo "SQLite:     $$(tail -n 1 var/test-sqlite.log)"; \
	echo "PostgreSQL: $$(tail -n 1 var/test-postgres.log)"; \
	exit $$status

.PHONY: test-sqlite
test-sqlite: $(STAMP) ## Run the tests on SQLite
	@mkdir -p var; set -o pipefail; \
	echo "Tests on SQLite"; \
	ARCADIA_DATABASE_URL= $(PYTEST) 2>&1 | tee -i var/test-sqlite.log

# 77: no PostgreSQL can be had. That must not pass unseen anywhere, and not at all in CI.
.PHONY: test-postgres
test-postgres: $(STAMP) ## Run the tests on a throw-away PostgreSQL
	@mkdir -p var; set -o pipefail; status=0; \
	echo "Tests on PostgreSQL"; \
	$(POSTGRES) $(PYTEST) 2>&1 | tee -i var/test-postgres.log || status=$$?; \
	if [ $$status -eq 77 ]; then \
		echo "SKIPPED: NOTHING WAS TESTED ON POSTGRESQL, because none can be had here" | tee -a var/test-postgres.log; \
		[ "$$CI" = true ] || status=0; \
	fi; \
	exit $$status

.PHONY: check
check: $(STAMP) ## Check style, types, migrations and the settings of production
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	ARCADIA_DEBUG=1 $(RUN) -m mypy
	@echo "$(RUN) -m vulture"
# Attributes belong to libraries, templates and documents: only what could be called or made is looked for.
	@! $(RUN) -m vulture | grep --invert-match --extended-regexp 'unused (variable|attribute)'
	@echo "The locks hold what the requirements pin"
	@$(RUN) -m pip install -qq --dry-run --no-index --no-deps -r requirements/dev.txt \
		|| { echo "They do not: run make lock, then make check again" >&2; exit 1; }
	ARCADIA_DEBUG=1 ARCADIA_DATABASE_URL=sqlite:///:memory: $(MANAGE) makemigrations --check --dry-run
	@echo "$(MANAGE) check --deploy"
	@ARCADIA_DEBUG= ARCADIA_DATABASE_URL=sqlite:///:memory: ARCADIA_ALLOWED_HOSTS=coach.example ARCADIA_REQUIRE_API_TOKEN=1 \
		ARCADIA_SECRET_KEY="$$($(RUN) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
		$(MANAGE) check --deploy --fail-level WARNING

.PHONY: contract
contract: $(STAMP) ## Replay the recorded HTTP contract against a server of this code
# It empties the database it is given, and so it is given none: it makes a file of its own.
	ARCADIA_DATABASE_URL= $(RUN) -m coach.tests.contract

EVIDENCE := var/evidence
LEARNERS ?= 5000
KILLS ?= 200
MINUTES ?= 20
STEPS ?= 4000

.PHONY: evidence
evidence: $(STAMP) ## The long proof, hours of it (LEARNERS=, KILLS=, MINUTES=, STEPS=); its figures go to benchmarks/RESULTS.md
	@rm -rf $(EVIDENCE); mkdir -p $(EVIDENCE)/stores
	@ARCADIA_DEBUG=1 ARCADIA_ATTACHMENTS_DIR=$(EVIDENCE)/attachments $(POSTGRES) $(MAKE) evidence-round-trip
	$(RUN) -m benchmarks.schedules --learners 10000
	$(RUN) -m benchmarks.progress --learners 10000 --days 60
	ARCADIA_DEBUG=1 $(RUN) -m benchmarks.clients
	ARCADIA_DEBUG=1 $(RUN) -m benchmarks.goals
	ARCADIA_DEBUG=1 $(RUN) -m benchmarks.journeys
	ARCADIA_DEBUG=1 ARCADIA_ATTACHMENTS_DIR=$(EVIDENCE)/attachments $(POSTGRES) $(RUN) -m benchmarks.concurrency --operations 8000
	ARCADIA_DEBUG=1 $(POSTGRES) bash -c '$(RUN) -m benchmarks.backfill --database "$$ARCADIA_DATABASE_URL" --learners $(LEARNERS)'
	ARCADIA_DEBUG=1 $(POSTGRES) bash -c '$(RUN) -m benchmarks.kills --database "$$ARCADIA_DATABASE_URL" --kills $(KILLS) --learners $(LEARNERS)'
	ARCADIA_DEBUG=1 $(RUN) -m benchmarks.kills --database sqlite:///$(EVIDENCE)/kills.sqlite3 --kills $(KILLS) --learners $(LEARNERS)
	ARCADIA_DEBUG=1 $(POSTGRES) $(RUN) -m benchmarks.model --steps $(STEPS)
	ARCADIA_DEBUG=1 ARCADIA_DATABASE_URL=sqlite:///$(EVIDENCE)/model.sqlite3 $(RUN) -m benchmarks.model --steps $(STEPS)
	ARCADIA_DEBUG=1 $(POSTGRES) $(RUN) -m benchmarks.reads
	ARCADIA_DEBUG=1 $(POSTGRES) $(RUN) -m benchmarks.soak --minutes $(MINUTES)
	ARCADIA_DEBUG=1 $(RUN) -m benchmarks.failures
	ARCADIA_DEBUG=1 $(POSTGRES) $(RUN) -m benchmarks.uploads --notes 5000
	ARCADIA_DEBUG=1 $(POSTGRES) $(RUN) -m benchmarks.slow_model
	ARCADIA_DEBUG=1 $(POSTGRES) $(RUN) -m benchmarks.admin_lists
	ulimit -n 8192 && ARCADIA_DEBUG=1 $(POSTGRES) $(RUN) -m benchmarks.hostile
	ARCADIA_DEBUG=1 $(POSTGRES) $(RUN) -m benchmarks.large_bodies
	$(RUN) -m benchmarks.scale pooler
	$(RUN) -m benchmarks.scale failover
	$(RUN) -m benchmarks.scale growth

# Inside the launcher: the database is new, and gone afterwards.
.PHONY: evidence-round-trip
evidence-round-trip: SAMPLES := --data-dir fixtures/legacy
evidence-round-trip:
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) backfill $(SAMPLES) --attachment-files fixtures/legacy/attachment_files --report $(EVIDENCE)/first.json
	$(MANAGE) backfill $(SAMPLES) --report $(EVIDENCE)/second.json
	$(MANAGE) backfill $(SAMPLES) --verify
	$(MANAGE) export_stores --data-dir $(EVIDENCE)/stores
	$(MANAGE) backfill --data-dir $(EVIDENCE)/stores --verify

.PHONY: clean
clean: ## Remove the virtual environment and all caches; local data in var/ stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find arcadia coach manage.py -name __pycache__ -type d -prune -exec rm -rf {} +
