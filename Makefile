# `make run` shows something, `make test` proves it, `make help` lists the rest.
# Each target installs what it lacks first (tools/setup) and says what it does.
.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/bash

CARGO := tools/env cargo
TOWN := quernby

.PHONY: help
help: ## List the targets
	@echo 'make TARGET, where TARGET is one of:'
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name what; do printf '  %-8s %s\n' "$$name" "$$what"; done

.PHONY: run
run: ## Install what is missing, build, and watch the sample town trade and clear its debts
	@tools/setup run
	@echo 'run: building mychips'
	@$(CARGO) build --release --locked -p mychips
	@echo 'run: mychips town $(TOWN) (Ctrl-C ends it; the next run goes on from there)'
	@exec $(CARGO) run --quiet --release --locked -p mychips -- town $(TOWN)

.PHONY: test
test: check ## Install what is missing, then check and run the whole test suite
	@tools/env tools/test

.PHONY: check
check: ## Format, lints, documents and their links (part of `test`)
	@tools/setup test
	@tools/env tools/check

.PHONY: soak
soak: ## The long forms of tests: fuzzing, many random cases (FRESH=1 starts over)
	@tools/setup soak
	@tools/env tools/soak

.PHONY: bench
bench: ## Time a site, and the clearing engine beside LEMON and OR-tools (SIZE=small|usual|full)
	@tools/setup test
	@tools/setup bench
	@tools/env tools/bench

.PHONY: audit
audit: ## Licences, sources and known weaknesses of what we depend on
	@tools/setup audit
	@tools/env tools/audit

.PHONY: docs
docs: ## Build the API documentation and the book (target/doc, docs/book/build)
	@tools/setup docs
	@tools/env tools/docs

.PHONY: setup
setup: ## Install what is missing for `run` and `test`, and no more
	@tools/setup test

.PHONY: clean
clean: ## Remove what was built
	@$(CARGO) clean
	@rm -rf docs/book/build fuzz/target
