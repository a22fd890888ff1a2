# Everything a developer runs. Needs Python 3.11 or newer and make; the rest is installed into
# .venv (ftx and its tests) and .oracles (the frameworks that are asked about our output).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ORACLES := .oracles
CORPUS ?= fixtures/corpus_sample
PYTEST_FLAGS ?=
ROUND ?= 2
MEASURE_PYTHON ?= python3
MEASURE_SECONDS ?= 3600

export FTX_AXOLOTL_PYTHON ?= $(CURDIR)/$(ORACLES)/axolotl/bin/python
export FTX_TORCHTUNE_PYTHON ?= $(CURDIR)/$(ORACLES)/torchtune/bin/python

.PHONY: help demo test lint format oracles corpus search audit agreement bench measure generate clean

help: ## Say what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/ready ## Convert, compare and print a shipped example, end to end
	@sh scripts/demo.sh $(BIN)/ftx

test: $(VENV)/ready ## Everything that needs no framework: lint, types, generated files, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/generate.py --check
	$(BIN)/pytest -m "not oracle and not gpu" $(PYTEST_FLAGS)

lint: $(VENV)/ready ## Lint and type-check alone
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/ready ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

oracles: $(VENV)/ready $(ORACLES)/axolotl/ready $(ORACLES)/torchtune/ready ## Ask the real frameworks (CPU)
	PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(FTX_AXOLOTL_PYTHON) -m pytest -m oracle tests/oracles/test_axolotl.py tests/oracles/test_axolotl_templates.py tests/oracles/test_trl.py tests/oracles/test_axolotl_prompts.py tests/oracles/test_axolotl_modules.py tests/oracles/test_hybrid_models.py tests/oracles/test_selective_scan.py tests/oracles/test_experts.py tests/oracles/test_kimi_linear.py tests/oracles/test_accept.py tests/test_catalog_formats.py tests/test_catalog_instructions.py $(PYTEST_FLAGS)
	$(BIN)/pytest -m oracle tests/oracles/test_equivalence.py $(PYTEST_FLAGS)
	PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(FTX_TORCHTUNE_PYTHON) -m pytest -m oracle tests/test_catalog_formats.py tests/test_catalog_torchtune.py tests/test_catalog_instructions.py tests/oracles/test_torchtune_own_texts.py $(PYTEST_FLAGS)

corpus: $(VENV)/ready ## Read, convert and have accepted every file below CORPUS
	$(BIN)/python scripts/corpus.py $(CORPUS) --accept

search: $(VENV)/ready ## Look for files below CORPUS, and recipes, that do not read back as they were (EXAMPLES=2500)
	PYTHONPATH=.:scripts $(BIN)/python scripts/round_trips.py $(CORPUS)
	FTX_EXAMPLES=$(or $(EXAMPLES),2500) $(BIN)/pytest -k test_what_is_written_reads_back tests/test_roundtrip.py $(PYTEST_FLAGS)

audit: $(VENV)/ready ## Change every value below CORPUS and look for silence
	$(BIN)/python scripts/audit.py $(CORPUS) --scripts

agreement: $(VENV)/ready $(ORACLES)/axolotl/ready $(ORACLES)/torchtune/ready ## Compare lint with the frameworks' own checks below CORPUS
	PYTHONPATH=.:scripts $(BIN)/python scripts/lint_oracle.py $(CORPUS)
	PYTHONPATH=.:scripts $(BIN)/python scripts/lint_oracle.py $(CORPUS) --framework torchtune
	PYTHONPATH=.:scripts $(BIN)/python scripts/lint_fix_oracle.py $(CORPUS)

bench: $(VENV)/ready ## Time the command beside its alternatives
	$(BIN)/python scripts/bench.py
	$(BIN)/python scripts/bench_lint.py

measure: $(VENV)/ready ## Train on this machine's GPU what was predicted (ROUND=2); see docs/estimate.md
	$(BIN)/python scripts/measure/grid.py build/measure $(ROUND)
	$(BIN)/python scripts/measure/predict.py build/measure
	cp scripts/measure/probe.py scripts/measure/ftx_rows.py build/measure
	$(MEASURE_PYTHON) scripts/measure/drive.py build/measure build/measured $(MEASURE_SECONDS)

generate: $(VENV)/ready ## Write schemas, the matrix and the README's blocks anew
	$(BIN)/python scripts/generate.py

clean: ## Remove what make has built
	rm -rf $(VENV) $(ORACLES) .pytest_cache .mypy_cache .ruff_cache

$(VENV)/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("ftx needs Python 3.11 or newer") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -e '.[dev]'
	$(BIN)/python -m compileall -q translator
	touch $@

# torch first: its CPU build is what the frameworks then find installed. triton and its like are
# for GPUs and come only as far as the frameworks ask for them.
$(ORACLES)/axolotl/ready: pyproject.toml
	$(PYTHON) -m venv $(ORACLES)/axolotl
	$(ORACLES)/axolotl/bin/python -m pip install -q torch==2.13.0
	$(ORACLES)/axolotl/bin/python -m pip install -q axolotl==0.19.0
	$(ORACLES)/axolotl/bin/python -m pip install -q -e '.[test]'
	touch $@

$(ORACLES)/torchtune/ready: pyproject.toml
	$(PYTHON) -m venv $(ORACLES)/torchtune
	$(ORACLES)/torchtune/bin/python -m pip install -q torch==2.13.0
	$(ORACLES)/torchtune/bin/python -m pip install -q torchtune==0.6.1 torchao==0.15.0 bitsandbytes
	$(ORACLES)/torchtune/bin/python -m pip install -q -e '.[test]'
	touch $@
