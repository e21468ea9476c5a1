# What can be done here. `make report` is the first thing to try; `make help` lists the rest.
#
# The first run makes a virtual environment in .venv and compiles the kernels; later runs find both ready. That takes a C compiler, which is
# installed where that may be done; without one the same sources run as plain Python, slowly.
# PYTHON=/path/to/python chooses the interpreter (3.11 to 3.14).

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help report test fuzz explore sanitize matrix wheel-check bench instructions lab lint cover clean packages compiler
SHELL := /bin/bash
export PATH := $(PATH):/usr/sbin:/sbin

VENV := .venv
BIN := $(VENV)/bin
# The first interpreter that runs, is of a version the dependencies have wheels for, and can make an environment.
PROBE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$p" -c '$(PROBE)' >/dev/null 2>&1 && command -v "$$p" && break; done)
KERNELS := setup.py $(shell find analyzer -name '*.pxd' 2>/dev/null) $(wildcard $(patsubst %,analyzer/%/*.py,compiled packets capture flows readers streams facts))
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check

# command:Debian package, for what the tests run. nginx, squid and dnsmasq play the network, tshark checks our answers, chromium
# opens the report.
NEEDS ?= tshark:tshark dumpcap:tshark squid:squid nginx:nginx-light nft:nftables ip:iproute2 dnsmasq:dnsmasq-base \
	curl:curl openssl:openssl tcpdump:tcpdump tcpreplay:tcpreplay systemd-analyze:systemd chromium:chromium chromedriver:chromium-driver

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## */  make \1@/p' $(firstword $(MAKEFILE_LIST)) | awk -F@ '{printf "%-16s%s\n", $$1, $$2}'

report: $(VENV)/.installed  ## the verdict of every committed capture, and the study of the article's tests: which proxy won
	@set -e; for capture in captures/*.pcapng; do \
		[ -e "$$capture" ] || { echo "captures/ holds no .pcapng file; make lab records them" >&2; exit 1; }; \
		printf '\n%s\n' "$$capture"; \
		$(BIN)/whichproxy report --topology captures/topology.toml "$$capture"; \
	done
	@mkdir -p build; printf '\ncaptures/study.toml, with pictures and every flow in build/study.html\n'
	@$(BIN)/whichproxy study captures/study.toml -o build/study.html

# In CI nothing may be skipped, except by a clone that has no oracles (tests/conftest.py).
test: $(VENV)/.dev packages  ## the whole suite; installs what it needs where it may
	@WHICHPROXY_REQUIRE_ALL=$(if $(filter true 1,$(CI)),1,) $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

fuzz: SECONDS ?= 600
fuzz: $(VENV)/.dev  ## damaged captures through everything, for SECONDS=600; what fails is kept and tested from then on
	@$(BIN)/python -m tests.fuzz $(SECONDS)

explore: SECONDS ?= 600
explore: $(VENV)/.dev  ## property tests with fresh draws, for SECONDS=600; what fails is kept and tested from then on
	@$(BIN)/python -m tests.explore $(SECONDS)

sanitize: $(VENV)/.dev  ## the kernels with ASan and UBSan in them, over damaged frames, captures and streams
	@$(BIN)/python -m tests.compiled.sanitized

matrix: $(VENV)/.dev packages  ## every verb and form of output over every capture; a table in build/matrix.md
	@$(BIN)/python -m tests.matrix

bench: NEEDS = tcpdump:tcpdump ndpiReader:libndpi-bin
bench: $(VENV)/.dev packages  ## against tcpdump, ndpiReader and NFStream, on a generated capture; adds a record
	@$(BIN)/python -m tests.benchmarks.run $(BENCH)

instructions: NEEDS = valgrind:valgrind
instructions: $(VENV)/.dev packages  ## how many instructions each compiled path takes, by valgrind; COUNTS="-o FILE", "--against FILE"
	@$(BIN)/python -m tests.benchmarks.instructions $(COUNTS)

lab: $(VENV)/.dev packages  ## record every capture in captures/ again (Linux, root)
	@$(BIN)/python -m captures.lab

lint: $(VENV)/.dev  ## ruff and mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# Compiled lines can't be followed. So what reads packets is run once more uncompiled, by the tests that need little time for it.
UNCOMPILED ?= $(wildcard $(patsubst %,tests/packets/test_%.py,fields gre guess l2tp labels link_types mirrors pseudo tags tunnels wrappings)) \
	$(wildcard $(patsubst %,tests/readers/test_%.py,aes certificate extensions gcm initial mac proxy_protocol quic sha256 uri words)) \
	$(wildcard $(patsubst %,tests/facts/test_%.py,answers columns community handshakes sha1 strings)) \
	tests/flows/test_lists.py tests/streams/test_transitions.py
cover: COVER ?= tests
cover: $(VENV)/.dev packages  ## which lines and branches the tests run; every file in build/coverage/index.html
	@rm -rf build/coverage && mkdir -p build/coverage
	@$(BIN)/coverage run -m pytest -n auto --dist loadfile --no-loadscope-reorder $(COVER)
	@WHICHPROXY_PLAIN=1 $(BIN)/coverage run -m pytest $(UNCOMPILED)
	@$(BIN)/coverage combine -q && $(BIN)/coverage html -q && $(BIN)/coverage report --skip-covered

wheel-check: $(VENV)/.dev  ## the wheel built, installed in an environment of its own, and a report made from there
	@rm -rf build/wheel && mkdir -p build/wheel
	@$(PIP) wheel --no-deps -w build/wheel .
	@"$(BIN)/python" -m venv build/wheel/venv
	@build/wheel/venv/bin/python -m pip -qq --disable-pip-version-check install build/wheel/*.whl
	@cd build/wheel && venv/bin/whichproxy doctor | grep '^ok  *compiled' && \
		venv/bin/whichproxy report --topology $(CURDIR)/captures/topology.toml $(CURDIR)/captures/T1-winhttp.pcapng -o report.html && \
		venv/bin/whichproxy report $(CURDIR)/captures/T1-winhttp.pcapng

clean:  ## remove the environment, the caches and what was built
	@rm -rf $(VENV) build dist *.egg-info analyzer/compiled/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	@find analyzer tests captures -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "whichproxy needs Python 3.11 to 3.14 with venv, and none was found;" \
		"install it (Debian: apt-get install python3-venv) or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "making $(VENV) with $(PYTHON)" >&2
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml $(KERNELS) | $(BIN)/python compiler
	@echo "installing whichproxy and what it runs on, its kernels compiled" >&2
	@$(PIP) install -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	@echo "installing what the tests run on" >&2
	@$(PIP) install -e '.[dev]'
	@touch $@

# A compiler, the C library's headers and Python's, where they are missing and no other compiler was asked for (CC=...).
HEADERS := import os, sysconfig; print(os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))
compiler: | $(BIN)/python
	@[ "$(origin CC)" = default ] || exit 0; \
	headers=$$($(BIN)/python -c '$(HEADERS)'); \
	$(MAKE) -s packages NEEDS="cc:gcc cc:libc6-dev $$([ "$$headers" = True ] || echo no-headers:python3-dev)"

# Install what is missing of NEEDS; where that isn't possible, name the one command that would, and go on.
# Services stay stopped: policy-rc.d is how Debian is told so, and it is only there while apt-get runs.
packages:
	@missing=""; \
	for need in $(NEEDS); do command -v "$${need%%:*}" >/dev/null || missing="$$missing $${need##*:}"; done; \
	[ -n "$$missing" ] || exit 0; \
	missing=$$(tr ' ' '\n' <<<"$$missing" | sort -u | xargs); \
	run=""; [ "$$(id -u)" = 0 ] || run="sudo"; \
	if ! command -v apt-get >/dev/null || { [ -n "$$run" ] && ! sudo -n true 2>/dev/null; }; then \
		echo "some tests need programs that are missing here; install them with: sudo apt-get install $$missing" >&2; exit 0; \
	fi; \
	echo "installing$${run:+ with sudo}: $$missing" >&2; \
	log=$$(mktemp); policy=/usr/sbin/policy-rc.d; mine=""; \
	trap '[ -z "$$mine" ] || $$run rm -f "$$policy"; rm -f "$$log"' EXIT; \
	[ -e "$$policy" ] || { mine=1; printf '#!/bin/sh\nexit 101\n' | $$run tee "$$policy" >/dev/null; $$run chmod 755 "$$policy"; }; \
	echo "wireshark-common wireshark-common/install-setuid boolean false" | $$run debconf-set-selections; \
	{ $$run apt-get update && $$run env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$missing; } \
		>"$$log" 2>&1 </dev/null || { tail -n 20 "$$log" >&2; echo "still missing: $$missing" >&2; }
