# Every task is one command. Each is a script in scripts/ that says what it does; run and test do all their own set-up.
.PHONY: help run test build bench lint fuzz e2e demo-check faults kill-replay overload clean sanitize sim

help:            ## This list
	@grep -E '^[a-z0-9-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## */  make \1\t/' | expand -t 20

run:             ## Build all and run the demo district; Ctrl-C stops it; MODE=redis, MODE=cluster: other stores
	@scripts/run $(if $(MODE),--mode $(MODE)) $(ARGS)

test:            ## Everything: build, unit tests, style, fuzz, demo-check, faults, browser; ends with one line of counts
	@scripts/test $(STEPS)

build:           ## The programs, into build/release/bin, and the H5 pages
	@scripts/build

bench:           ## The benchmarks, each beside the bare limit in the same run; build/bench/table.md
	@scripts/bench

lint:            ## clang-format, clang-tidy, buf, eslint and the type checker
	@scripts/lint

fuzz:            ## Every fuzz target for FUZZ_SECONDS (5; 60 for a change to a parser)
	@scripts/fuzz

e2e:             ## The three journeys in headless Chromium; screenshots in tests/artifacts
	@scripts/e2e

demo-check:      ## The three journeys and a device against a small district; one JSON line
	@scripts/demo-check

faults:          ## Kills, EIO, full and slow disks, damaged files, cuts of power: each at every point where it can be tried
	@scripts/faults

kill-replay:     ## kill -9 of the server during the whole day of 78,000 drops, three times
	@DROPS=78000 scripts/kill-replay

overload:        ## Three times what the server can do, for 30 s each: goodput, memory, times, refusals, nothing lost
	@scripts/overload

sim:             ## 20,000 seeds of the simulation, 5,000 operations each, and the canaries
	@scripts/sim 20000 5000

sanitize:        ## The ledger's tests and a simulation under AddressSanitizer and UBSan, then ThreadSanitizer
	@scripts/sanitize address 100
	@scripts/sanitize thread 100

clean:           ## Removes what was built; keeps run/ (the demo district's journal)
	@rm -rf build clients/mini_program/dist tests/artifacts
