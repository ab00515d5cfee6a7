VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.txt

.PHONY: setup demo test check lint wheel bench simulate year mutate lock clean

## setup: make .venv with everything in it, and nothing else
setup: $(VENV)/.ok

## demo: the whole product on this machine, with a WhatsApp simulator to tap on
demo: $(VENV)/.ok
	@$(BIN)/curatorbot demo

## test: every test that needs no installation of its own
test: $(VENV)/.ok
	@$(BIN)/python -m pytest -q -n auto --dist loadfile

## lint: the gate: style, types, floors, dependencies
lint: $(VENV)/.ok
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry bot

## wheel: build it and run the demo's story from it, away from the checkout
wheel: $(VENV)/.ok
	rm -rf build/wheel && $(BIN)/uv build -q --wheel -o build/wheel
	python3 -m venv build/wheel/venv
	VIRTUAL_ENV=$(CURDIR)/build/wheel/venv $(BIN)/uv pip install -q --require-hashes -r requirements/runtime.txt
	VIRTUAL_ENV=$(CURDIR)/build/wheel/venv $(BIN)/uv pip install -q --no-deps build/wheel/*.whl
	cd build/wheel && venv/bin/curatorbot demo --script >/dev/null && echo "the wheel plays the story"

## check: what .ci/run runs
check: lint wheel test

## bench: ours against the reference, both sides in one run
bench: $(VENV)/.ok
	$(BIN)/curatorbot bench ledger --quick
	$(BIN)/curatorbot bench inbound --quick
	$(BIN)/curatorbot bench storm --quick

## simulate: the longer simulations: every crash on both databases
simulate: $(VENV)/.ok
	@$(BIN)/python -m pytest -q -m simulation tests/simulation

## year: other years of alerts than the suite's, of more clients, and their tables: make year SEEDS="1 2" CLIENTS=2000
year: CLIENTS = 2000
year: SEEDS = 1
year: $(VENV)/.ok
	@CURATORBOT_YEAR_CLIENTS=$$(( $(CLIENTS) / 2 )) CURATORBOT_YEAR_SEEDS="$(SEEDS)" $(BIN)/python -m pytest -q -s \
	  tests/property/test_alert_year_oceans.py tests/property/test_alert_year_land.py

## mutate: mutation testing of bot/billing, or of one module: make mutate MODULE=charging
mutate: build/mutate/venv/.ok
	@build/mutate/venv/bin/python -m tests.mutation $(MODULE) $(WITH)

## lock: rewrite the pins; they name no registry host
lock: $(VENV)/.ok
	$(BIN)/uv pip compile pyproject.toml --group dev --extra postgres --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-annotate --generate-hashes --custom-compile-command 'make lock' -q -o $(LOCK)
	$(BIN)/uv pip compile pyproject.toml --extra postgres --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-annotate --generate-hashes --custom-compile-command 'make lock' -q -o requirements/runtime.txt
	$(BIN)/uv pip compile pyproject.toml --group dev --group mutate --extra postgres --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-annotate --generate-hashes --custom-compile-command 'make lock' -c $(LOCK) -q -o requirements/mutate.txt

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.ok: pyproject.toml $(LOCK)
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo "Setting up .venv (once, about half a minute) ..."
	@python3 -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==0.13.9
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install -q --compile-bytecode --require-hashes -r $(LOCK) \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(LOCK)
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install -q --no-deps -e . \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

build/mutate/venv/.ok: requirements/mutate.txt $(VENV)/.ok
	@python3 -m venv build/mutate/venv
	@VIRTUAL_ENV=$(CURDIR)/build/mutate/venv $(BIN)/uv pip install -q --compile-bytecode --require-hashes -r requirements/mutate.txt
	@touch $@
