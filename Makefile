# Everything that one does with this project. `make` lists it.
SHELL := /bin/sh
GO ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.DEFAULT_GOAL := help
.PHONY: help demo test check lint unit race fuzz driver integration model sim sim-long twin reliability bench bench-hung bench-memory bench-peers chaos soak up down image clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## five nodes, some contenders, two nodes killed, then a third: watch what happens
	@$(GO) run ./cmd/redlock demo $(ARGS)

test: unit integration ## all tests, with the race detector: what needs no Docker, then what does

# What plays with real processes in real time goes one package after the other, so that nothing compiles beside it.
LIVE := -e /cmd/redlock -e /examples -e /internal/bench -e /internal/browser -e /internal/chaos -e /internal/cluster -e /internal/demo -e /internal/handbook -e /internal/report

# Modules of their own, so that what they need is in nobody else's list of modules.
NESTED := redlock/otelredlock examples/prometheus examples/fencing-sql bench/peers

unit: ## the tests that need nothing but Go, with the race detector
	$(GO) test -race $$($(GO) list ./... | grep -v -e /integration -e /model $(LIVE))
	$(GO) test -race -p 1 $$($(GO) list ./... | grep $(LIVE))
	@set -e; for module in $(NESTED); do echo "$$module"; $(GO) -C $$module test $$([ $$module = redlock/otelredlock ] && echo -race) ./...; done

race: ## the library's tests, three times over, with the race detector
	$(GO) test -race -count=3 ./clock ./quorum ./internal/protocol ./internal/node ./redlock

fuzz: ## every fuzz target for FUZZ=10s
	@for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZ),10s) $$package || exit 1; \
	  done; \
	done

driver: ## the library over nodes in memory, SEEDS=24 worlds with the race detector, then broken in many ways
	$(GO) test -race -count=1 -v -timeout 30m ./internal/proof -run '^TestDriver$$' -seeds $(or $(SEEDS),24) $(ARGS)
	$(GO) test -count=1 -v -timeout 60m ./internal/proof -run '^TestMutants$$' -mutants

integration: ## the suites on real Redis containers; gets or builds the image first
	@integration/run.sh

model: ## the rules as Promela models, searched by Spin; FULL=1 for the searches that take minutes
	$(GO) test -count=1 -v -timeout 2h ./model $(if $(FULL)$(ARGS),-args) $(if $(FULL),-full) $(ARGS)

sim: ## the protocol in simulated worlds, a minute's worth of seeds; SEED=1 says from which on
	$(GO) test -count=1 -v -timeout 10m ./internal/sim -run '^TestSimulate$$' -duration 60s $(if $(SEED),-seed $(SEED)) $(ARGS)

sim-long: ## the same for longer: SIM=1h
	$(GO) test -count=1 -v -timeout 0 ./internal/sim -run '^TestSimulate$$' -duration $(or $(SIM),1h) $(if $(SEED),-seed $(SEED)) $(ARGS)

twin: ## the simulated node beside miniredis and real Redis, on random commands, for TWIN=1m; SEED=1 says from which on
	$(GO) test -count=1 -v -timeout 0 ./internal/twin -run '^TestTwinSaysWhatRedisSays$$' -duration $(or $(TWIN),1m) $(if $(SEED),-seed $(SEED)) $(ARGS)

reliability: ## every suite at length: writes docs/RELIABILITY.md (20 minutes); ARGS='-only fences' runs some of it
	@$(GO) run ./internal/reliability $(ARGS)

check: lint test model sim ## what CI runs: lint, then test, then model, then sim

lint: ## formatting, vet for Linux, macOS and Windows, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "gofmt would change:" $$unformatted; exit 1; fi
	$(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	@set -e; for module in $(NESTED); do echo "lint $$module"; \
	  $(GO) -C $$module vet ./...; \
	  case $$module in bench/*) ;; *) GOOS=darwin $(GO) -C $$module vet ./...; GOOS=windows $(GO) -C $$module vet ./...;; esac; \
	  (cd $$module && $(GO) run $(STATICCHECK) ./...); \
	  $(GO) -C $$module mod tidy -diff; \
	done
	$(GO) mod verify
	@$(GO) mod tidy -diff

bench: ## what a quorum costs on this machine; ARGS='--help' tells more
	@$(GO) run ./cmd/redlock bench $(ARGS)

bench-hung: ## what a hung node of three costs, on real containers: p50 and p99 of Lock and Unlock
	$(GO) test -run '^$$' -bench . -benchtime 3s ./integration

bench-memory: ## what the client holds in ten minutes of full load, one node of five dead: "It held …"
	@$(GO) run ./cmd/redlock bench --nodes process:5 --duration $(or $(DURATION),10m) --fault kill:1@5s $(ARGS)

bench-peers: ## the same workloads through this library and every peer: writes docs/BENCHMARKS.md (35 minutes)
	$(GO) -C bench/peers run . -md ../../docs/BENCHMARKS.md -svg ../../docs/benchmarks.svg -json ../../docs/benchmarks.json $(ARGS)

chaos: ## break nodes while clients lock, and judge: writes chaos-TIME/index.html; ARGS='kill-minority --nodes process:5'
	@$(GO) run ./cmd/redlock chaos $(ARGS)

soak: ## everything that can go wrong, on five Redis containers, for SOAK=10m
	@integration/image.sh >/dev/null
	QUORUMLOCK_SOAK=$(or $(SOAK),10m) $(GO) test -count=1 -v -timeout 0 ./integration/soak -run '^TestSoak$$' -artifacts -outputdir $(CURDIR)/out

up: ## five independent Redis masters on 127.0.0.1:7101-7105, by docker-compose.yml
	@QUORUMLOCK_REDIS_IMAGE=$$(integration/image.sh) && export QUORUMLOCK_REDIS_IMAGE && \
	  if docker compose version >/dev/null 2>&1; then docker compose up -d; else docker-compose up -d; fi

down: ## stop and remove them
	@if docker compose version >/dev/null 2>&1; then docker compose down -v; else docker-compose down -v; fi

image: ## print the Redis image that this machine uses, after getting or building it
	@integration/image.sh

clean: ## remove what the targets above have written
	rm -rf bin out
