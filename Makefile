# Two commands do all the set-up: `make demo` and `make test`. Each builds what it needs in .venv, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check contracts monitors reports bench pictures clean
.DEFAULT_GOAL := demo

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "intercheck needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-for-tests: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed ## the whole job, on the embedded sandbox
	$(BIN)/intercheck demo

check: $(VENV)/.installed-for-tests ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A file stays on one core, so that what its tests share is made once.
test: check ## everything that must hold
	$(BIN)/pytest --numprocesses logical --dist loadfile

contracts: $(VENV)/.installed ## property tests: against the configured workspace, else the sandbox
	$(BIN)/intercheck contract

monitors: $(VENV)/.installed ## one pass over the configured workspaces
	$(BIN)/intercheck probe

reports: $(VENV)/.installed ## the report of what the history holds
	$(BIN)/intercheck report

BENCHMARKS := loading probe_pass probe_process drift mutated_examples shapes diagnosis latency mutants held_out writes
bench: $(VENV)/.installed-for-tests ## measure, for a quarter of an hour; most need ../shared
	@for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python tests/benchmarks/$$name.py || exit 1; done
	@echo "== alerting, in short"
	@$(BIN)/python tests/benchmarks/alerting.py --workspaces 24 --healthy 3 --days 3 --faults 8 --seeds 1
	@$(BIN)/python tests/benchmarks/alerting_kills.py --kills 10

pictures: $(VENV)/.installed-for-tests ## docs/alerts/: every kind of message, as the local Slack shows it
	$(BIN)/python tests/pictures/alerts.py

clean:
	rm -rf $(VENV) build *.egg-info reports/out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
