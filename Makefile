# make run      a demo site and revproxy in front of it, on this machine
# make test     style, types and tests
# make bench    speed, next to Apache, nginx and HAProxy   (BENCH="--quick get" for some of it)
# make fuzz-oracle   random requests and answers on Apache and revproxy   (FUZZ="COUNT SEED")
# make fuzz-rules    random rewrite rules and URLs on both           (FUZZ="PAIRS SEED")
# make fuzz-access   random Require, Order and Satisfy on both      (FUZZ="REQUESTS SEED")
# make fuzz-html     random pages: the links that lxml finds, no other octet changed   (FUZZ="COUNT SEED")
# make corpus CORPUS=DIR   configurations below DIR: accepted, or blamed at the line that apache2 -t blames
# make scan       what sslyze and testssl.sh say of TLS by default   (TESTSSL=PROGRAM: one of 3.2 or later gives a grade)
# make browser    the demo site's links in headless Chromium, directly and through revproxy

PYTHON ?= python3
BIN := .venv/bin
BENCH ?=
CORPUS ?=
FUZZ ?= 1000 1

.PHONY: run test bench fuzz-oracle fuzz-rules fuzz-access fuzz-html corpus scan browser check clean

run: .venv/ready
	@$(BIN)/python -m revproxy.demo --with examples/quickstart.conf

test: check
	$(BIN)/pytest

check: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: .venv/ready
	$(BIN)/python -m tests.bench $(BENCH)

fuzz-oracle: .venv/ready fuzz-rules fuzz-access
	$(BIN)/python -m tests.oracle.fuzz $(FUZZ)

fuzz-rules: .venv/ready
	$(BIN)/python -m tests.oracle.fuzz_rules $(FUZZ)

fuzz-access: .venv/ready
	$(BIN)/python -m tests.oracle.fuzz_access $(FUZZ)

# The environment is made again when what it is made from changes. pip learnt --group in 25.1.
# Where PYTHONDONTWRITEBYTECODE is set, each command would compile all it loads (0.2 s).
.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	$(BIN)/python -m compileall -q src
	@touch $@

fuzz-html: .venv/ready
	$(BIN)/python -m tests.html.fuzz $(FUZZ)

corpus: .venv/ready
	$(BIN)/python -m tests.oracle.corpus $(CORPUS)

scan: .venv/ready
	$(BIN)/python -m tests.scan

browser: .venv/ready
	$(BIN)/python -m tests.browser

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
