package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quorumlock/quorumlock/internal/bench"
)

// benchResult FILE: a result of a run that passed, with nothing in it that the schema does not know.
func benchResult(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: benchresult FILE")
	}
	var r bench.Result
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil || d.More() {
		ts.Fatalf("%s: %v, or more than one object", args[0], err)
	}
	// On a busy machine a short run may see rounds, and no lock that was due and over within it.
	if r.Schema != bench.Schema || r.Rounds == 0 || len(r.Nodes) != 3 || len(r.Series) == 0 || (r.Lock.Count > 0) != (r.Lock.P50 > 0) {
		ts.Fatalf("%s: got %+v", args[0], r)
	}
	if problem := r.Problem(); problem != "" {
		ts.Fatalf("%s: %s", args[0], problem)
	}
}

// waitingOf FILE PROCESSES WORKERS: a result that tells how so many waited, and whose figures about that agree.
func waitingOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: waiting FILE PROCESSES WORKERS")
	}
	var r bench.Result
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &r); err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
	w := r.Waiting
	if w == nil || w.Workers == nil || fmt.Sprint(r.Load.Processes, w.Processes.Of, w.Workers.Of) != args[1]+" "+args[1]+" "+args[2] {
		ts.Fatalf("%s: got %+v in %d processes", args[0], w, r.Load.Processes)
	}
	for _, f := range []bench.Fairness{*w.Workers, w.Processes} {
		if r.Completed > 0 && (f.Jain < 1/float64(f.Of)-1e-9 || f.Jain > 1+1e-9 || f.Smallest < 0 || f.Smallest > 1+1e-9) {
			ts.Fatalf("%s: got %+v", args[0], f)
		}
	}
	if w.PerSecond != r.PerSecond || w.Wait != r.Lock || w.Within < 0 || w.Within+w.ByNodes > 100.001 {
		ts.Fatalf("%s: got %+v", args[0], w)
	}
}

// What went wrong shows in the text.
func TestBenchTextShowsTrouble(t *testing.T) {
	r := &bench.Result{
		Interrupted: true, Notes: []string{"a note"}, Measured: bench.Seconds(1500 * time.Millisecond),
		Errors: []bench.Trouble{{Op: "unlock", Kind: "no quorum", Count: 1234, Example: "redlock: unlock …"}},
		Nodes:  []bench.NodeResult{{Addr: "10.0.0.1:6379", Errors: []bench.Trouble{{Op: "lock", Kind: "EOF", Count: 7}}}},
		Faults: []bench.FaultResult{{Fault: "kill:2@1s", Nodes: []int{4, 5}, Error: "no such node"}},
		Left:   bench.Leftovers{Looked: 2, Keys: 3, Unlooked: []string{"10.0.0.1:6379: refused"}},
	}
	text := benchText(r, palette{})
	for _, want := range []string{
		"! a note\n", "! Interrupted: these are the figures of 1.50s.\n", "    1 234  unlock: no quorum\n           redlock: unlock …\n",
		"        7  node 1, lock: EOF\n", "nodes 4 and 5\n    no such node\n",
		"3 keys were left on the 2 nodes, and have been removed\nnot looked at: 10.0.0.1:6379: refused.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in:\n%s", want, text)
		}
	}
}

// Progress without a terminal is a line now and then, and a line for each thing that happens.
func TestProgressInLines(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, bench.Config{Duration: 10 * time.Second})
	p.event(bench.Event{Kind: bench.NodesStart, Count: 5, Text: "docker"})
	p.event(bench.Event{Kind: bench.LoadBegins})
	for at := range 35 {
		p.event(bench.Event{Kind: bench.Progress, At: time.Duration(at) * 100 * time.Millisecond, Lately: bench.Point{PerSecond: 1234}})
	}
	p.event(bench.Event{Kind: bench.FaultBegins, Fault: "kill:3@3s", Nodes: []int{3, 4, 5}})
	p.event(bench.Event{Kind: bench.LoadEnded})
	p.close()
	want := `redlock: bench: starting 5 docker nodes
redlock: bench: measuring for 10s
redlock: bench: 1s of 10s: 1 234 locks/s, p50 0, p99 0
redlock: bench: 2s of 10s: 1 234 locks/s, p50 0, p99 0
redlock: bench: 3s of 10s: 1 234 locks/s, p50 0, p99 0
redlock: bench: kill:3@3s on nodes 3, 4 and 5
`
	if got := out.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
