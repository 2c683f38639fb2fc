# The commands of this project: `make` alone lists them.
#
# The environment is .venv. A stamp in it for each set of requirements (.run, .dev, .more) is newer
# than the files it was installed from, so pip runs only where something is missing or has changed.

PYTHON ?= python3

# Two places matter: where this Makefile is (ROOT), and where the caller stands (CALLER), because a
# relative LOG is meant from there. `make -C DIR` leaves the caller's folder in PWD alone; without -C,
# PWD may be stale (a program that started make in another folder), so it counts only with the flags
# that -C brings or that hide it.
ROOT := $(shell cd "$$(dirname "$$(echo "$(MAKEFILE_LIST)" | sed 's/^ *//')")" && pwd -P)
FLAGS := $(firstword -$(MAKEFLAGS))
MOVED := $(findstring w,$(FLAGS))$(findstring s,$(FLAGS))$(filter --no-print-directory,$(MAKEFLAGS))
CALLER := $(or $(if $(MOVED),$(PWD)),$(CURDIR))
MAKEFLAGS += --no-print-directory

ifneq ($(ROOT),$(CURDIR))
# `make -f DIR/Makefile`: the same, from DIR.
GOALS := $(or $(MAKECMDGOALS),help)
.PHONY: $(GOALS)
$(GOALS):
	@$(MAKE) -C "$(ROOT)" CALLER="$(CURDIR)" $@
else

BIN := .venv/bin
CODE := app tests wsgi.py gunicorn.conf.py

.PHONY: help run test test-more stories soak chaos chaos-mutants lint test-js format bench screenshot clean FORCE
.NOTPARALLEL:

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{printf "  %-17s %s\n", $$1, $$2}'
	@echo '  for example: make run LOG=path/to/train.log PORT=7777'

# LOG is one path as it stands where such a file exists; else words, read as a shell reads them.
# No globbing here (set -f): the program watches a glob for new files, and needs to see it.
# PYTHONSAFEPATH keeps a folder named app beside the caller's log from being taken for ours.
run: .venv/.run ## show LOG (files, folders, globs) live; without LOG, a demo training
	@cd "$(CALLER)" && set -f && \
	if [ -e "$$LOG" ]; then set -- "$$LOG"; else eval "set -- $$LOG"; fi && \
	if [ $$# -eq 0 ]; then set -- demo; fi && \
	PYTHONSAFEPATH=1 PYTHONPATH="$(ROOT)$${PYTHONPATH:+:$$PYTHONPATH}" \
	exec "$(ROOT)/$(BIN)/python" -m app "$$@" $(if $(PORT),-p $(PORT)) $(ARGS)
export LOG

test: .venv/.dev lint test-js ## style, types and all quick tests
	@$(BIN)/python -m pytest tests

test-more: .venv/.more ## the tests that need large packages
	@$(BIN)/python -m pytest -n 3 tests/more

stories: .venv/.dev ## thousands of random stories of a log, told to the reader of files
	@$(BIN)/python -m tests.model --sequences 5000 --seed 1

soak: .venv/.dev ## a day of a server in MINUTES (10): does memory, or anything else, grow?
	@$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),10) $(ARGS)

chaos: .venv/.dev ## every fault we know on the running program, until MINUTES=10 are over; SEED=7 again
	@$(BIN)/python -m tests.chaos.run $(if $(PROFILE),--profile $(PROFILE)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

chaos-mutants: .venv/.dev ## the same on programs that were broken on purpose: it has to find each out
	@$(BIN)/python -m tests.chaos.mutants

lint: .venv/.dev ## style and types only
	@$(BIN)/python -m ruff check $(CODE)
	@$(BIN)/python -m ruff format --check $(CODE)
	@$(BIN)/python -m mypy --strict app

test-js:
	@if command -v node >/dev/null; then node --test --test-reporter=spec tests/js/*.test.js; \
	else echo 'SKIP: node is not installed: tests/js not run'; [ "$$TAILPLOT_CI" != 1 ]; fi

format: .venv/.dev ## put the code into its standard shape
	@$(BIN)/python -m ruff check --fix $(CODE)
	@$(BIN)/python -m ruff format $(CODE)

bench: .venv/.dev ## measure, and compare with the limits we promise
	@$(BIN)/python -m pytest -s tests/bench

screenshot: .venv/.dev ## the pictures of the README, from a real browser
	@$(BIN)/python tests/browser/screenshot.py

clean: ## remove .venv and every cache
	@rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find app tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A .venv counts as whole only without .unfinished, which lies in it while something is being
# installed: after a Ctrl-C or a power cut in the middle it is made anew.
WHOLE := $(shell [ -x .venv/bin/python ] && [ ! -e .venv/.unfinished ] && echo yes)
RECENT := import sys; sys.exit(sys.version_info < (3, 11))

.venv/.run: requirements.txt $(if $(WHOLE),,FORCE)
	@$(call install,requirements.txt)
	@touch $@

.venv/.dev: requirements-dev.txt requirements.txt $(if $(WHOLE),,FORCE)
	@$(call install,requirements-dev.txt)
	@touch .venv/.run $@

.venv/.more: requirements-more.txt requirements-dev.txt requirements.txt $(if $(WHOLE),,FORCE)
	@$(call install,requirements-more.txt)
	@touch .venv/.run .venv/.dev $@

FORCE:

# pip that fails by itself puts back what it took away, so only an interrupted one leaves the mark.
define install
if [ -e .venv/.unfinished ] || ! $(BIN)/python -c '$(RECENT)' 2>/dev/null \
|| ! $(BIN)/python -m pip --version >/dev/null 2>&1; then $(make_venv); fi; \
echo 'Installing what $(1) names into .venv (once) ...'; \
touch .venv/.unfinished; \
$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input -r $(1); \
code=$$?; rm -f .venv/.unfinished; exit $$code
endef

define make_venv
$(call ask,command -v $(PYTHON),Tailplot needs Python 3.11 or newer and found no $(PYTHON). $(name_one)); \
$(call ask,$(PYTHON) -c '$(RECENT)',Tailplot needs Python 3.11 or newer; this is $$($(PYTHON) -V 2>&1). $(name_one)); \
$(call ask,$(PYTHON) -c 'import venv$(comma) ensurepip',$(no_venv)); \
rm -rf .venv; mkdir .venv; touch .venv/.unfinished; \
$(call ask,$(PYTHON) -m venv .venv,$(no_venv))
endef

comma := ,
name_one = Name one with: make PYTHON=/path/to/python3
no_venv = $(PYTHON) cannot make a virtual environment: install its venv module (Debian and Ubuntu: sudo apt install python3-venv).
# $(call ask,COMMAND,SENTENCE): where COMMAND fails, say SENTENCE and stop.
ask = if ! $(1) >/dev/null 2>&1; then echo "$(2)" >&2; exit 1; fi
endif
