package chaos

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/browser"
	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/report"
)

// madeUp is the report of a run of a minute in which everything that a scenario can have goes wrong, and with failures, every
// promise is broken too.
func madeUp(t *testing.T, failures bool) *Report {
	t.Helper()
	const s = time.Second
	scenario, err := plan.Preset("everything")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := Config{Kind: cluster.Process, Scenario: scenario, Seed: 7, Duration: time.Minute, Processes: 6}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	r := &run{cfg: cfg, began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), nodes: &nodes{kind: cluster.Process}}
	if r.plan, err = scenario.Plan(plan.Ground{Nodes: 5, TTL: cfg.TTL, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		r.nodes.shown = append(r.nodes.shown, fmt.Sprintf("127.0.0.1:%d", 41000+i))
	}
	h := &history.History{Setup: cfg.setup(r.nodes.shown), Stopped: 60 * s, Ended: 61 * s}
	for i, f := range []fault.Fault{
		fault.Kill{Memory: cluster.Forget}, fault.Freeze{}, fault.Pause{}, fault.Cut{}, fault.BlackHole{}, fault.LostReplies{}, fault.Slow{Delay: 60 * ms},
		fault.Flush{}, fault.Rate{Times: 1.008}, fault.Step{By: -800 * ms}, fault.Kill{Memory: cluster.Keep}, fault.Freeze{}, fault.LostReplies{},
	} {
		from, until, on := time.Duration(1+4*i)*s, time.Duration(3+4*i)*s, []int{i % 5, (i + 2) % 5}
		switch f.(type) {
		case fault.Flush:
			until, on = from, on[:1]
		case fault.Freeze:
			on = nil
		}
		if i%4 == 2 {
			on = []int{0, 1, 2}
		}
		strike := struck(f, from, until, on...)
		if len(on) == 0 {
			process := i % 6
			strike.Process, strike.Lease = &process, "lease"
		}
		h.Strikes = append(h.Strikes, strike)
	}
	fences := map[string]uint64{}
	order := uint64(0)
	add := func(o history.Operation) { h.Operations = append(h.Operations, o) }
	for i := range 1200 {
		at := time.Duration(i) * 50 * ms
		client := i % 24
		key := "chaos/ABC/" + []string{"busy-1", "busy-2", "long-1", "long-2"}[i%4]
		fences[key]++
		o := history.Operation{Client: client, Process: client / 4, Key: key, Outcome: history.OK, Lease: fmt.Sprint("lease ", i), Fence: fences[key]}
		step := func(kind history.Kind, called, returned time.Duration) history.Operation {
			op := o
			op.Kind, op.Called, op.Returned = kind, called, returned
			return op
		}
		lock := step(history.Lock, at, at+2*ms)
		lock.Until = at + 1900*ms
		add(lock)
		for k, kind := range []history.Kind{history.Read, history.Write} {
			for _, fence := range []uint64{0, o.Fence} {
				op := step(kind, at+3*ms+time.Duration(k)*10*ms, at+4*ms+time.Duration(k)*10*ms)
				op.Fence, op.Value, op.Order = fence, o.Fence-1+uint64(k), order
				order++
				if failures && i%300 == 200 && k == 1 {
					op.Value--
				}
				add(op)
			}
		}
		hold := step(history.Hold, at+2*ms, at+150*ms)
		hold.Until = at + 1900*ms
		if failures && i%100 == 50 {
			hold.Returned = at + 230*ms
		}
		add(hold)
		add(step(history.Unlock, at+150*ms, at+152*ms))
		try := step(history.Try, at, at+time.Duration(1+i%40)*ms/2)
		try.Key, try.Alone, try.Until, try.Lease, try.Fence = fmt.Sprintf("chaos/ABC/alone-%d", i), true, at+1900*ms, fmt.Sprint("lone ", i), 1
		if i%17 == 0 {
			try.Outcome, try.Reason, try.Lease, try.Until = history.Fail, history.NoQuorum, "", 0
			try.Error = "redlock: lock \"chaos/ABC/alone\": no quorum (need 3 of 5; 127.0.0.1:41000: i/o timeout; 127.0.0.1:41001: restarted 3s ago, votes again in 7s)"
		}
		add(try)
	}
	for n := range 5 {
		h.Sights = append(h.Sights, history.Sight{Node: n, At: 61 * s})
	}
	if failures {
		h.Sights[1].Left = []string{"chaos/ABC/busy-1", "chaos/ABC/alone-7-99"}
		h.Interrupted = true
		h.Troubles = []string{
			"kill: your kill command for node 2: exit status 255: ssh: connect to host node-with-a-rather-long-name.of.some.network.example port 22: Connection refused",
			"a worker ended before its time, and the run with it",
		}
	}
	r.plan.Left = []string{"step 800ms: cannot be done: the clocks of docker nodes are the machine's own; --nodes process:5 has clocks that can be set"}
	rep := r.report(h)
	if failures {
		rep.Notes = []string{"not every node's log could be had: cluster: log node 2 (127.0.0.1:41001): no such file"}
	}
	return rep
}

func pageOf(t *testing.T, r *Report) (file, text string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "index.html")
	if err := writeFile(file, r.writePage); err != nil {
		t.Fatal(err)
	}
	read, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, string(read)
}

// The page is seen as it is meant, whatever came of the run: in wide windows and on phones, light and dark.
func TestPagesFitScreens(t *testing.T) {
	empty := &Report{Scenario: "nothing", Episodes: []check.Episode{{Strike: -1}}, Interval: time.Second}
	empty.History.Setup = history.Setup{Nodes: []string{"a:1"}, Processes: 1}
	for name, c := range map[string]struct {
		report *Report
		views  []browser.View
	}{
		"failures": {madeUp(t, true), browser.Views()},
		"faults":   {madeUp(t, false), []browser.View{browser.Desktop, browser.Phone.InDark()}},
		"empty":    {empty, []browser.View{browser.Phone}},
	} {
		t.Run(name, func(t *testing.T) {
			file, text := pageOf(t, c.report)
			if found := report.References(text); len(found) > 0 {
				t.Errorf("refers to %q", found)
			}
			for _, view := range c.views {
				browser.Look(t, file, view)
			}
		})
	}
}

// The page says what was broken and how, what was done to whom, what kept the run from being what was planned, and how to play it
// again.
func TestPageTellsEverything(t *testing.T) {
	r := madeUp(t, true)
	if r.Verdict.Outcome != check.Fail {
		t.Fatalf("got %s", r.Verdict.Outcome)
	}
	_, text := pageOf(t, r)
	for _, want := range append([]string{
		"Chaos: everything", "FAIL", "promises of", "How they were broken", "Latency", "Leases", "Nodes", "Who held what", "two holders at a time",
		"Fault by fault", "kill, forgets", "process 2", "rate 1.008", "What the locks guarded", "busy-1", "Operations", "no-quorum", "Plan", "seed 7",
		"Left out: step 800ms", "The same again: redlock chaos everything --nodes process:5 --seed 7", "ended before its time", "Connection refused",
		"not every node&#39;s log", "does not vote for",
	}, "hung", "dead", "cut off", "silent", "lossy", "slow", "clock", "not voting") {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q", want)
		}
	}
	if _, text := pageOf(t, madeUp(t, false)); strings.Contains(text, "How they were broken") && madeUp(t, false).Verdict.Outcome != check.Fail {
		t.Error("tells of what was not broken")
	}
}

// Each way in which a run can come out has a sentence at the top.
func TestBanner(t *testing.T) {
	results := func(all ...check.Outcome) (v check.Verdict) {
		for _, o := range all {
			v.Results = append(v.Results, check.Result{Outcome: o})
		}
		return v
	}
	for _, c := range []struct {
		outcome check.Outcome
		of      check.Verdict
		want    report.Verdict
	}{
		{check.Pass, results(check.Pass, check.Pass), report.Verdict{Outcome: report.Passed, Word: "PASS", Text: "All 2 promises were put to the test, and were kept."}},
		{check.Fail, results(check.Pass, check.Fail), report.Verdict{Outcome: report.Failed, Word: "FAIL", Text: "One promise of 2 was broken."}},
		{check.Fail, results(check.Fail, check.Fail, check.Unknown), report.Verdict{Outcome: report.Failed, Word: "FAIL", Text: "2 promises of 3 were broken."}},
		{check.Unknown, check.Verdict{Why: []string{"a", "b"}}, report.Verdict{Outcome: report.Open, Word: "UNKNOWN", Text: "The run cannot tell: a; b."}},
	} {
		c.of.Outcome = c.outcome
		if got := (&Report{Verdict: c.of}).banner(); got != c.want {
			t.Errorf("got  %+v\nwant %+v", got, c.want)
		}
	}
}

// Beliefs in one key are shown as they were, and the part that two have in common is shown as bad, of the later one and the one
// that believes for longest.
func TestHoldSpansShowTwoHolders(t *testing.T) {
	const s = time.Second
	hold := func(process int, called, returned, until time.Duration) history.Operation {
		return history.Operation{Kind: history.Hold, Process: process, Client: process, Called: called, Returned: returned, Until: until}
	}
	for _, c := range []struct {
		holds []history.Operation
		want  string
	}{
		{nil, ""},
		{[]history.Operation{hold(1, 2*s, 3*s, 9*s), hold(0, 1*s, 2*s, 9*s)}, "0:1-2 1:2-3"},
		{[]history.Operation{hold(0, 1*s, 4*s, 9*s), hold(1, 3*s, 5*s, 9*s)}, "0:1-4 1:3-5 bad 1:3-4"},
		{[]history.Operation{hold(0, 1*s, 4*s, 2*s), hold(1, 3*s, 5*s, 9*s)}, "0:1-2 1:3-5"}, // told late, and did not believe
		{[]history.Operation{hold(0, 1*s, 9*s, 9*s), hold(1, 2*s, 3*s, 3*s), hold(2, 4*s, 5*s, 5*s)}, "0:1-9 1:2-3 bad 1:2-3 2:4-5 bad 2:4-5"},
		{[]history.Operation{hold(0, 1*s, 9*s, 9*s), hold(1, 2*s, 3*s, 1*s)}, "0:1-9 1:2-2"}, // was over when it came
	} {
		var got []string
		for _, span := range holdSpans(slices.Clone(c.holds)) {
			text := fmt.Sprintf("%d:%g-%g", span.Kind, span.From, span.To)
			if span.Bad {
				text = "bad " + text
			}
			got = append(got, text)
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
