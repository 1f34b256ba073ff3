# Every target does its own set-up: a virtual environment in .venv and, on Debian or Ubuntu as root, what Qt and OpenGL need.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# 3.11 first: constraints.txt is made with it.
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	$$p -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
# A real screen where there is one, else a virtual one with OpenGL.
SCREEN := $(if $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname)),,xvfb-run -a -s "-screen 0 1600x1000x24 +extension GLX")
IMAGE ?=
PIXEL_SIZE ?=
# Threads of torch that wait for each other sleep instead of spinning, so that a training goes on, if slowly, where
# others use the cores: a step then took 1.1 s instead of 3.4 s.
export OMP_WAIT_POLICY ?= passive

.PHONY: help setup lint test demo app bench models docs screenshots clean
.DEFAULT_GOAL := help

help:
	@echo "make demo               train, predict, locate atoms and explain in napari; pictures in demo/"
	@echo "                        IMAGE=path takes an image of yours, PIXEL_SIZE=0.1 its pixel size [Å]"
	@echo "make test               lint, types, import contracts, manifest, and the whole test suite"
	@echo "make app                open napari with sample data and the docks of the main job"
	@echo "make bench              print the benchmark figures"
	@echo "make models             train the models that come with the package again (hours; NAMES=... only some)"
	@echo "make docs               build the documentation into docs/_build/html"
	@echo "make screenshots        make the pictures of the documentation again"
	@echo "make setup              only the set-up that all of these begin with"
	@echo "make clean              remove everything that make has made"

setup:
	@test -n "$(PYTHON)" || { echo "napari-strata needs Python 3.11 or newer with venv." \
	  "On Debian or Ubuntu: sudo apt-get install python3 python3-venv. Elsewhere name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) scripts/setup.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/npe2 validate napari_strata

# One process per core; pytest-xvfb gives each a virtual screen with OpenGL of its own.
test: lint
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4

demo: setup
	$(SCREEN) $(BIN)/python -m scripts.demo $(if $(IMAGE),--image "$(IMAGE)") $(if $(PIXEL_SIZE),--pixel-size "$(PIXEL_SIZE)")

app: setup
	$(BIN)/python scripts/app.py

bench: setup
	$(SCREEN) $(BIN)/python -m benchmarks

models: setup
	$(BIN)/python -m scripts.make_models $(NAMES)

docs: setup
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -b html docs docs/_build/html

screenshots: demo
	$(SCREEN) $(BIN)/python -m docs.make_screenshots

clean:
	rm -rf $(VENV) demo docs/_build docs/reference/generated build dist
