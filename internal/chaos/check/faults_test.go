package check

import (
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// attempt adds an operation of client 0 that won, or failed.
func attempt(h *history.History, kind history.Kind, called, returned time.Duration, why history.Reason) *history.Operation {
	o := history.Operation{Kind: kind, Key: "its own", Called: called, Returned: returned, Outcome: history.OK, Until: returned + s, Lease: "x", Fence: 1}
	if why != "" {
		o.Outcome, o.Reason, o.Error = history.Fail, why, string(why)
	}
	h.Operations = append(h.Operations, o)
	return &h.Operations[len(h.Operations)-1]
}

// cutOff is that a node was away.
func cutOff(h *history.History, node int, from, until time.Duration) {
	h.Strikes = append(h.Strikes, history.Strike{Fault: "cut", Effects: []history.Effect{history.Away}, Nodes: []int{node},
		Begin: history.Span{From: from, Until: from}, End: history.Span{From: until, Until: until}})
}

// A try that fails while a majority is well is a problem, unless it could not win or there are few of them.
func TestAvailability(t *testing.T) {
	try := func(called time.Duration) func(h *history.History, x *Expect) {
		return func(h *history.History, x *Expect) {
			x.Exceptions = 0
			attempt(h, history.Try, called, called+50*ms, history.NoQuorum)
		}
	}
	for _, c := range []spoiled{
		{"with one node away", try(12 * s), "availability", "client 0's try of its own at 12.000s failed with kill: no-quorum", false},
		{"with one node slow", try(31 * s), "availability", "failed with slow 20ms", false},
		{"while another process is stopped", try(35 * s), "availability", "failed with freeze", false},
		{"with all nodes up", try(8 * s), "availability", "failed with no fault", false},
		{"with too many away", try(25 * s), "availability", "1 of 1 with kill, 1 of 1 with no fault, 1 of 1 with slow 20ms", true},
		{"before clients know that they are back", try(27099 * ms), "availability", "", true},
		{"as soon as they know", try(27100 * ms), "availability", "failed with no fault", false},
		{"just before too many are away", try(19949 * ms), "availability", "failed with no fault", false},
		{"when too many begin to be away", try(19950 * ms), "availability", "", true},
		{"with too many clocks set, and waiting", func(h *history.History, x *Expect) {
			h.Strikes[0].Nodes, h.Strikes[0].Effects = []int{0, 1}, []history.Effect{history.Shift}
			try(17099*ms)(h, x)
			try(10*s)(h, x)
			x.Minority = false
		}, "availability", "", true},
		{"after that", func(h *history.History, x *Expect) {
			h.Strikes[0].Nodes, h.Strikes[0].Effects = []int{0, 1}, []history.Effect{history.Shift}
			try(17100*ms)(h, x)
		}, "availability", "failed with no fault", false},
		{"with a node that never came back, when another is away", func(h *history.History, x *Expect) {
			h.Strikes[0].Error = "cannot start"
			h.Strikes[1].Nodes = []int{1}
			try(22*s)(h, x)
		}, "availability", "", true},
		{"while another node may still have what could not be given back", func(h *history.History, x *Expect) {
			h.Strikes[1].Nodes = []int{1}
			h.Strikes[1].End = h.Strikes[1].Begin
			cutOff(h, 2, 22*s, 24*s)
			without(h, func(o *history.Operation) bool { return o.Kind == history.Try && o.Outcome == history.Fail })
			try(22050*ms)(h, x)
		}, "availability", "", true},
		{"of a stopped process", func(h *history.History, x *Expect) {
			try(35*s)(h, x)
			*h.Strikes[3].Process = 0
		}, "availability", "1 of processes that did not run", true},
		{"of one that the machine had no time for", func(h *history.History, x *Expect) {
			try(12*s)(h, x)
			h.Operations[len(h.Operations)-1].Stalled = 50*ms + 1
		}, "availability", "1 of processes that did not run", true},
		{"of one that the machine had some time for", func(h *history.History, x *Expect) {
			try(12*s)(h, x)
			h.Operations[len(h.Operations)-1].Stalled = 50 * ms
		}, "availability", "failed with kill", false},
		{"given up", func(h *history.History, _ *Expect) { attempt(h, history.Try, 12*s, 13*s, history.Cancelled) },
			"availability", "1 of 1 with kill", true},
		{"of which nobody knows", func(h *history.History, _ *Expect) {
			attempt(h, history.Try, 12*s, 13*s, history.Other).Outcome = history.Unknown
		}, "availability", "1 of 1 with kill", true},
		{"of a key that others want", func(h *history.History, x *Expect) { attempt(h, history.Lock, 12*s, 13*s, history.Held) },
			"availability", "1 of 1 with kill", true},
		{"twice", func(h *history.History, _ *Expect) {
			attempt(h, history.Try, 12*s, 13*s, history.Held)
			attempt(h, history.Try, 12*s, 13*s, history.Held)
		}, "availability", "failed with kill: held", false},
		{"twice of more than a hundred", func(h *history.History, x *Expect) {
			x.Exceptions = 2
			many(h, 100)
			attempt(h, history.Try, 12*s, 13*s, history.Held)
			attempt(h, history.Try, 12*s, 13*s, history.Held)
		}, "availability", "101 of 103 with kill", true},
		{"twice of a hundred", func(h *history.History, x *Expect) {
			x.Exceptions = 2
			many(h, 97)
			attempt(h, history.Try, 12*s, 13*s, history.Held)
			attempt(h, history.Try, 12*s, 13*s, history.Held)
		}, "availability", "failed with kill", false},
		{"nobody tried while a node was struck", func(h *history.History, _ *Expect) { h.Strikes = h.Strikes[1:2] },
			"availability", "nothing was observed", false},
		{"nor was that expected", func(h *history.History, x *Expect) { h.Strikes, x.Minority = h.Strikes[1:2], false },
			"availability", "3 of 3 with no fault", true},
	} {
		c.test(t)
	}
}

func many(h *history.History, n int) {
	for range n {
		attempt(h, history.Try, 12*s, 12*s+ms, "")
	}
}

// Whoever has a lease while a majority is away has what nobody could give.
func TestOutage(t *testing.T) {
	won := func(called, returned time.Duration) func(h *history.History, _ *Expect) {
		return func(h *history.History, _ *Expect) { attempt(h, history.Lock, called, returned, "") }
	}
	for _, c := range []spoiled{
		{"from the first moment to the last", won(20100*ms, 26*s), "outage", "client 0 got its own at 26.000s, with 2 of 3 nodes away", false},
		{"handed over within a process, to the last moment", func(h *history.History, _ *Expect) {
			won(19*s, 19500*ms)(h, nil)
			attempt(h, history.Lock, 21*s, 21500*ms, "").Until = 20100*ms + 1900*ms
		}, "outage", "2 attempts while a majority was away; 1 lease handed over within a process", true},
		{"handed over, and trusted for longer than what was won before", func(h *history.History, _ *Expect) {
			won(19*s, 19500*ms)(h, nil)
			attempt(h, history.Lock, 21*s, 21500*ms, "").Until = 20100*ms + 1900*ms + 1
		}, "outage", "client 0 got its own at 21.500s", false},
		{"under an owner of another process", func(h *history.History, _ *Expect) {
			won(19*s, 19500*ms)(h, nil)
			attempt(h, history.Lock, 21*s, 21500*ms, "").Until = 21600 * ms
			h.Operations[len(h.Operations)-1].Process = 1
		}, "outage", "client 0 got its own at 21.500s", false},
		{"a try, to which nothing is handed over", func(h *history.History, _ *Expect) {
			won(19*s, 19500*ms)(h, nil)
			attempt(h, history.Try, 21*s, 21500*ms, "").Until = 21600 * ms
		}, "outage", "client 0 got its own at 21.500s", false},
		{"handed over, and won before by nobody", func(h *history.History, _ *Expect) {
			won(21*s, 22*s)(h, nil)
			won(22*s, 23*s)(h, nil)
		}, "outage", "client 0 got its own at 22.000s", false},
		{"nobody knows whose owner it is", func(h *history.History, _ *Expect) {
			attempt(h, history.Lock, 20*s, 21*s, "").Lease = ""
			attempt(h, history.Lock, 22*s, 23*s, "").Lease = ""
		}, "outage", "client 0 got its own at 23.000s", false},
		{"asked before", won(20100*ms-1, 26*s), "outage", "2 attempts", true},
		{"had after", won(20100*ms, 26*s+1), "outage", "2 attempts", true},
		{"nobody knows", func(h *history.History, _ *Expect) {
			attempt(h, history.Lock, 21*s, 22*s, "").Outcome = history.Unknown
		}, "outage", "2 attempts", true},
		{"one node was only late", func(h *history.History, x *Expect) {
			h.Strikes[1].Effects = []history.Effect{history.Late}
			x.Outages = true
		}, "outage", "nothing was observed", false},
		{"it could not be brought", func(h *history.History, _ *Expect) { // a history that did not say so would be interrupted
			h.Strikes[1].Error, h.Strikes[0].Error = "no", ""
			h.Strikes = append(h.Strikes, history.Strike{Fault: "cut", Effects: []history.Effect{history.Away}, Nodes: []int{1, 2},
				Begin: history.Span{From: 20 * s, Until: 20 * s}, End: history.Span{From: 21200 * ms, Until: 21200 * ms}})
			won(21300*ms, 21400*ms)(h, nil)
		}, "outage", "1 attempt ", true},
		{"never the same two", func(h *history.History, _ *Expect) {
			h.Strikes[1].Nodes = []int{1}
			cutOff(h, 0, 20*s, 23*s)
			cutOff(h, 2, 23*s, 26*s)
			won(22*s, 24*s)(h, nil)
		}, "outage", "2 attempts", true},
		{"one of them hit again before it was back", func(h *history.History, _ *Expect) {
			h.Strikes[1].Nodes = []int{1}
			cutOff(h, 2, 23*s, 26*s)
			cutOff(h, 2, 20*s, 23*s)
			won(22*s, 24*s)(h, nil)
		}, "outage", "client 0 got its own at 24.000s", false},
	} {
		c.test(t)
	}
}

// Somebody acquires within the bound after a majority is back, or there was no time for it.
func TestRecovery(t *testing.T) {
	// quiet deletes whatever was won between two moments.
	quiet := func(h *history.History, from, until time.Duration) {
		without(h, func(o *history.Operation) bool { return acquires(o) && o.Returned >= from && o.Returned <= until })
	}
	for _, c := range []spoiled{
		{"nobody did", func(h *history.History, _ *Expect) { quiet(h, 20*s, 32*s) },
			"recovery", "nobody acquired within 5s of 26.100s, when pause was over", false},
		{"somebody did at the last moment", func(h *history.History, _ *Expect) {
			quiet(h, 20*s, 32*s)
			attempt(h, history.Lock, 30*s, 31100*ms, "")
		}, "recovery", "1 recovery, after 5s", true},
		{"somebody did just after it", func(h *history.History, _ *Expect) {
			quiet(h, 20*s, 32*s)
			attempt(h, history.Lock, 30*s, 31100*ms+1, "")
		}, "recovery", "nobody acquired", false},
		{"somebody was handed a lease over", func(h *history.History, _ *Expect) {
			quiet(h, 20*s, 32*s)
			attempt(h, history.Lock, 19*s, 19500*ms, "")
			attempt(h, history.Lock, 26*s, 26500*ms, "")
		}, "recovery", "nobody acquired within 5s", false},
		{"somebody did just before they were back", func(h *history.History, _ *Expect) {
			quiet(h, 20*s, 32*s)
			attempt(h, history.Lock, 25*s, 26100*ms-1, "")
		}, "recovery", "nobody acquired", false},
		{"the end came before", func(h *history.History, x *Expect) {
			quiet(h, 20*s, 50*s)
			h.Stopped, x.Recoveries = 31*s, false
			attempt(h, history.Lock, 0, 1, "") // some other time
			h.Strikes = append(h.Strikes, history.Strike{Fault: "flush", Effects: []history.Effect{history.Amnesia}, Nodes: []int{0, 1},
				Begin: history.Span{From: 1 * s, Until: 1 * s}, End: history.Span{From: 1 * s, Until: 1 * s}})
			attempt(h, history.Lock, 3*s, 3500*ms, "")
		}, "recovery", "1 recovery, after 0s; 1 more had no time for it", true},
		{"it was not over when the clients stopped", func(h *history.History, _ *Expect) {
			quiet(h, 20*s, 50*s)
			h.Stopped = 26100 * ms
		}, "recovery", "nothing was observed", false},
		{"one after the other had forgotten", func(h *history.History, _ *Expect) {
			quiet(h, 3*s, 10500*ms)
			h.Strikes = h.Strikes[1:]
			for n := range 2 {
				from := time.Duration(3+n) * s
				h.Strikes = append(h.Strikes, history.Strike{Fault: "flush", Effects: []history.Effect{history.Amnesia}, Nodes: []int{n},
					Begin: history.Span{From: from, Until: from}, End: history.Span{From: from, Until: from}})
			}
		}, "recovery", "nobody acquired within 5s of 3.000s, when flush was over", false},
		{"one of them was struck again meanwhile, for a shorter time", func(h *history.History, _ *Expect) { cutOff(h, 1, 21*s, 22*s) },
			"recovery", "1 recovery, after 400ms", true},
		{"one was away when another came back", func(h *history.History, _ *Expect) {
			h.Strikes[1].Nodes, h.Strikes[1].End.Until = []int{1}, 26*s
			cutOff(h, 2, 20*s, 23*s)
			cutOff(h, 0, 23*s, 26*s)
		}, "recovery", "1 recovery, after 500ms", true},
		{"the next fault came before", func(h *history.History, _ *Expect) {
			quiet(h, 20*s, 36*s)
			cutOff(h, 1, 29*s, 35*s)
			cutOff(h, 2, 29*s, 35*s)
			attempt(h, history.Lock, 36*s, 36100*ms, "")
		}, "recovery", "1 recovery, after 1.1s; 1 more had no time for it", true},
		{"no majority was ever struck", func(h *history.History, _ *Expect) { h.Strikes[1].Nodes = []int{1} },
			"recovery", "nothing was observed", false},
	} {
		c.test(t)
	}
}
