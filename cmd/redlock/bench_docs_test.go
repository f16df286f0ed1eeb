package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// declareNew says that no lock can be held on the nodes yet, which therefore vote at once.
func declareNew(t *testing.T, addrs []string) {
	t.Helper()
	l, err := redlock.Dial(addrs, redlock.Config{Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Do(t.Context(), "any", func(context.Context, *redlock.Lease) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

// Every command in docs/bench.md works: on embedded nodes, and for a short time.
func TestBenchDocsAreTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/bench.md")
	if err != nil {
		t.Fatal(err)
	}
	given, err := cluster.Start(t.Context(), cluster.Spec{Kind: cluster.Embedded, Nodes: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer given.Close()
	declareNew(t, given.Addrs())
	out := t.TempDir()
	// Times are a twentieth of what they are in the page.
	shorter := strings.NewReplacer("@5s", "@250ms", "@2s+2s", "@100ms+100ms", "@6s+1s", "@300ms+50ms", "docker:5", "embedded:5",
		"127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103,127.0.0.1:7104,127.0.0.1:7105", strings.Join(given.Addrs(), ","),
		"out/", out+"/", ">/dev/null", "", "--rate 500", "--rate 20")
	count := 0
	for line := range strings.Lines(string(text)) {
		command, ok := strings.CutPrefix(line, "go run ./cmd/redlock ")
		if !ok {
			continue
		}
		command, _, _ = strings.Cut(command, "#")
		args := append(strings.Fields(shorter.Replace(command)), "--duration", "500ms", "--warmup", "50ms")
		if !strings.Contains(command, "--addr") && !strings.Contains(command, "--nodes") {
			args = append(args, "--nodes", "embedded:5")
		}
		if !strings.Contains(command, "--rate") {
			args = append(args, "--workers", "2")
		}
		count++
		var stdout, stderr bytes.Buffer
		if code := execute(t.Context(), args, &stdout, &stderr); code != exitPass || !strings.Contains(stdout.String(), "locks/s") {
			t.Errorf("%q: got exit code %d\n%s%s", args, code, stdout.String(), stderr.String())
		}
	}
	if count < 11 {
		t.Errorf("got %d commands in docs/bench.md, want at least 11", count)
	}
	// Every flag is in the page, under its name.
	cmd := newBench()
	for _, name := range []string{"nodes", "addr", "processes", "workers", "rate", "arrivals", "keys", "hold", "ttl", "mode", "duration", "warmup", "fault", "seed", "json", "out"} {
		if cmd.Flags().Lookup(name) == nil || !strings.Contains(string(text), "--"+name) {
			t.Errorf("flag --%s is not in docs/bench.md, or not there", name)
		}
	}
}
