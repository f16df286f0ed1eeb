package chaos

import (
	"slices"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/worker"
)

// A run is cut into at most as many parts as a chart can show, each of a round length.
func TestSeriesHasRoundParts(t *testing.T) {
	for stopped, want := range map[time.Duration]time.Duration{
		0: 100 * ms, 5 * time.Second: 100 * ms, 24 * time.Second: 100 * ms, 30 * time.Second: 250 * ms, 2 * time.Minute: 500 * ms,
		time.Hour: 30 * time.Second, 24 * time.Hour: 5 * time.Minute,
	} {
		got, points := series(&history.History{Stopped: stopped})
		if got != want || len(points) != int(stopped/got) {
			t.Errorf("%v: got %d parts of %v, want parts of %v", stopped, len(points), got, want)
		}
		for i, p := range points {
			if p != (Point{At: time.Duration(i) * got}) {
				t.Errorf("part %d of nothing: %+v", i, p)
			}
		}
	}
}

// Each operation counts in the part in which it returned, and what returned after the end in none.
func TestSeriesCounts(t *testing.T) {
	try := func(returned, took time.Duration, outcome history.Outcome) history.Operation {
		return history.Operation{Kind: history.Try, Called: returned - took, Returned: returned, Outcome: outcome}
	}
	h := &history.History{Stopped: 350 * ms, Operations: []history.Operation{
		try(0, 0, history.OK), try(99*ms, 4*ms, history.OK), try(50*ms, 9*ms, history.Fail),
		try(100*ms, 60*ms, history.OK), try(150*ms, 20*ms, history.OK), try(199*ms, 30*ms, history.OK),
		try(310*ms, ms, history.OK), try(time.Hour, ms, history.OK),
		{Kind: history.Hold, Called: 10 * ms, Returned: 250 * ms}, {Kind: history.Hold, Outcome: history.Fail, Returned: 260 * ms},
		{Kind: history.Lock, Returned: 260 * ms}, {Kind: history.Unlock, Returned: 260 * ms},
	}}
	_, got := series(h)
	want := []Point{
		{At: 0, Tries: 3, Failed: 1, P99: 4 * ms},
		{At: 100 * ms, Tries: 3, P50: 30 * ms, P99: 60 * ms},
		{At: 200 * ms, Leases: 2},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Totals count every operation once, by what it was and what became of it, the good ones first.
func TestTotals(t *testing.T) {
	got := totals([]history.Operation{
		{Kind: history.Try, Outcome: history.Fail, Reason: history.NoQuorum}, {Kind: history.Lock, Outcome: history.OK},
		{Kind: history.Try, Outcome: history.OK}, {Kind: history.Try, Outcome: history.Fail, Reason: history.Held},
		{Kind: history.Try, Outcome: history.OK, Client: 7}, {Kind: history.Read, Outcome: history.Unknown},
	})
	want := []Total{
		{history.Lock, history.OK, "", 1}, {history.Read, history.Unknown, "", 1}, {history.Try, history.OK, "", 2},
		{history.Try, history.Fail, history.Held, 1}, {history.Try, history.Fail, history.NoQuorum, 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := totals(nil); len(got) > 0 {
		t.Errorf("got %v of nothing", got)
	}
}

// The ledger knows who holds what at this moment, counts what was since the last sample, and tells of two holders at a time as
// soon as it hears of them.
func TestLedger(t *testing.T) {
	var problems []*check.Problem
	l := &ledger{holding: map[int]worker.Holding{}, watch: check.Watch{Fenced: true}}
	l.violation = func(p *check.Problem) { problems = append(problems, p) }
	free := func(int) bool { return false }
	if _, found := l.holder(free); found {
		t.Error("somebody holds something before anybody has locked")
	}
	holding := func(client, process int, key string, at time.Duration, alone bool) {
		l.hear(nil, worker.Message{Holding: &worker.Holding{Client: client, Process: process, Key: key, Lease: "l", At: at, Alone: alone}})
	}
	op := func(o history.Operation) { l.hear(nil, worker.Message{Operation: &o}) }
	holding(0, 0, "a", 1*ms, false)
	holding(3, 1, "b", 2*ms, false)
	holding(5, 2, "mine", 3*ms, true)
	if got, _ := l.holder(free); got.Client != 3 {
		t.Errorf("got client %d, want 3, which has the latest lease of a key that many want", got.Client)
	}
	if got, _ := l.holder(func(process int) bool { return process == 1 }); got.Client != 0 {
		t.Errorf("got client %d, want 0: the other process is busy", got.Client)
	}
	if _, found := l.holder(func(process int) bool { return process < 2 }); found {
		t.Error("got somebody who holds a key of its own alone")
	}
	op(history.Operation{Kind: history.Try, Outcome: history.OK, Called: 1 * ms, Returned: 4 * ms})
	op(history.Operation{Kind: history.Try, Outcome: history.Fail, Called: 1 * ms, Returned: 9 * ms})
	op(history.Operation{Kind: history.Hold, Client: 0, Key: "a", Fence: 1, Called: 1 * ms, Returned: 10 * ms, Until: 10 * ms, Outcome: history.OK})
	s := l.sample()
	if s.Cycles != 1 || s.Failed != 1 || s.P50 != 3*ms || s.P99 != 3*ms || len(s.Holders) != 1 || s.Holders["b"] != "process 2, client 3" {
		t.Errorf("got %+v", s)
	}
	if s = l.sample(); s.Cycles != 0 || s.Failed != 0 || s.P50 != 0 || len(s.Holders) != 1 {
		t.Errorf("of no time: got %+v", s)
	}
	if len(problems) > 0 {
		t.Errorf("got %v", problems[0])
	}
	op(history.Operation{Kind: history.Hold, Client: 1, Process: 1, Key: "a", Fence: 2, Called: 5 * ms, Returned: 12 * ms, Until: 12 * ms, Outcome: history.OK})
	if len(problems) != 1 || problems[0].Key != "a" {
		t.Errorf("two holders at a time: got %v", problems)
	}
	if len(l.operations) != 4 {
		t.Errorf("got %d operations, want 4", len(l.operations))
	}
}
