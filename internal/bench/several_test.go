package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/faketime"
	"github.com/quorumlock/quorumlock/redlock"
)

// several is a short run in three processes.
func several(s *staff) Config {
	cfg := short()
	cfg.Processes, cfg.Workers, cfg.Process = 3, 2, s.hire("process")
	return cfg
}

// A load in several processes gives one result, of all workers and of all processes; every process is gone afterwards.
func TestSeveralProcessesMeasure(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"distinct": func(c *Config) { c.Keys = Distinct },
		"one key":  func(c *Config) { c.Keys = One },
		"zipf":     func(c *Config) { c.Keys, c.Mode = Zipf, redlock.Plain },
		"open":     func(c *Config) { c.Rate, c.Keys = 300, Zipf },
		"faults": func(c *Config) {
			c.Faults = []Fault{{Kind: Pause, Count: 1, At: 100 * time.Millisecond, For: 50 * time.Millisecond}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &staff{}
			cfg := several(s)
			change(&cfg)
			var kinds []EventKind
			r, err := Run(t.Context(), cfg, func(e Event) { kinds = append(kinds, e.Kind) })
			if err != nil {
				t.Fatal(err)
			}
			s.gone(t, 3, "")
			if r.Problem() != "" || r.Load.Processes != 3 || r.Waiting == nil || r.Waiting.Processes.Of != 3 {
				t.Fatalf("got problem %q, %+v, %+v", r.Problem(), r.Load, r.Waiting)
			}
			if w := r.Waiting.Workers; (w == nil) != (cfg.Rate > 0) || w != nil && w.Of != 6 {
				t.Errorf("got %+v, want the shares of 6 workers, and none in an open load", w)
			}
			var completed int64
			for _, p := range r.Series {
				completed += p.Completed
			}
			if completed != r.Completed || r.Measured != Seconds(cfg.Duration) {
				t.Errorf("got %d cycles in the series of %d, in %v", completed, r.Completed, r.Measured)
			}
			if m := r.Memory; m.Most == 0 {
				t.Errorf("got %+v as memory", m)
			}
			if len(r.Faults) != len(cfg.Faults) || !slices.Contains(kinds, ProcessesStart) || !slices.Contains(kinds, LoadEnded) {
				t.Errorf("got faults %+v, events %v", r.Faults, kinds)
			}
		})
	}
}

// A process that dies makes the run fail, with an error that names it; the others are gone as well.
func TestAProcessThatDiesEndsTheRun(t *testing.T) {
	s := &staff{}
	cfg := several(s)
	cfg.Duration, cfg.Keys = time.Hour, One
	r, err := Run(t.Context(), cfg, func(e Event) {
		if e.Kind == LoadBegins {
			s.mu.Lock()
			defer s.mu.Unlock()
			_ = s.cmds[1].Process.Kill()
		}
	})
	if r != nil || err == nil || !strings.HasPrefix(err.Error(), "bench: process 2 of 3 ended before its time (signal: killed)") {
		t.Errorf("got %+v, %v", r, err)
	}
	s.gone(t, 3, "")
}

// A process that cannot begin makes the run fail, with what it said last.
func TestAProcessThatCannotBegin(t *testing.T) {
	s := &staff{}
	cfg := several(s)
	cfg.Process = s.hire("broken")
	if r, err := Run(t.Context(), cfg, func(Event) {}); r != nil || err == nil || !strings.HasSuffix(err.Error(), "ended before its time (exit status 3): out of order") {
		t.Errorf("got %+v, %v", r, err)
	}
	s.gone(t, 3, "")
	s = &staff{}
	cfg.Process = func() *exec.Cmd { return exec.Command("/does/not/exist") }
	if r, err := Run(t.Context(), cfg, func(Event) {}); r != nil || err == nil || !strings.Contains(err.Error(), "start process 1 of 3: ") {
		t.Errorf("got %+v, %v", r, err)
	}
}

// A run in several processes that is interrupted returns what there was; one that is interrupted before it began to
// measure, an error. Not even a process that does not listen is left.
func TestInterruptedProcesses(t *testing.T) {
	s := &staff{}
	cfg := several(s)
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
	s.gone(t, 3, "")
	cfg.Warmup = time.Hour
	for role, kind := range map[string]EventKind{"process": WarmupBegins, "deaf": ProcessesStart} {
		s := &staff{}
		cfg.Process = s.hire(role)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, err := Run(ctx, cfg, func(e Event) {
			if e.Kind == kind {
				cancel()
			}
		})
		if r != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %+v, %v; want no result", role, r, err)
		}
		s.gone(t, 3, "")
	}
}

// What is secret in an address reaches the processes, but by no command line, no environment and no error.
func TestSecretsReachNobodyElse(t *testing.T) {
	c, err := cluster.Start(t.Context(), cluster.Spec{Kind: cluster.Embedded, Nodes: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	declareNew(t, c.Addrs())
	s := &staff{}
	cfg := several(s)
	cfg.Kind, cfg.Nodes = "", 0
	for _, addr := range c.Addrs() {
		cfg.Addrs = append(cfg.Addrs, "redis://"+addr+"?client_name=xyzzy")
	}
	if _, err := Run(t.Context(), cfg, func(Event) {}); err != nil && strings.Contains(err.Error(), "xyzzy") {
		t.Errorf("got %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	s.gone(t, 3, "xyzzy")
	var out bytes.Buffer
	text, err := json.Marshal(task{Config: cfg, Addrs: []string{"redis://:xyzzy@127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	err = Work(t.Context(), bytes.NewReader(text), &out)
	if err == nil || strings.Contains(err.Error()+out.String(), "xyzzy") || !strings.Contains(out.String(), `{"failed":"`) {
		t.Errorf("got %v, and told %q", err, out.String())
	}
}

// Bad numbers of processes are refused before anything is started.
func TestNumberOfProcesses(t *testing.T) {
	s := &staff{}
	for n, want := range map[int]string{-1: "-1 processes: want 1 to 64", 65: "65 processes: want 1 to 64", 0: "", 1: "", 64: ""} {
		cfg := several(s)
		cfg.Processes = n
		if _, err := cfg.Complete(); err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%d: got %v, want %q", n, err, want)
		}
	}
	if _, err := (Config{Processes: 2}).Complete(); err == nil {
		t.Error("got no error without a command to start processes with")
	}
}

// noting is a locker that notes which keys were asked for.
type noting struct {
	mu   sync.Mutex
	keys map[string]bool // guarded by mu
}

func (n *noting) Lock(_ context.Context, key string) (*redlock.Lease, error) {
	time.Sleep(time.Millisecond)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keys[key] = true
	return nil, nil
}

// Workers of different processes have different keys when every worker has its own, and the same when there is one.
func TestKeysAcrossProcesses(t *testing.T) {
	for keys, want := range map[Keys][]string{Distinct: {"k/0", "k/1", "k/2", "k/3", "k/4", "k/5"}, One: {"k/one"}} {
		faketime.Test(t, func(t *testing.T) {
			cfg, err := Config{Keys: keys, Workers: 2}.Complete()
			if err != nil {
				t.Fatal(err)
			}
			n := &noting{keys: map[string]bool{}}
			for process := range 3 {
				start := time.Now()
				l := &load{
					cfg: cfg, process: process, locker: n, rec: newRecorder(start, time.Second, 2),
					keys: cfg.Keys.choosers("k/", 1), stop: t.Context(), life: t.Context(),
				}
				l.run(start, start.Add(10*time.Millisecond))
				if got := l.rec.workers; got[0] == 0 || got[1] == 0 {
					t.Errorf("got cycles %v of process %d", got, process)
				}
			}
			var got []string
			for key := range n.keys {
				got = append(got, key)
			}
			slices.Sort(got)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got keys %q, want %q", keys, got, want)
			}
		})
	}
}

// The processes of an open load share its rate: in turn when arrivals are fixed, each at random of its own otherwise.
func TestProcessesShareTheRate(t *testing.T) {
	var fixed []time.Duration
	for process := range 4 {
		next := Fixed.timing(100, 1, process, 4)
		for range 25 {
			fixed = append(fixed, next())
		}
	}
	slices.Sort(fixed)
	for i, got := range fixed {
		if want := time.Duration(i) * 10 * time.Millisecond; (got - want).Abs() > time.Microsecond {
			t.Fatalf("arrival %d: got %v, want %v", i, got, want)
		}
	}
	var count int
	first := map[time.Duration]bool{}
	for process := range 4 {
		next := Poisson.timing(1000, 1, process, 4)
		at := next()
		first[at] = true
		for ; at < 10*time.Second; at = next() {
			count++
		}
	}
	if count < 9600 || count > 10400 || len(first) != 4 {
		t.Errorf("got %d arrivals in 10 s, want about 10000, and the first of each process at %v", count, first)
	}
}
