# Two commands: `make run` runs the suites on the virtual rig, `make test` passes the project's own tests.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/installed

.PHONY: run test clean

run: $(STAMP)
	$(VENV)/bin/bench run --jobs 2

test: $(STAMP)
	$(VENV)/bin/python -m pytest -n 2

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "smets-bench needs Python 3.11 or newer; name one with: make PYTHON=python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing; on Debian: apt install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --no-index -e .
	@touch $(STAMP)

clean:
	rm -rf $(VENV) runs
