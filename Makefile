# Python 3.11+, make and openssl are all a fresh machine needs: the targets bring the rest themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
UV     := $(BIN)/uv

.DEFAULT_GOAL := help
.PHONY: help setup test machine test-unit check format docs demo bench soak kill crds chart reference lock wheel image test-image sbom audit cluster clean

help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements/uv.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("paramsync needs Python 3.11 or newer; set PYTHON=…" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/uv.txt
	VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --require-hashes requirements/dev.txt
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY)  ## Create .venv with the locked dependencies

test: check  ## Run everything: static checks, unit, edge and end-to-end tests
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered

machine: $(READY)  ## Let everything happen by chance to a sync, and check the promises, 200 times (MACHINE_RUNS)
	$(BIN)/pytest tests/machine

test-image: $(READY)  ## Run the tests of what is in the image, as root; ARCH=arm64: of that for arm64, in an emulator
	$(BIN)/pytest $(IMAGE_TESTS) $(if $(ARCH),--image-arch $(ARCH))
IMAGE_TESTS := $(addprefix tests/image/test_,contents.py sbom.py)

test-unit: $(READY)  ## Run the pure tests only (no cluster, seconds)
	$(BIN)/pytest tests/unit

check: $(READY)  ## Formatting, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## Format and apply safe lint fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)  ## Build the site of the documentation into dist/site, with warnings as errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

demo: $(READY)  ## Watch parameters become a Secret and a ConfigMap (KEEP=1 leaves it running)
	@$(BIN)/python -m tests.demo

bench: $(READY)  ## Measure the operator under load: counts are asserted, CPU and memory are shown (BENCH=--help)
	$(BIN)/python -m tests.bench $(BENCH)

soak: $(READY)  ## Poll 100,000 times with faults: the data must be right, and the memory flat (POLLS=)
	$(BIN)/python -m tests.soak --polls $(or $(POLLS),100000)

kill: $(READY)  ## Kill the operator 200 times while everything changes: no reader may see a key missing (KILLS=, SEED=)
	$(BIN)/python -m tests.kill --kills $(or $(KILLS),200) $(if $(SEED),--seed $(SEED))

cluster: $(READY)  ## Start a local control plane and print its kubeconfig's path
	$(BIN)/python -m tests.cluster

crds: $(READY)  ## Generate crds/ from the models
	$(BIN)/paramsync crds --output crds

chart: $(READY)  ## Generate the chart's schema, definitions, policies, alerts, dashboard and table of values
	$(BIN)/python -m deploy.helm

reference: $(READY)  ## Generate what pages of the reference have from the code
	$(BIN)/python -m deploy.reference

lock: $(READY)  ## Renew requirements/*.txt from pyproject.toml
	$(UV) pip compile $(LOCK) --upgrade pyproject.toml -o requirements/run.txt
	$(UV) pip compile $(LOCK) --upgrade --group dev pyproject.toml -c requirements/run.txt -o requirements/dev.txt
	sed -n 's/^\(hatchling==[^ ]*\).*/\1/p' requirements/dev.txt | $(UV) pip compile $(LOCK) - -c requirements/dev.txt -o requirements/build.txt
	sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements/dev.txt | $(UV) pip compile $(LOCK) - -o requirements/uv.txt
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

wheel: $(READY)  ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

image: $(READY)  ## Build the container image as root with Debian's tools, and tell its size (ARCH=arm64); Docker can do it, too
	@$(BIN)/python -m tests.image $(if $(ARCH),--arch $(ARCH))

sbom: $(READY)  ## What is in the image, as CycloneDX, into dist/paramsync.cdx.json
	@$(BIN)/python -m tests.image --sbom dist/paramsync.cdx.json $(if $(ARCH),--arch $(ARCH))

audit: $(READY)  ## Ask PyPI for known vulnerabilities of what the operator runs with
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements/run.txt

clean:  ## Remove everything that the targets made here (the control plane's cache stays)
	rm -rf $(VENV) dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
