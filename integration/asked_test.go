package integration

import (
	"os"
	"strconv"
	"testing"
)

// Environment variables that ask for long runs: how many acquisitions, cycles, and hand-overs.
const (
	fencesVariable    = "QUORUMLOCK_FENCES"
	cyclesVariable    = "QUORUMLOCK_CYCLES"
	handOversVariable = "QUORUMLOCK_HANDOVERS"
)

// asked is the number in an environment variable, or what is enough for every day.
func asked(t *testing.T, variable string, everyDay int64) int64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return everyDay
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s is no number from 1 on", variable, text)
	}
	return n
}
