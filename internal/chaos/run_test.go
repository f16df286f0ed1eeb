//go:build unix

package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/report"
)

func after(d time.Duration) plan.Length { return plan.Length{Fixed: d} }

func onNode(n int) plan.Pick { return plan.Pick{List: []int{n}} }

// small is a run that a busy machine can bear too: three nodes in memory, two processes.
func small(s *staff, scenario *plan.Scenario) Config {
	return Config{
		Kind: cluster.Embedded, Nodes: 3, Scenario: scenario, TTL: 500 * ms, Processes: 2, Contenders: 3, Loners: 1, Seed: 1,
		Worker: s.hire("worker"),
	}
}

// listener hears of events, and checks that they come one at a time and in the order of their times.
type listener struct {
	t      *testing.T
	react  func(Event) // nil: nothing
	busy   bool        // nothing guards it, so that the race detector sees two events at a time even when they just miss each other
	events []Event
}

func (l *listener) tell(e Event) {
	if l.busy {
		l.t.Errorf("%s is told of while another event is", e.Kind)
		return
	}
	l.busy = true
	defer func() { l.busy = false }()
	if n := len(l.events); n > 0 && e.At < l.events[n-1].At {
		l.t.Errorf("%s at %v, after %s at %v", e.Kind, e.At, l.events[n-1].Kind, l.events[n-1].At)
	}
	l.events = append(l.events, e)
	if l.react != nil {
		l.react(e)
	}
}

func (l *listener) kinds() []EventKind {
	var all []EventKind
	for _, e := range l.events {
		all = append(all, e.Kind)
	}
	return all
}

// find returns the place of the first event of a kind; -1 if there is none.
func (l *listener) find(kind EventKind) int { return slices.Index(l.kinds(), kind) }

// inOrder checks that a run which was played tells of its parts in their order, and of every fault's end after its beginning.
func (l *listener) inOrder() {
	l.t.Helper()
	kinds := l.kinds()
	parts := []EventKind{Starting, Ready, Began, Stopping, Judging}
	last := -1
	for _, kind := range parts {
		at := slices.Index(kinds, kind)
		if at <= last {
			l.t.Errorf("got %v, want %v in this order", kinds, parts)
			return
		}
		last = at
	}
	if last != len(kinds)-1 {
		l.t.Errorf("got %v after the last part", kinds[last+1:])
	}
	there := map[string]int{}
	for i, e := range l.events {
		switch e.Kind {
		case Struck:
			there[e.Strike.Text()]++
		case Cured:
			if there[e.Strike.Text()]--; there[e.Strike.Text()] < 0 {
				l.t.Errorf("%s is over, and has not begun", e.Strike.Text())
			}
		case Sampled:
			if i > l.find(Stopping) {
				l.t.Error("a sample is of the time after the end")
			}
		}
	}
	for text, n := range there {
		if n != 0 {
			l.t.Errorf("%s is not over", text)
		}
	}
}

// healed checks that each strike has come and gone in that order, and that every node could be looked at afterwards and had
// nothing left.
func healed(t *testing.T, h *history.History) {
	t.Helper()
	for _, s := range h.Strikes {
		if s.Begin.From <= 0 || s.Begin.Until < s.Begin.From || s.End.From < s.Begin.From || s.End.Until < max(s.End.From, s.Begin.Until) {
			t.Errorf("%s: began in %v, ended in %v", s.Text(), s.Begin, s.End)
		}
		if s.Error != "" {
			t.Errorf("%s: %s", s.Text(), s.Error)
		}
	}
	if len(h.Sights) != len(h.Setup.Nodes) {
		t.Errorf("got %d looks at %d nodes", len(h.Sights), len(h.Setup.Nodes))
	}
	for _, s := range h.Sights {
		if s.Error != "" || len(s.Left) > 0 {
			t.Errorf("node %d afterwards: %q is left, error %q", s.Node+1, s.Left, s.Error)
		}
	}
}

// kept checks that no promise of safety was broken, which none is on however slow a machine, and tells of the others.
func kept(t *testing.T, v *check.Verdict) {
	t.Helper()
	t.Logf("verdict %s %q", v.Outcome, v.Why)
	for _, r := range v.Results {
		t.Logf("%s %s: %d samples, %s %v", mark(r.Outcome), r.Name, r.Samples, r.Saw, r.Problems)
		safe := slices.Contains([]string{"exclusion", "window", "fences", "storage", "linearizable", "leftovers"}, r.Name)
		if safe && r.Outcome == check.Fail {
			t.Errorf("%s: %v", r.Name, r.Problems)
		}
	}
}

// faults is a scenario with faults of many kinds, each for itself, and one that is there at the end.
func faults() *plan.Scenario {
	return &plan.Scenario{Name: "faults", About: "One after the other.", Duration: 6 * time.Second, Steps: []plan.Step{
		{At: after(300 * ms), For: after(400 * ms), Fault: fault.Kill{Memory: cluster.Forget}, Nodes: onNode(1)},
		{At: after(900 * ms), For: after(900 * ms), Fault: fault.Freeze{}},
		{At: after(1500 * ms), For: after(500 * ms), Fault: fault.Pause{}, Nodes: onNode(2)},
		{At: after(2200 * ms), For: after(400 * ms), Fault: fault.LostReplies{}, Nodes: onNode(3)},
		{At: after(2800 * ms), Fault: fault.Flush{}, Nodes: onNode(1)},
	}, Finally: []plan.Step{{For: after(400 * ms), Fault: fault.Cut{}, Nodes: onNode(2)}}}
}

// A run has operations of every kind and every fault of its plan, heals what it broke, and leaves files that say the same as
// its report.
func TestRun(t *testing.T) {
	t.Parallel()
	s, l := &staff{}, &listener{t: t}
	cfg := small(s, faults())
	cfg.Dir = t.TempDir()
	rep, err := Run(t.Context(), cfg, l.tell)
	if err != nil {
		t.Fatal(err)
	}
	s.gone(t, 2)
	l.inOrder()
	healed(t, &rep.History)
	kept(t, &rep.Verdict)
	var struck []string
	from := l.events[l.find(Ready)].At // the clients begin later than that
	for i, strike := range rep.History.Strikes {
		struck = append(struck, strike.Fault)
		planned := []struct{ at, until time.Duration }{
			{300 * ms, 700 * ms}, {900 * ms, 1800 * ms}, {1500 * ms, 2000 * ms}, {2200 * ms, 2600 * ms}, {2800 * ms, 2800 * ms}, {5600 * ms, 6000 * ms},
		}[min(i, 5)]
		if strike.Begin.From < from+planned.at || strike.End.From < from+planned.until {
			t.Errorf("%s came at %v and went at %v, want not before %v and %v", strike.Text(), strike.Begin.From, strike.End.From, from+planned.at, from+planned.until)
		}
		if freeze := strike.Has(history.Frozen); freeze != (strike.Process != nil && strike.Lease != "") || freeze == (len(strike.Nodes) > 0) {
			t.Errorf("%+v", strike)
		}
	}
	if want := []string{"kill, forgets", "freeze", "pause", "lost-replies", "flush", "cut"}; !slices.Equal(struck, want) {
		t.Errorf("got faults %q, want %q", struck, want)
	}
	// The last fault is taken away just when the clients are told to stop, a little before or after that.
	last := l.events[len(l.events)-5 : len(l.events)-1]
	if !slices.ContainsFunc(last, func(e Event) bool { return e.Kind == Cured && e.Strike.Fault == "cut" }) {
		t.Errorf("got %+v before the judgement, want the end of the fault that is there when the clients stop", last)
	}
	seen := map[history.Kind]int{}
	for _, total := range rep.Totals {
		seen[total.Kind] += total.Count
	}
	for _, kind := range []history.Kind{history.Lock, history.Try, history.Hold, history.Extend, history.Unlock, history.Read, history.Write} {
		if seen[kind] == 0 {
			t.Errorf("no %s", kind)
		}
	}
	if rep.History.Interrupted || len(rep.History.Troubles) > 0 || len(rep.Plan) != 6 || len(rep.Series) == 0 || len(rep.Episodes) != 7 {
		t.Errorf("interrupted %v, troubles %q, plan %q, %d points, %d episodes", rep.History.Interrupted, rep.History.Troubles, rep.Plan, len(rep.Series), len(rep.Episodes))
	}
	sampledAll(t, l)
	filesOf(t, cfg.Dir, rep)
}

// sampledAll checks that the samples show leases, holders and each node's trouble.
func sampledAll(t *testing.T, l *listener) {
	t.Helper()
	seen, cycles, holders := map[State]bool{}, 0, 0
	for _, e := range l.events {
		if e.Kind == Sampled {
			cycles, holders = cycles+e.Sample.Cycles, holders+len(e.Sample.Holders)
			for _, state := range e.Sample.States {
				seen[state] = true
			}
		}
	}
	if cycles == 0 || holders == 0 || !seen[Up] || !seen[Quiet] {
		t.Errorf("the samples show %d leases, %d holders, states %v", cycles, holders, seen)
	}
}

// filesOf checks the files of a run.
func filesOf(t *testing.T, dir string, rep *Report) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var read Report
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if read.Schema != Schema || read.Verdict.Outcome != rep.Verdict.Outcome || len(read.History.Strikes) != len(rep.History.Strikes) || read.Command != rep.Command {
		t.Errorf("report.json is another report: %+v", read)
	}
	f, err := os.Open(filepath.Join(dir, "history.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ops, err := history.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := totals(ops); !slices.Equal(got, read.Totals) {
		t.Errorf("history.ndjson has %v, report.json counts %v", got, read.Totals)
	}
	h := read.History
	h.Operations = ops
	if again := check.Judge(&h, read.Expected); again.Outcome != rep.Verdict.Outcome {
		t.Errorf("the files are judged %s, the run was %s", again.Outcome, rep.Verdict.Outcome)
	}
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	if found := report.References(string(page)); len(found) > 0 || len(page) == 0 {
		t.Errorf("index.html, %d bytes, refers to %q", len(page), found)
	}
	for _, name := range append([]string{"porcupine.html"}, "node-1.log", "node-2.log", "node-3.log") {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A run that is interrupted while a node is dead and a process is frozen still reports, heals both, and leaves nothing; it is
// no pass.
func TestAnInterruptedRunHeals(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	struck := 0
	s, l := &staff{}, &listener{t: t, react: func(e Event) {
		if e.Kind == Struck {
			if struck++; struck == 2 {
				interrupt()
			}
		}
	}}
	cfg := small(s, &plan.Scenario{Name: "long", Duration: time.Hour, Steps: []plan.Step{
		{At: after(200 * ms), For: after(time.Minute), Fault: fault.Kill{Memory: cluster.Keep}, Nodes: onNode(1)},
		{At: after(400 * ms), For: after(time.Minute), Fault: fault.Freeze{}},
		{At: after(2 * time.Minute), For: after(time.Minute), Fault: fault.Pause{}, Nodes: onNode(1)},
	}})
	cfg.Dir = t.TempDir()
	rep, err := Run(ctx, cfg, l.tell)
	if err != nil {
		t.Fatal(err)
	}
	s.gone(t, 2)
	l.inOrder()
	healed(t, &rep.History)
	kept(t, &rep.Verdict)
	if !rep.History.Interrupted || rep.Verdict.Outcome != check.Unknown || len(rep.History.Strikes) != 2 {
		t.Errorf("got interrupted %v, %s, %d strikes; want an unknown verdict after 2", rep.History.Interrupted, rep.Verdict.Outcome, len(rep.History.Strikes))
	}
	filesOf(t, cfg.Dir, rep)
}

// A run that is interrupted before it has begun, or while its workers start, is an error and leaves nothing.
func TestARunThatDoesNotBeginIsAnError(t *testing.T) {
	t.Parallel()
	for _, when := range []EventKind{"", Starting, Ready} {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		s := &staff{}
		l := &listener{t: t, react: func(e Event) {
			if e.Kind == when {
				interrupt()
			}
		}}
		if when == "" {
			interrupt()
		}
		rep, err := Run(ctx, small(s, faults()), l.tell)
		if rep != nil || !errors.Is(err, context.Canceled) || l.find(Began) >= 0 {
			t.Errorf("interrupted at %q: got %v, %v after %v; want an error", when, rep, err, l.kinds())
		}
		s.gone(t, 0)
	}
	for _, c := range []struct{ role, lock, want string }{
		{"broken", "", "exit status 3): out of order"},
		{"worker", "nonsense", `worker 1: lock: unknown locker "nonsense"`},
	} {
		s, l := &staff{}, &listener{t: t}
		cfg := small(s, faults())
		cfg.Worker, cfg.Lock = s.hire(c.role), c.lock
		if rep, err := Run(t.Context(), cfg, l.tell); rep != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, %v; want an error with %q", rep, err, c.want)
		}
		s.gone(t, 2)
	}
}

// A run that is interrupted while its workers start is an error too, unless they were quicker, and leaves none of them.
func TestWorkersThatStartAreStopped(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	s, l := &staff{}, &listener{t: t}
	cfg := small(s, faults())
	hire := cfg.Worker
	cfg.Worker = func() *exec.Cmd {
		interrupt()
		return hire()
	}
	rep, err := Run(ctx, cfg, l.tell)
	if !errors.Is(err, context.Canceled) && (rep == nil || !rep.History.Interrupted) {
		t.Errorf("got %v, %v; want an error, or a report of next to nothing", rep, err)
	}
	s.gone(t, 2)
}

// A worker that dies ends the run before its time, which then cannot tell, and says which.
func TestAWorkerThatDiesEndsTheRun(t *testing.T) {
	t.Parallel()
	s := &staff{}
	l := &listener{t: t, react: func(e Event) {
		if e.Kind == Began {
			_ = s.cmds[1].Process.Kill()
		}
	}}
	cfg := small(s, &plan.Scenario{Name: "long", Duration: time.Hour, Steps: []plan.Step{
		{At: after(100 * ms), For: after(time.Minute), Fault: fault.Pause{}, Nodes: onNode(1)},
	}})
	cfg.Dir = t.TempDir()
	rep, err := Run(t.Context(), cfg, l.tell)
	if err != nil {
		t.Fatal(err)
	}
	s.gone(t, 2)
	l.inOrder()
	h := &rep.History
	if rep.Verdict.Outcome == check.Pass || h.Interrupted || len(h.Troubles) != 2 || !strings.Contains(strings.Join(h.Troubles, "\n"), "worker 2 ended before its time (signal: killed)") {
		t.Errorf("got %s, interrupted %v, troubles %q", rep.Verdict.Outcome, h.Interrupted, h.Troubles)
	}
	kept(t, &rep.Verdict)
	filesOf(t, cfg.Dir, rep)
}

// A run in which nothing goes wrong has no faults, and no plan.
func TestARunWithoutFaults(t *testing.T) {
	t.Parallel()
	s, l := &staff{}, &listener{t: t}
	cfg := small(s, nil)
	cfg.Duration, cfg.Plain, cfg.Lock = 1500*ms, true, "simple"
	rep, err := Run(t.Context(), cfg, l.tell)
	if err != nil {
		t.Fatal(err)
	}
	s.gone(t, 2)
	l.inOrder()
	healed(t, &rep.History)
	kept(t, &rep.Verdict)
	if len(rep.History.Strikes) > 0 || len(rep.Plan) > 0 || rep.History.Setup.Fenced || rep.Scenario != "watch" {
		t.Errorf("got %+v", rep.History.Setup)
	}
}
