# `make` tells what there is to make. Works with GNU make 3.81 (macOS) and later.

.DEFAULT_GOAL := help
.PHONY: help run test lint format messages bench lock venv install install-dev peers

PORT ?= 8000
JOBS ?= 2
ARGS ?=
VENV := .venv
# Programs are called through `python -m`: their own first lines break when the folder is moved.
PY := $(VENV)/bin/python

# Settings left over from another project must not decide what is installed here or how it starts.
# Mirrors, proxies and certificates (PIP_INDEX_URL, PIP_CERT, https_proxy) stay: the machine needs them.
unexport PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV CONDA_PREFIX __PYVENV_LAUNCHER__
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_USER PIP_CONSTRAINT PIP_REQUIREMENT PIP_NO_BINARY
unexport PIP_ONLY_BINARY PIP_PRE PIP_DRY_RUN PIP_PYTHON PIP_REQUIRE_VIRTUALENV
unexport FLASK_APP FLASK_ENV FLASK_DEBUG FLASK_RUN_HOST FLASK_RUN_PORT
unexport PYTEST_ADDOPTS PYTEST_PLUGINS

# Only what the lock names, only with its hashes. Compiling at install costs more than compiling on
# first import, as most modules are never imported.
PIP_INSTALL := $(PY) -m pip install --require-hashes --no-deps --no-compile -qq \
  --progress-bar off --disable-pip-version-check --no-input --no-warn-script-location

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: install ## install, make the database and demo data, serve on http://127.0.0.1:8000 (PORT=)
	@exec $(PY) -m flask --app wsgi demo --port $(PORT)

test: install-dev peers ## the whole suite against real parts (ARGS= goes to pytest)
	$(PY) -m pytest -n $(JOBS) --dist loadfile $(ARGS)

lint: install-dev ## formatter, linter, types, import contracts
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

format: install-dev ## put the code in order
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .

# Only sentences; where they stand would change with every line above them.
BABEL := $(PY) -m babel.messages.frontend -q
CATALOGUES := portal/translations
messages: install-dev ## after a sentence has changed: extract, update, compile (docs/portal.md)
	$(BABEL) extract -F $(CATALOGUES)/babel.cfg -k _l -k N_ -k lazy_gettext -k plural:2,3 -k shown:4,5 \
	  --no-location --no-wrap --sort-output --omit-header -o $(CATALOGUES)/messages.pot .
	$(BABEL) update -i $(CATALOGUES)/messages.pot -d $(CATALOGUES) --no-wrap --no-fuzzy-matching \
	  --ignore-obsolete --ignore-pot-creation-date
	$(BABEL) compile -d $(CATALOGUES)

bench: install-dev peers ## side-by-side measurements, one after the other
	@set -e; \
	for b in write_path portal seats scim; do echo "== $$b"; $(PY) -m bench.$$b $(ARGS); done

# The runtime lock first; the other holds the same versions and adds to them.
LOCK := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-config --custom-compile-command 'make lock' setup.cfg
lock: install-dev ## after a change in setup.cfg (LOCKARGS=--upgrade for the newest of everything)
	$(LOCK) $(LOCKARGS) -o requirements.lock >/dev/null
	$(LOCK) $(LOCKARGS) --all-extras -c requirements.lock -o requirements-dev.lock >/dev/null
	@sed -i.old '/^    #   -c requirements.lock$$/d' requirements-dev.lock && rm -f requirements-dev.lock.old
	@rm -rf chamberlain.egg-info

# --- the steps behind ---------------------------------------------------------------------------

# What a Python must be able to do: be 3.11 or newer and bring pip along (Debian splits that off).
# -I: $(shell) still sees the variables taken away above.
FIT := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
  $$p -I -c '$(FIT)' >/dev/null 2>&1 && { echo $$p; break; }; done)

define NEED_PYTHON
  exec >&2; \
  if python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
    echo 'This Python cannot make virtual environments. Run: sudo apt-get install -y python3-venv'; \
  elif [ "$$(uname)" = Darwin ]; then \
    echo 'Chamberlain needs Python 3.11 or newer. Run: brew install python@3.13'; \
  else \
    echo 'Chamberlain needs Python 3.11 or newer. Run: sudo apt-get install -y python3 python3-venv'; \
    echo '(or name one: make run PYTHON=/path/to/python3)'; \
  fi;
endef

venv:
	@$(PY) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || { \
	  python='$(PYTHON)'; \
	  "$${python:-none}" -I -c '$(FIT)' >/dev/null 2>&1 || { $(NEED_PYTHON) exit 1; }; \
	  echo "Making $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV); }

install: venv
	@cmp -s requirements.lock $(VENV)/requirements.lock || { \
	  echo 'Installing what requirements.lock names (once; about half a minute)'; \
	  $(PIP_INSTALL) -r requirements.lock && cp requirements.lock $(VENV)/; }

install-dev: venv
	@cmp -s requirements-dev.lock $(VENV)/requirements-dev.lock || { \
	  echo 'Installing what requirements-dev.lock names'; \
	  $(PIP_INSTALL) -r requirements-dev.lock && cp requirements.lock requirements-dev.lock $(VENV)/; }

peers:
	@tests/counterparts/install.sh
