package bench

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// short is a run that is over soon, on nodes that need nothing.
func short() Config {
	return Config{Kind: cluster.Embedded, Nodes: 3, Workers: 4, Duration: 300 * time.Millisecond, Warmup: 50 * time.Millisecond}
}

// mustRun runs cfg, and longer when the machine is so busy that too little happened to look at.
func mustRun(t *testing.T, cfg Config) *Result {
	t.Helper()
	for {
		r, err := Run(t.Context(), cfg, func(Event) {})
		if err != nil {
			t.Fatal(err)
		}
		if problem := r.Problem(); problem != "" {
			t.Fatalf("got problem %q", problem)
		}
		if r.Unlock.Count > 0 && r.Quorum.Count > 0 && r.Slowest.Count > 0 || cfg.Duration > 10*time.Second {
			return r
		}
		cfg.Duration *= 2
	}
}

// Every kind of load gives figures that agree with each other, leaves no key, and says that they are not Redis's.
func TestRunMeasures(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"closed":  func(*Config) {},
		"open":    func(c *Config) { c.Rate = 500 },
		"fixed":   func(c *Config) { c.Rate, c.Arrivals = 500, Fixed },
		"one key": func(c *Config) { c.Keys = One },
		"zipf":    func(c *Config) { c.Keys = Zipf },
		"plain":   func(c *Config) { c.Mode = redlock.Plain },
		"hold":    func(c *Config) { c.Hold = 5 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := short()
			change(&cfg)
			r := mustRun(t, cfg)
			if r.Schema != Schema || r.Completed == 0 || !r.Embedded() || len(r.Notes) == 0 {
				t.Errorf("got %+v", r)
			}
			if r.Lock.Count != r.Cycle.Count || r.Cycle.Count == 0 || r.Unlock.Count == 0 {
				t.Errorf("got %d locks, %d unlocks, %d cycles", r.Lock.Count, r.Unlock.Count, r.Cycle.Count)
			}
			for what, l := range map[string]Latency{"lock": r.Lock, "unlock": r.Unlock, "cycle": r.Cycle, "quorum": r.Quorum, "slowest": r.Slowest} {
				if l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max {
					t.Errorf("%s: got %+v, want percentiles in order", what, l)
				}
			}
			if r.Cycle.Mean < r.Lock.Mean || r.Cycle.Mean < Millis(cfg.Hold) {
				t.Errorf("got a mean cycle of %v with a mean lock of %v and a hold of %v", r.Cycle.Mean, r.Lock.Mean, cfg.Hold)
			}
			if len(r.Nodes) != 3 || r.Nodes[0].Answer.Count == 0 || r.Nodes[0].Idle == 0 {
				t.Errorf("got nodes %+v", r.Nodes)
			}
			if r.Left.Looked != 3 || r.Left.Keys != 0 || len(r.Left.Unlooked) != 0 {
				t.Errorf("got %+v left", r.Left)
			}
			if fenced := cfg.Mode == redlock.Fenced; fenced != (r.Left.Counters > 0) {
				t.Errorf("got %d fence counters removed", r.Left.Counters)
			}
			var completed int64
			for _, p := range r.Series {
				completed += p.Completed
			}
			if completed != r.Completed {
				t.Errorf("got %d cycles in the series, want %d", completed, r.Completed)
			}
			if m := r.Memory; m.Early == 0 || m.Late == 0 || m.Most < max(m.Early, m.Late) || m.Most > 4<<30 {
				t.Errorf("got %+v as memory, want all of it, and sane", m)
			}
		})
	}
}

// With one key, locks are handed over in the process, most of them without a round, and the result says so. Where nobody
// waits for anybody, it says nothing.
func TestWaitingShows(t *testing.T) {
	cfg := short()
	cfg.Keys, cfg.Hold = One, time.Millisecond
	w := mustRun(t, cfg).Waiting
	switch {
	case w == nil:
		t.Fatal("got nothing about waiting")
	case w.Within <= 0 || w.Within+w.ByNodes != 100 || w.Rounds >= 1:
		t.Errorf("got %+v, want hand-overs in the process, and fewer rounds than locks", w)
	case w.PerSecond <= 0 || w.Wait.Count == 0 || w.MaxByMean < 1:
		t.Errorf("got %+v, want a wait", w)
	case w.Workers == nil || w.Workers.Of != 4 || w.Workers.Jain <= 0 || w.Processes != Fairness{1, 1, 1}:
		t.Errorf("got %+v and %+v, want the shares of 4 workers, and of one process", w.Workers, w.Processes)
	}
	cfg.Rate, cfg.Hold = 200, 0
	if w := mustRun(t, cfg).Waiting; w == nil || w.Workers != nil {
		t.Errorf("got %+v, want no shares of workers in an open load", w)
	}
	if w := mustRun(t, short()).Waiting; w != nil {
		t.Errorf("got %+v where every worker has its own key", w)
	}
}

// A result survives JSON.
func TestResultSurvivesJSON(t *testing.T) {
	cfg := short()
	cfg.Faults = []Fault{{Kind: Pause, Count: 1, At: 100 * time.Millisecond, For: 50 * time.Millisecond}}
	r := mustRun(t, cfg)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got Result
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(text) {
		t.Errorf("got %s\nwant %s", again, text)
	}
	got.Started = r.Started
	got.cycle, got.series = r.cycle, r.series
	if !reflect.DeepEqual(got.Lock, r.Lock) {
		t.Errorf("got %+v, want %+v", got.Lock, r.Lock)
	}
}

// Faults are carried out on the nodes that were planned, at their time, and undone.
func TestFaultsTakePlace(t *testing.T) {
	cfg := short()
	cfg.Duration = 500 * time.Millisecond
	cfg.Faults = []Fault{
		{Kind: Kill, Count: 1, At: 100 * time.Millisecond},
		{Kind: Delay, Node: 1, Delay: 5 * time.Millisecond, At: 200 * time.Millisecond, For: 100 * time.Millisecond},
	}
	r := mustRun(t, cfg)
	if len(r.Faults) != 2 || !reflect.DeepEqual(r.Faults[0].Nodes, []int{3}) || !reflect.DeepEqual(r.Faults[1].Nodes, []int{1}) {
		t.Fatalf("got %+v", r.Faults)
	}
	for i, f := range r.Faults {
		if f.From < Seconds(cfg.Faults[i].At) || f.Until <= f.From {
			t.Errorf("got %+v", f)
		}
	}
	if len(r.Nodes[2].Errors) == 0 {
		t.Errorf("got no errors of the node that was killed: %+v", r.Nodes[2])
	}
	if !r.Environment.Proxied || len(r.Notes) < 2 {
		t.Errorf("got notes %q, want one on the proxies", r.Notes)
	}
	if r.Left.Looked != 3 || r.Left.Keys != 0 {
		t.Errorf("got %+v left, want all nodes back and empty", r.Left)
	}
}

// A run that is interrupted returns what there was, and one that is interrupted before it began returns an error.
func TestInterruptedRun(t *testing.T) {
	cfg := short()
	cfg.Duration = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := Run(ctx, cfg, func(e Event) {
		if e.Kind == Progress && e.Completed > 0 {
			cancel()
		}
	})
	if err != nil || !r.Interrupted || r.Completed == 0 || r.Measured >= Seconds(cfg.Duration) || r.Left.Keys > 0 || r.Left.Looked != 3 {
		t.Errorf("got %+v, %v", r, err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	if r, err := Run(ctx, cfg, func(e Event) {
		if e.Kind == WarmupBegins {
			cancel()
		}
	}); r != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v; want no result", r, err)
	}
}
