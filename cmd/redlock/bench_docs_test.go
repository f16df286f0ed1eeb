package main

import (
	"os"
	"strings"
	"testing"
)

// Every flag of bench is in docs/bench.md, under its name. That the commands there work, internal/handbook sees.
func TestBenchDocsAreComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/bench.md")
	if err != nil {
		t.Fatal(err)
	}
	cmd := newBench()
	for _, name := range []string{"nodes", "addr", "processes", "workers", "rate", "arrivals", "keys", "hold", "ttl", "mode", "duration", "warmup", "fault", "seed", "json", "out"} {
		if cmd.Flags().Lookup(name) == nil || !strings.Contains(string(text), "--"+name) {
			t.Errorf("flag --%s is not in docs/bench.md, or not there", name)
		}
	}
}
