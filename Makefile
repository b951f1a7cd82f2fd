# make up      a running Slipway: installs, prepares and starts whatever is missing; prints how to get in
# make down    stops it, the data stays          make clean   down, then deletes everything that was made
# make logs    follows the logs                  make check   types, lint, format, imports
# make test    the whole suite                   make soak    the same at full counts (hours)
# make bench   the benchmarks                    make compose-up / compose-down   the split deployment

SHELL := /bin/bash
.DEFAULT_GOAL := up
.PHONY: up down clean logs check test soak bench compose-up compose-down deps

node := node_modules/.bin/node
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# Settings can be given on the command line too: make up PORT=3001
settings := PORT HOST PUBLIC_URL SERVICES SLIPWAY_DATA DATABASE_URL REDIS_URL DOCKER_HOST API_URL WORKER_NAME \
  WORKER_CONCURRENCY SLIPWAY_PLAN SLIPWAY_DEFAULT_MODEL SANDBOX_IMAGE SANDBOX_CA_FILE SANDBOX_RUNTIME \
  ALLOW_LOCAL_SOURCES PREVIEW_DOMAIN RATE_LIMIT LOG_LEVEL WORKERS
$(foreach name,$(settings),$(if $(filter command line,$(origin $(name))),$(eval export $(name))))

up: deps
	@$(node) infra/bootstrap/up.ts

down:
	@if [ -x $(node) ]; then $(node) infra/bootstrap/down.ts; else echo 'Nothing is installed.'; fi

clean:
	@if [ -x $(node) ]; then $(node) infra/bootstrap/clean.ts; fi
	rm -rf node_modules .slipway prisma/generated services/web/dist coverage *.tsbuildinfo

logs: deps
	@$(node) infra/bootstrap/logs.ts

check: deps
	@$(node) infra/checks/check.ts

test: deps
	@$(node) infra/checks/test.ts

soak: deps
	@SLIPWAY_SCALE=full $(node) infra/checks/test.ts

bench: deps
	@$(node) infra/checks/bench.ts

compose-up: deps
	@$(node) infra/bootstrap/compose.ts up

compose-down: deps
	@$(node) infra/bootstrap/compose.ts down

deps: node_modules/.installed prisma/generated/client.ts

# Written last, so an installation that was cut off is done again.
node_modules/.installed: package-lock.json
	@infra/bootstrap/install.sh
	@rm -rf prisma/generated
	@touch $@

prisma/generated/client.ts: prisma/schema.prisma | node_modules/.installed
	@$(node) prisma/generate.ts
