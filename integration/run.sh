#!/bin/sh
# Runs the suites on real Redis containers. Without a Docker engine it says so and what was not run; where CI is set,
# that is a failure.
set -eu
cd "$(dirname "$0")/.."

if ! reason=$(docker info --format '{{.ServerVersion}}' 2>&1); then
  echo "integration: NOT RUN: no Docker engine answers ($(printf '%s' "$reason" | tail -n 1))" >&2
  if [ -n "${CI:-}" ]; then
    exit 1
  fi
  echo "integration: start Docker and run 'make integration'; everything else has been tested" >&2
  exit 0
fi
image=$(integration/image.sh)
echo "integration: Docker $reason, Redis image $image"
# One suite after the other: each of them is enough for a small machine. Whole chaos runs go without the race detector, which
# would make their clients so slow that there is little left to judge; the rooms that play them have tests with it.
go test -race -count=1 -v -timeout 30m ./integration
exec go test -count=1 -v -timeout 30m ./integration/soak
