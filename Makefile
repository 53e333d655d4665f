# make demo: one photo, all the way.  make test: everything that is tested.  Both set up what they need.
PYTHON ?= python3
BPY := 5.0.1 4.5.15 4.2.23
PIP := -m pip install -q --disable-pip-version-check
RUN := .venv/bin/python
export LDR_TO_HDRI_PYTHON := $(CURDIR)/.venv/bin/python

# Tests run two at a time, each with one thread: the small pictures of tests gain little from two, and lose by sharing.
TWO := +$(MAKE) -j2 --keep-going --output-sync=target --no-print-directory
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: help setup demo test lint types audit third-party soak windows elsewhere test-core test-blender test-install test-zips package package-small package-cuda package-wheels lock fuzz hostile docs-pictures kernels score train benchmark clean

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo 'also: lint types audit third-party soak windows elsewhere test-core test-blender test-install test-zips package package-small package-cuda package-wheels lock fuzz hostile docs-pictures kernels score train benchmark clean'

# Environments: one that runs the network and the tools, one for each Blender.
.venv/.done: requirements/runtime.txt requirements/dev.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python $(PIP) -r requirements/dev.txt
	@touch $@

.venv-bpy-%/.done: requirements/blender.txt
	@scripts/system_libraries.sh
	$(PYTHON) -m venv .venv-bpy-$*
	.venv-bpy-$*/bin/python $(PIP) bpy==$* -r requirements/blender.txt
	@touch $@

setup: .venv/.done $(BPY:%=.venv-bpy-%/.done)

demo: .venv/.done .venv-bpy-5.0.1/.done
	.venv-bpy-5.0.1/bin/python scripts/demo.py

test: setup
	$(TWO) lint types audit
	$(MAKE) --no-print-directory test-core
	$(TWO) $(BPY:%=test-blender-%) test-install

lint: .venv/.done
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: .venv/.done
	scripts/types.sh $(CURDIR)/$(RUN)

# Known holes in what users get and in what the tests run, by a snapshot; ONLINE=--online asks the package index itself.
audit: .venv-audit/.done
	.venv-audit/bin/python scripts/audit.py $(ONLINE) $(if $(SNAPSHOT),--snapshot $(SNAPSHOT))

third-party: .venv-audit/.done
	.venv-audit/bin/python scripts/third_party.py

.venv-audit/.done: requirements/audit.txt
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python $(PIP) -r requirements/audit.txt
	@touch $@

# BLENDERS: programs, which need a screen; WINDOWS: commands that open windows elsewhere; INSTALL=--install: see scripts/windows.py
windows: setup
	$(RUN) scripts/windows.py $(INSTALL) --blenders $(BLENDERS) --windows '$(WINDOWS)'

# Whether files render the same without the extension. EEVEE needs a screen; WINDOWS as above.
elsewhere: setup
	$(RUN) scripts/elsewhere.py --modules $(BPY) --windows '$(WINDOWS)'

soak: setup
	$(ONE_THREAD) $(RUN) scripts/soak

test-core: .venv/.done
	$(ONE_THREAD) $(RUN) -m pytest tests/core tests/train tests/gpu --numprocesses 2 --dist worksteal

test-blender: setup
	$(TWO) $(BPY:%=test-blender-%)

test-blender-%: .venv/.done .venv-bpy-%/.done
	@echo "== bpy $*"
	@$(ONE_THREAD) .venv-bpy-$*/bin/python -m pytest tests/blender

test-install: setup
	$(ONE_THREAD) $(RUN) -m pytest tests/install

# Every zip that users are given: the small one, and the full ones, whose wheels are downloaded (about 0.5 GB).
package: .venv/.done .venv-bpy-5.0.1/.done
	$(RUN) scripts/package.py --all

package-small: .venv/.done .venv-bpy-5.0.1/.done
	$(RUN) scripts/package.py

# 2.6 GB, to be hosted by oneself.
package-cuda: .venv/.done .venv-bpy-5.0.1/.done
	$(RUN) scripts/package.py linux-x64-py311-cuda

# Full zips with WHEELS, files that you have: such as PyTorch's CUDA build for Windows, which the index does not have.
package-wheels: .venv/.done .venv-bpy-5.0.1/.done
	targets=$$($(RUN) scripts/lock_wheels.py --add $(WHEELS)) && $(RUN) scripts/package.py $$targets

# WHEELS: files that the index does not have, such as PyTorch's CPU build for Linux
lock: .venv/.done
	$(RUN) -m pip install -q uv==0.13.9
	$(RUN) scripts/lock_wheels.py $(WHEELS)

test-zips: setup
	LDR_TO_HDRI_ALL_ZIPS=1 $(RUN) -m pytest tests/install

# SECONDS: for each target
fuzz: .venv/.done
	$(ONE_THREAD) $(RUN) scripts/fuzz/run.py --seconds $(or $(SECONDS),300)

# The renders of docs/. With BLENDER_WINDOW, also the pictures of windows: scripts/screenshots.py says what it is.
docs-pictures: .venv/.done .venv-bpy-5.0.1/.done
	$(RUN) scripts/icon.py
	$(RUN) scripts/renders.py
	$(if $(BLENDER_WINDOW),$(RUN) scripts/screenshots.py)

hostile: .venv/.done
	$(ONE_THREAD) $(RUN) scripts/hostile.py

# Needs nvcc 13 or newer; what it makes is kept in the repository.
kernels:
	scripts/kernels.sh

# TRUTH: a folder of linear .exr panoramas and stills; SCORER: the scorer's script
score: .venv/.done
	$(RUN) $(SCORER) $(TRUTH) build/score --batch '$(RUN) -m hdr_core.cli batch {photos} {results}'

# DATA: folders of linear .exr truth. Needs a CUDA GPU.
train: .venv/.done
	$(RUN) -m training.train --data $(DATA) --out build/training --minutes $(or $(MINUTES),20)

benchmark: setup
	$(RUN) benchmarks/enable.py

clean:
	rm -rf build .venv .venv-audit .venv-bpy-*
