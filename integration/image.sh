#!/bin/sh
# Prints the Redis image that this machine's Docker engine can run, and gets or builds it first when it must.
# One implementation, in Go, serves this script and `redlock` alike: internal/cluster/image.go.
set -e
cd "$(dirname "$0")/.."
exec go run ./integration/image
