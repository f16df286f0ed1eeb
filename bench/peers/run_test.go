package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// A run measures every subject in every round of every workload, and none of ours leaves a key or fails.
func TestARunMeasuresEverything(t *testing.T) {
	three(t) // skips where there is no redis-server
	s := quick
	s.Rounds, s.Turn, s.Fault, s.OneKey = 2, 20*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	s.Processes, s.HandOver = 50*time.Millisecond, 120*time.Millisecond
	var names []string
	for _, w := range workloads {
		names = append(names, w.name)
	}
	run, err := conduct(t.Context(), s, names, kindsNamed(oursPlain, oursFenced, rawPlain, rawPipelined), grantSource(t), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	turns := map[string]int{}
	for _, m := range run.Measurements {
		turns[m.Workload+" "+m.State]++
		if m.Workload == stalls {
			if m.StallMax <= 0 || m.StallMax > 1000*m.Seconds {
				t.Errorf("%+v", m)
			}
			continue
		}
		if m.Locks == 0 || m.PerSecond < 0 || m.Failed > 0 || m.Overlaps > 0 || m.KeysLeft > 0 || m.TooEarly > 0 {
			t.Errorf("%+v", m)
		}
		if m.Processes > 0 {
			continue // which are not this one
		}
		if m.Allocs <= 0 || m.CPU <= 0 {
			t.Errorf("no cost: %+v", m)
		}
	}
	want := map[string]int{
		"throughput healthy": 8, "latency healthy": 18, "sizes healthy": 12,
		"hung healthy": 4, "hung hung": 4, "killed healthy": 4, "killed killed": 4,
		"allocs healthy": 8, "cpu healthy": 24, "links slow": 4, "onekey healthy": 4, "stalls healthy": 2,
		"processes healthy": 4, "handover healthy": 4, "killed-holder healthy": 4,
	}
	for what, count := range want {
		if turns[what] != count {
			t.Errorf("%s: %d turns, want %d", what, turns[what], count)
		}
	}
	if len(turns) != len(want) {
		t.Errorf("got %v", turns)
	}
	for _, target := range targets(run) {
		peers := strings.Contains(target.What, "redsync") || strings.Contains(target.What, "rueidislock")
		if (target.Measured.N == 0) != peers {
			t.Errorf("%s: %+v", target.What, target.Measured)
		}
	}
}

// A workload that has none of the chosen subjects is left out.
func TestAWorkloadWithoutSubjects(t *testing.T) {
	b := &bench{run: &Run{Settings: quick}, only: kindsNamed(rawPipelined), logf: t.Logf}
	for _, run := range []func(context.Context) error{b.latency, b.oneKey, b.handOver} {
		if err := run(t.Context()); err != nil || len(b.run.Measurements) > 0 {
			t.Errorf("got %v and %v", err, b.run.Measurements)
		}
	}
}

// What is noted while a load runs has room for everybody, apart from each other.
func TestRecords(t *testing.T) {
	r, err := newRecords(3)
	if err != nil {
		t.Fatal(err)
	}
	defer r.free()
	all := [][]time.Duration{r.next(), r.next(), r.next()}
	for i := range all {
		for n := range cap(all[i]) {
			all[i] = append(all[i], time.Duration(i*n))
		}
	}
	for i, one := range all {
		if len(one) < 1<<20 || one[0] != 0 || one[len(one)-1] != time.Duration(i*(len(one)-1)) {
			t.Errorf("slice %d of %d is not what was put into it", i, len(one))
		}
		if extended := append(one, 7); extended[len(one)] != 7 {
			t.Errorf("slice %d does not grow", i)
		}
	}
}

// What a run was interrupted in is an error, and the nodes are gone.
func TestAnInterruptedRunEnds(t *testing.T) {
	three(t)
	ctx, cancel := context.WithCancel(t.Context())
	logf := func(format string, _ ...any) {
		if strings.Contains(format, "locks/s") {
			cancel()
		}
	}
	run, err := conduct(ctx, quick, []string{throughput}, kindsNamed(oursPlain, redsyncDefault), "", logf)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if len(run.Measurements) > 1 {
		t.Errorf("%d measurements after the end", len(run.Measurements))
	}
}

// An interrupted run ends also while its children are at work, and is not taken for their failure.
func TestAnInterruptedRunEndsItsChildren(t *testing.T) {
	three(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	logf := func(format string, _ ...any) {
		if !strings.Contains(format, "%d/%d") {
			return
		}
		time.AfterFunc(start, cancel) // in the middle of the next turn
	}
	_, err := conduct(ctx, quick, []string{processes}, kindsNamed(oursPlain, oursFenced), "", logf)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// A subject that cannot run is named in the report, and does not end the run.
func TestASubjectThatIsLeftOutIsNamed(t *testing.T) {
	three(t)
	s := quick
	s.Nodes, s.Rounds, s.Turn = 3, 1, 10*time.Millisecond
	run, err := conduct(t.Context(), s, []string{latency}, kindsNamed(rawPlain, rawFenced), "", t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.LeftOut) != 1 || !strings.Contains(report(run, ""), "Left out: raw grants.lua") {
		t.Errorf("left out: %v", run.LeftOut)
	}
}

// Bad flags are refused before anything starts.
func TestBadFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-only nothing", `no workload "nothing"`},
		{"-subjects nobody", `no subject "nobody"`},
		{"-nodes embedded:5", "no Redis"},
		{"-nodes process:2", "no number of nodes"},
		{"-nodes horse:5", "unknown kind"},
		{"extra", "unexpected argument"},
	} {
		_, err := parse(strings.Fields(c.args), io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want …%s…", c.args, err, c.want)
		}
	}
	o, err := parse([]string{"-quick", "-only", "links,cpu", "-subjects", "raw,redsync", "-nodes", "docker:7", "-rounds", "9"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if s := o.settings; s.Rounds != 9 || s.Turn != quick.Turn || s.Kind != cluster.Docker || s.Nodes != 7 || len(o.subjects) != 2 || len(o.only) != 2 {
		t.Errorf("got %+v", o)
	}
}

// A report can be written again from the measurements alone.
func TestFromJSON(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	text, err := json.Marshal(madeUp())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file("run.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := command(t.Context(), []string{"-from", file("run.json"), "-md", file("a.md"), "-svg", file("a.svg"), "-json", file("b.json")}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file("a.md"))
	if want := report(madeUp(), "a.svg"); err != nil || string(got) != want {
		t.Errorf("another report (%v):\n%s", err, got)
	}
}
