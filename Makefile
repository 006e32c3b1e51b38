# `make` alone prints what each target does.

HOST := 127.0.0.1
PORT ?= 5000
NETWORK ?= small
WEIGHTS ?= $(if $(filter resnet,$(NETWORK)),float16,float32)
DATA ?= data
# Spaces in the names of photos are escaped; in quotes, ~ would not be expanded.
escaped = $(subst $() ,\ ,$(1))
# The project's own photos have the classes cat and dog: drawings of both are mixed in.
DRAWINGS_OF_BOTH := $$(cd $(call escaped,$(DATA))/cats-dogs 2>&- || cd $(call escaped,$(DATA)); [ "$$(echo */)" != "cat/ dog/" ] || echo --drawings)
DRAWINGS ?= $(if $(or $(ZIP),$(wildcard $(call escaped,$(DATA:%/=%))/cats-dogs),$(filter %cats-dogs,$(DATA:%/=%))),$(DRAWINGS_OF_BOTH))
MINUTES ?= 10
SHARED ?= ../shared
export SHARED

WANTED := import sys, ensurepip, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach name, python3.12 python3.13 python3.11 python3.10 python3 python, \
	$(shell $(name) -c '$(WANTED)' 2>/dev/null && echo $(name))))
READY := .venv/.installed-$(shell cat requirements.lock | cksum | cut -d' ' -f1)

# The steps of `make test`; each is a target, and all are run even where one fails.
STEPS := lint types browser tests notebook-outputs
# One process per core; the tests of a file, and the cells of a notebook, stay together.
XDIST := --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
# Notebooks send requests to this machine without a proxy; in tests, conftest.py does it.
notebook-outputs notebooks: export NO_PROXY := 127.0.0.1,localhost
notebook-outputs notebooks: export no_proxy := 127.0.0.1,localhost

# The processes share the cores: one thread of TensorFlow each takes less CPU time.
tests: export TF_NUM_INTRAOP_THREADS := 1

# JupyterLab refuses to run as root, as in most containers, unless it is told to.
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help demo test check $(STEPS) lab train soak bench lock notebooks clean
.DEFAULT_GOAL := help

help: ## print this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## serve the shipped models (HOST=127.0.0.1 PORT=5000)
	@.venv/bin/python webapp/app.py --host $(HOST) --port $(PORT)

test: $(READY) ## pass everything: lint, types, tests, notebooks
	@failed=; for step in $(STEPS); do \
		echo "== $$step"; $(MAKE) --no-print-directory $$step || failed="$$failed $$step"; \
	done; \
	test -z "$$failed" || { echo "failed steps:$$failed"; exit 1; }

check: $(READY) lint types ## the quick checks while editing: lint, types, tests of what changed
	.venv/bin/pytest $(XDIST) -m 'not photos' $$(.venv/bin/python tools/changed_tests.py)

lint:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types:
	.venv/bin/mypy

browser:
	.venv/bin/python tools/find_browser.py

tests:
	.venv/bin/pytest $(XDIST) -m 'not photos and not ci' tests

notebook-outputs: # apart from the tests: a kernel inherits the peak memory of its parent
	.venv/bin/pytest $(XDIST) --nbval notebooks

lab: $(READY) ## read and run the notebooks in JupyterLab (LAB='--port 8890 --no-browser')
	@cd notebooks && ../.venv/bin/jupyter lab --LabApp.default_url=/lab/tree/README.md \
		--LabApp.app_settings_dir=../tools/lab $(AS_ROOT) $(LAB)

train: $(READY) ## train and freeze (NETWORK=small|resnet|alexnet DATA=data ZIP=photos.zip)
	@$(if $(ZIP),.venv/bin/python -m helpers download --from $(call escaped,$(ZIP)) --data $(call escaped,$(DATA)))
	@.venv/bin/python -m helpers train $(call escaped,$(DATA)) --network $(NETWORK) --out checkpoints/$(NETWORK)$(if $(DRAWINGS), $(DRAWINGS))
	@.venv/bin/python -m helpers freeze checkpoints/$(NETWORK) --weights $(WEIGHTS)

soak: $(READY) ## send mixed traffic and check that nothing is lost or grows (MINUTES=10)
	@.venv/bin/python -m benchmarks.soak --minutes $(MINUTES)

bench: $(READY) ## print the measured claims
	@.venv/bin/python benchmarks/training.py
	@.venv/bin/python benchmarks/freezing.py
	@.venv/bin/python benchmarks/inspecting.py
	@.venv/bin/python benchmarks/reloading.py
	@.venv/bin/python benchmarks/costs.py
	@.venv/bin/python benchmarks/serving.py
	@.venv/bin/python tools/write_results.py

lock: $(READY) ## pin everything that the requirements bring
	.venv/bin/uv pip compile --quiet --universal --python-version 3.10 --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links \
		requirements.txt tests/requirements.txt --output-file requirements.lock

notebooks: $(READY) ## run all notebooks and store their outputs
	.venv/bin/python tools/write_first_cells.py
	.venv/bin/python tools/run_notebooks.py
	.venv/bin/python tools/write_contents.py
	.venv/bin/python tools/write_course.py

clean: ## remove .venv and what training and tests wrote
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache build *.egg-info
	git clean -fdXq checkpoints notebooks helpers webapp tests tools benchmarks

$(READY): # its name changes with the lock
	@test -n '$(PYTHON)' || { echo 'Python 3.10, 3.11, 3.12 or 3.13 with venv is needed: install one, or name it with make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) tools/set_up.py $@
