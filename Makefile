# In Stalinism's Shadow: one verb a task. `make` alone prints them.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BUILD := LC_ALL=C.UTF-8 PYTHONHASHSEED=0 $(VENV)/bin/sphinx-build -c . -j auto --fail-on-warning --keep-going --nitpicky --quiet
NAME := in-stalinisms-shadow

.PHONY: help book html epub pdf test check serve look bench release interpreters licences hashes lock clean

help:  # print this menu
	@awk -F ':.*# ' '/^[a-z]+:.*# / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

# Sets up .venv from requirements.lock when it is missing or the lock has changed.
$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	  || { echo "Python 3.11, 3.12 or 3.13 is missing: apt install python3, or make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing: apt install python3-venv"; exit 1; }
	@command -v git >/dev/null || { echo "git is missing: apt install git"; exit 1; }
	@echo "Setting up $(VENV) from requirements.lock (once; about 700 MB, a minute or two) ..."
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Builds the formats named in $(FORMATS) into build/, then puts all of them into dist/ at once: a failed build leaves the last good one whole.
# Each format keeps doctrees of its own: what one build has read anew the next would not write again.
# No signal is heard while they are put there; what a killed machine left half-way is put back first.
book: FORMATS := html epub pdf
book: publish  # build the book in HTML, ePub and PDF into dist/

html: FORMATS := html
html: publish  # build the site into dist/html/

epub: FORMATS := epub
epub: publish  # build dist/in-stalinisms-shadow.epub

pdf: FORMATS := pdf
pdf: publish  # build dist/in-stalinisms-shadow.pdf

.PHONY: publish
publish: $(VENV)/ready
	@mkdir -p build && exec 9>build/lock && { flock -n 9 || { echo "Another build is running: waiting for it ..."; flock 9; }; } && \
	{ [ -e dist/html ] || [ ! -e dist/.old ] || mv dist/.old dist/html; } && \
	for format in $(FORMATS); do \
	  echo "Building $$format ..." && $(BUILD) -d build/doctrees/$$format -b $$format book build/$$format || { echo "$$format failed: dist/ is as it was."; exit 1; }; \
	done && trap '' HUP INT TERM && mkdir -p dist && for format in $(FORMATS); do \
	  if [ $$format = html ]; then \
	    rm -rf dist/.new && cp -r build/html dist/.new && rm -f dist/.new/.buildinfo* && \
	    { [ ! -e dist/html ] || mv dist/html dist/.old; } && mv dist/.new dist/html && rm -rf dist/.old; \
	  else cp build/$$format/$(NAME).$$format dist/.new.$$format && mv dist/.new.$$format dist/$(NAME).$$format; fi; \
	done && for format in pdf epub; do \
	  [ ! -d dist/html ] || [ ! -e dist/$(NAME).$$format ] || cp dist/$(NAME).$$format dist/html/; \
	done && ls -d $(foreach f,$(FORMATS),dist/$(if $(filter html,$f),html,$(NAME).$f))

test: $(VENV)/ready  # build the real book in each format with warnings as errors, and check all of it
	@$(VENV)/bin/python -m pytest

check: $(VENV)/ready  # read every source and refuse what authors may not write; builds nothing
	@$(VENV)/bin/typos && $(VENV)/bin/ruff check --quiet && $(VENV)/bin/ruff format --quiet --diff && $(BUILD) -E -d build/doctrees/check -b dummy book build/check && echo "The sources are sound."

serve: html  # build the site and show it on http://127.0.0.1:8000
	@cd dist/html && ../../$(VENV)/bin/python -m http.server --bind 127.0.0.1 8000

look: book  # draw the pages as numbered contact sheets in build/look/ (needs chromium, node and npm)
	@$(VENV)/bin/python tests/look.py

bench: $(VENV)/ready  # measure what building costs, in one run, and print it beside the bars
	@$(VENV)/bin/python tests/bench.py

release: $(VENV)/ready interpreters bench  # at a tag: build twice, compare every byte, and pack dist/release/ with checksums, manifest and sources
	@$(VENV)/bin/python tests/release.py

interpreters: $(VENV)/ready  # set up and build the book from nothing with each Python from 3.11 to 3.13 that is here
	@for python in python3.11 python3.12 python3.13; do \
	  $$python -c '' 2>/dev/null || { echo "$$python is not here: left out"; continue; }; \
	  rm -rf build/interpreters && git clone -q . build/interpreters && $(MAKE) -C build/interpreters book PYTHON=$$python >build/interpreters.log 2>&1 \
	    && echo "$$python builds the book" || { tail -20 build/interpreters.log; exit 1; }; \
	done; rm -rf build/interpreters

licences: $(VENV)/ready  # list the licences of everything that the book is built and tested with, and of its fonts
	@$(VENV)/bin/pip-licenses --with-urls --order license && head -n 3 theme/fonts/*LICENSE*

hashes: $(VENV)/ready  # after a checked change to a table: write its new hash into data/datapackage.json
	@$(VENV)/bin/python -m extensions.data

lock: $(VENV)/ready  # after a change in pyproject.toml: pin everything anew in requirements.lock
	@$(VENV)/bin/python -m venv build/uv && build/uv/bin/pip install --quiet uv
	@build/uv/bin/uv pip compile pyproject.toml --extra test --universal --generate-hashes --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock" --quiet -o requirements.lock

clean:  # delete everything that was built (dist/ too), but not .venv
	@rm -rf build dist
