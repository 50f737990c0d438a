PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
CUDA_PYTHON ?= $(BIN)/python
INSTALL := $(PIP) install --no-compile --constraint constraints.txt
# The explorer's scripts are checked too where `npm install` has been.
TSC := node_modules/.bin/tsc
# Instead of pip, which takes one core; without what is hardly imported, 40 % of all. A few packages bring files of other
# Pythons, which do not compile here.
COMPILE := $(BIN)/python -m compileall -qq -j 0 -x 'site-packages/(.*/tests?/|pip/|pandas/)' $(VENV)/lib archscope || true

.PHONY: run test suite everything lint docs site bench bench-cuda fuzz keras snapshots world clean

run: $(VENV)/installed
	$(BIN)/archscope summary xception --input 3x299x299

# Lint keeps one core busy for as long as the suite starts, so they run beside each other.
test: run
	$(MAKE) --jobs=2 lint suite

suite: $(VENV)/installed-dev
	$(BIN)/pytest

# With the tests that tell little more than their like.
everything: $(VENV)/installed-dev
	ARCHSCOPE_TESTS=all $(BIN)/pytest

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(if $(wildcard $(TSC)),$(TSC) -p tests/views/explorer/explorer.tsconfig.json)
	$(if $(wildcard $(TSC)),$(TSC) -p tests/views/explorer/spectrum.tsconfig.json)

bench: $(VENV)/installed-dev
	$(BIN)/python tests/benchmarks/speed.py
	$(BIN)/python tests/benchmarks/latency.py
	$(BIN)/python tests/benchmarks/growth.py

# Command lines, broken reports, hostile modules and faults for so many minutes: docs/reliability.md.
MINUTES ?= 5
fuzz: $(VENV)/installed-dev
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

# On a machine with a CUDA device. CUDA_PYTHON=python3 takes an environment that is there already, ONLY='inference-*' a
# part, FIT=480 what ends within so many seconds; OUT=folder keeps the results, and one archive of them, out of the docs.
bench-cuda: $(if $(filter $(BIN)/python,$(CUDA_PYTHON)),$(VENV)/installed)
	PYTHONPATH=. $(CUDA_PYTHON) docs/benchmarks/on_cuda.py $(if $(ONLY),--only '$(ONLY)') $(if $(FIT),--fit $(FIT)) $(if $(OUT),--out $(OUT))

# Six minutes on two cores: equality of outputs, and all that reads Keras models.
keras: $(VENV)/installed-keras
	KERAS_BACKEND=torch $(BIN)/python tests/keras/equality.py
	ARCHSCOPE_TESTS=all $(BIN)/pytest tests/tracing/test_keras.py tests/targets/test_keras.py tests/differences/test_keras.py

# Every network of timm, torchvision and more that is installed; goes on where it was stopped. WORLD='--only timm' takes a part.
world: $(VENV)/installed-world
	$(BIN)/python -W ignore -m tests.world.run $(WORLD)

# The documentation and a page a network, in build/site. NETWORKS='xception vgg16' builds these alone.
site: $(VENV)/installed-site
	$(BIN)/python -m docs.site.build $(NETWORKS)

docs: $(VENV)/installed
	$(BIN)/python docs/gallery/draw.py

snapshots: $(VENV)/installed-dev
	$(BIN)/pytest --update-snapshots

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache
	find archscope tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp a step: what is installed is installed again only when one of the files it follows from has changed.
# torch comes first and alone, so that nothing else can choose its release or its build: every build of 2.13.0 will do,
# and pip takes a CPU one (2.13.0+cpu) wherever its own settings, such as PIP_EXTRA_INDEX_URL, offer one.
# hatchling builds archscope from the environment itself, at its pinned version, instead of from one that pip makes anew.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) torch==2.13.0
	$(INSTALL) hatchling
	$(INSTALL) --no-build-isolation --editable .
	$(COMPILE)
	touch $@

# pytorchcv asks for torchvision, whose registry builds are CUDA builds of several GB; its model files do not need it.
$(VENV)/installed-dev: $(VENV)/installed
	$(INSTALL) --no-build-isolation --editable '.[dev]'
	$(INSTALL) --no-deps pytorchcv
	$(COMPILE)
	touch $@

# The tests skip what reads Keras models where it is not installed; only its torch backend is needed.
$(VENV)/installed-keras: $(VENV)/installed-dev
	$(INSTALL) --no-build-isolation --editable '.[keras]'
	touch $@

$(VENV)/installed-site: $(VENV)/installed
	$(INSTALL) --no-build-isolation --editable '.[site]'
	touch $@

# Without what they ask for: torchvision's own operators are not needed, and its registry builds want torch for CUDA.
$(VENV)/installed-world: $(VENV)/installed-dev
	$(INSTALL) --no-deps timm==1.0.31 torchvision segmentation-models-pytorch vit-pytorch monai diffusers transformers
	$(INSTALL) einops huggingface_hub safetensors tokenizers regex importlib_metadata
	touch $@
