# Two commands: `make demo` runs the main job, `make test` proves that it works.
# Each sets up its own .venv from constraints.txt; nothing else on the machine is touched.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
PIP = .venv/bin/python -m pip --disable-pip-version-check

.PHONY: help demo app test lint typecheck unit bench kernels notebook samples pictures screenshots lock clean

help:
	@echo "make demo      reconcile a day of trade on the built-in simulator"
	@echo "make app       open the daily close in the browser, on a simulated day"
	@echo "make test      lint, type-check, run every test"
	@echo "make bench     measure the budgets, each beside its peer (some minutes)"
	@echo "make kernels   run the browser tests under older ipykernels too"
	@echo "make notebook  open the daily close in JupyterLab"
	@echo "make samples   write data_samples/ anew"
	@echo "make pictures  draw the pictures of the README anew (needs Chromium, LibreOffice)"
	@echo "make screenshots  every panel in its main states, to be looked at (build/screenshots)"
	@echo "make lock      write constraints.txt anew (needs uv)"
	@echo "make clean     remove .venv and caches"

demo: .venv/core.done
	@.venv/bin/python -m qerko_recon demo

app: .venv/notebook.done
	@.venv/bin/python -m qerko_recon app --demo

test: lint typecheck unit

lint: .venv/dev.done
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m ruff check .

typecheck: .venv/dev.done
	.venv/bin/python -m mypy

unit: .venv/dev.done .venv/browser.done
	.venv/bin/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --cov --cov-fail-under=95

# datacompy caps pandas below ours for no reason of its own, so it comes without its dependencies.
.venv/bench.done: .venv/dev.done
	@$(PIP) install --quiet duckdb==2.0.0 polars==1.44.2 ordered-set==4.1.0
	@$(PIP) install --quiet --no-deps datacompy==1.1.0
	@touch $@

# Figures are kept as JSON beside the build, to be compared with those of another day.
bench: .venv/bench.done
	@mkdir -p build/bench
	.venv/bin/python tests/benchmarks/frames_from_json.py --json build/bench/frames_from_json.json
	.venv/bin/python tests/benchmarks/pos_read.py --json build/bench/pos_read.json
	.venv/bin/python tests/benchmarks/reconcile.py --growth --json build/bench/reconcile.json
	.venv/bin/python tests/benchmarks/causes.py
	.venv/bin/python tests/benchmarks/bulk_fetch.py --json build/bench/bulk_fetch.json
	.venv/bin/python tests/benchmarks/soak.py --json build/bench/soak.json
	.venv/bin/python tests/benchmarks/session_log.py
	.venv/bin/python tests/benchmarks/session_soak.py

# Callbacks of widgets run on another thread in ipykernel 7.0 to 7.3 than before and after.
KERNELS = 6.30.1 7.3.0
kernels: .venv/browser.done
	@for one in $(KERNELS); do \
		test -d build/ipykernel/$$one || $(PIP) install --quiet --no-deps \
			--target build/ipykernel/$$one ipykernel==$$one nest-asyncio==1.6.0 || exit 1; \
		echo "ipykernel $$one"; \
		QERKO_TEST_IPYKERNEL=$$one PYTHONPATH="$(CURDIR)/build/ipykernel/$$one" \
			.venv/bin/python -m pytest -q --numprocesses auto --dist loadfile tests/browser \
			|| exit 1; \
	done

notebook: .venv/notebook.done
	.venv/bin/python -m jupyter lab notebooks/01_daily_close.ipynb

samples: .venv/core.done
	.venv/bin/python -m qerko_recon.simulator.samples data_samples
	.venv/bin/python -m qerko_recon.session_samples data_samples

pictures: .venv/core.done
	.venv/bin/python data_samples/pictures/draw.py

screenshots: .venv/browser.done
	.venv/bin/python tests/screenshots.py

lock:
	uv pip compile --universal --python-version 3.11 --all-extras --group dev \
		--no-annotate --no-header --quiet -o constraints.txt pyproject.toml

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

.venv/made.done:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found." \
		"Install it, or name it: make PYTHON=/path/to/python3 demo"; exit 2; }
	@echo "Setting up .venv with $(PYTHON); this takes a minute, once."
	@"$(PYTHON)" -m venv --clear .venv >/dev/null 2>&1 \
		|| "$(PYTHON)" -m virtualenv --quiet --clear .venv 2>/dev/null \
		|| uv venv --quiet --seed --clear --python "$(PYTHON)" .venv 2>/dev/null \
		|| { rm -rf .venv; \
		echo "Python cannot make a virtual environment." \
		"On Debian and Ubuntu: apt install python3-venv"; exit 2; }
	@touch $@

# A finished install leaves a mark, so that a second run starts at once, and without a network.
.venv/core.done: .venv/made.done pyproject.toml constraints.txt
	@$(PIP) install --quiet --constraint constraints.txt pip hatchling editables
	@$(PIP) install --quiet --constraint constraints.txt --no-build-isolation --editable .
	@touch $@

.venv/notebook.done: .venv/core.done
	@$(PIP) install --quiet --constraint constraints.txt --no-build-isolation --editable ".[notebook,app]"
	@touch $@

.venv/dev.done: .venv/notebook.done
	@$(PIP) install --quiet --constraint constraints.txt --group dev
	@touch $@

# Browser tests drive a Chromium: the system's, else Debian's package, else Playwright's own.
.venv/browser.done: .venv/dev.done
	@for one in chromium chromium-browser google-chrome google-chrome-stable; do \
		command -v "$$one" >/dev/null && touch $@ && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests; this takes a minute, once."; \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends chromium fonts-dejavu-core; } >/dev/null && touch $@ && exit 0; \
	fi; \
	.venv/bin/python -m playwright install --with-deps chromium && touch $@
