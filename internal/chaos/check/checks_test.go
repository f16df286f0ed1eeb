package check

import (
	"slices"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// spoiled is one way to change played.
type spoiled struct {
	how   string
	spoil func(h *history.History, x *Expect)
	check string
	says  string // part of a problem; of what it saw, if it is to pass
	pass  bool
}

func (c spoiled) test(t *testing.T) {
	t.Helper()
	h, x := played(), wanted()
	c.spoil(h, &x)
	r := result(Judge(h, x), c.check)
	if c.pass {
		if r.Outcome != Pass || !strings.Contains(r.Saw, c.says) {
			t.Errorf("%s: %s: got %s, saw %q, %v; want a pass that saw %q", c.how, c.check, r.Outcome, r.Saw, r.Problems, c.says)
		}
		return
	}
	for _, p := range r.Problems {
		if r.Outcome == Fail && strings.Contains(p.Text, c.says) {
			return
		}
	}
	t.Errorf("%s: %s: got %s, %q, %v; want a problem that says %q", c.how, c.check, r.Outcome, r.Saw, r.Problems, c.says)
}

// fenced returns the operation of a kind on k with a fence.
func fenced(h *history.History, kind history.Kind, fence uint64) *history.Operation {
	return of(h, "k", kind, fence)
}

func of(h *history.History, key string, kind history.Kind, fence uint64) *history.Operation {
	for i := range h.Operations {
		if o := &h.Operations[i]; o.Kind == kind && o.Key == key && o.Fence == fence {
			return o
		}
	}
	panic("no such operation")
}

// without deletes all operations of a kind.
func without(h *history.History, drop func(o *history.Operation) bool) {
	var left []history.Operation
	for _, o := range h.Operations {
		if !drop(&o) {
			left = append(left, o)
		}
	}
	h.Operations = left
}

// Each way to break a promise of exclusion or of fences is found, and what only looks like one is not.
func TestExclusionAndFences(t *testing.T) {
	for _, c := range []spoiled{
		{"a hold begins before the last one ends", func(h *history.History, _ *Expect) { fenced(h, history.Hold, 2).Called = 1999 * ms },
			"exclusion", "client 1 got k at 1.999s, while client 0 held it until 2.000s", false},
		{"a hold begins when the last one ends", func(h *history.History, _ *Expect) { fenced(h, history.Hold, 2).Called = 2 * s },
			"exclusion", "", true},
		{"a hold lies within one that is not the last before it", func(h *history.History, _ *Expect) {
			fenced(h, history.Hold, 1).Returned, fenced(h, history.Hold, 1).Until = 12*s, 13*s
		}, "exclusion", "client 0 got k at 11.000s, while client 0 held it until 12.000s", false},
		{"a hold lies within another and was over when it began", func(h *history.History, _ *Expect) {
			*fenced(h, history.Hold, 2) = history.Operation{Kind: history.Hold, Key: "k", Client: 1, Fence: 2, Called: 1500 * ms, Returned: 3 * s, Until: 1 * s}
		}, "exclusion", "", true},
		{"nobody took over from anybody", func(h *history.History, _ *Expect) {
			for i := range h.Operations {
				h.Operations[i].Client = 0
			}
		}, "exclusion", "nothing was observed", false},

		{"a fence is that of before", func(h *history.History, _ *Expect) { fenced(h, history.Hold, 3).Fence = 2 },
			"fences", "client 0 got k at 11.000s with fence 2, after client 1 with 2", false},
		{"a fence is smaller", func(h *history.History, _ *Expect) {
			fenced(h, history.Hold, 7).Fence, fenced(h, history.Hold, 8).Fence = 17, 16
		}, "fences", "with fence 16, after client 0 with 17", false},
		{"a lease has no fence", func(h *history.History, _ *Expect) { fenced(h, history.Hold, 5).Fence = 0 },
			"fences", "client 0 got k at 26.500s without a fence", false},
		{"whoever was over when it began was late to say so", func(h *history.History, _ *Expect) { fenced(h, history.Hold, 6).Called = 37 * s },
			"fences", "", true},
		{"and has the fence of another", func(h *history.History, _ *Expect) {
			fenced(h, history.Hold, 6).Called, fenced(h, history.Hold, 6).Fence = 37*s, 7
		}, "fences", "with fence 7, after client 0 with 7", false},
		{"no key was held twice", func(h *history.History, _ *Expect) {
			without(h, func(o *history.Operation) bool { return o.Key == "mine" || o.Fence > 1 })
		}, "fences", "nothing was observed", false},
	} {
		c.test(t)
	}
}

// Each way to trust a lease for too long, or to hear of its loss too late, is found.
func TestWindowAndTold(t *testing.T) {
	for _, c := range []spoiled{
		{"a lease is trusted for its TTL", func(h *history.History, _ *Expect) { fenced(h, history.Lock, 1).Until = 3 * s },
			"window", "client 0 trusted its lease on k until 3.000s, 2s after it was there; want at most 1.9s", false},
		{"by a nanosecond too long", func(h *history.History, _ *Expect) { fenced(h, history.Lock, 1).Until = 2900*ms + 1 },
			"window", "1.900000001s after", false},
		{"not by that", func(h *history.History, _ *Expect) { fenced(h, history.Lock, 1).Until = 2900 * ms },
			"window", "", true},
		{"an extension is", func(h *history.History, _ *Expect) {
			h.Operations = append(h.Operations, history.Operation{Kind: history.Extend, Outcome: history.OK, Key: "k", Returned: 1 * s, Until: 3 * s})
		}, "window", "until 3.000s", false},
		{"an extension failed", func(h *history.History, _ *Expect) {
			h.Operations = append(h.Operations, history.Operation{Kind: history.Extend, Outcome: history.Fail, Key: "k", Returned: 1 * s, Until: 3 * s})
		}, "window", "", true},
		{"a lease was extended in the background", func(h *history.History, _ *Expect) { fenced(h, history.Hold, 1).Until = 3901 * ms },
			"window", "until 3.901s", false},
		{"a lease has no end", func(h *history.History, _ *Expect) { fenced(h, history.Lock, 1).Until = 0 },
			"window", "client 0 got k at 1.000s without an end", false},
		{"nobody had a lease", func(h *history.History, _ *Expect) { h.Operations = nil }, "window", "nothing was observed", false},

		{"a holder was told when a node could let go", func(h *history.History, _ *Expect) { fenced(h, history.Hold, 4).Returned = 21500 * ms },
			"told", "client 1 was told at 21.500s that its lease on k is lost, 0s too late", false},
		{"just before", func(h *history.History, _ *Expect) { fenced(h, history.Hold, 4).Returned = 21500*ms - 1 },
			"told", "1 lost lease, told 0s before", true},
		{"the machine had no time for it", func(h *history.History, _ *Expect) {
			fenced(h, history.Hold, 4).Returned, fenced(h, history.Hold, 4).Stalled = 22*s, 500*ms+1
			h.Strikes[3].Process = nil
		}, "told", "too late", false}, // the other one's
		{"nor for any", func(h *history.History, x *Expect) {
			fenced(h, history.Hold, 4).Returned, fenced(h, history.Hold, 4).Stalled = 22*s, 500*ms+1
			x.Losses = false
			fenced(h, history.Hold, 2).Outcome, fenced(h, history.Hold, 2).Returned = history.Fail, 3*s
		}, "told", "1 lost lease, told 1.5s before a node could let go, at the latest; 2 more of processes that did not run", true},
		{"the machine had a little less time", func(h *history.History, _ *Expect) {
			fenced(h, history.Hold, 4).Returned, fenced(h, history.Hold, 4).Stalled = 22*s, 500*ms
		}, "told", "500ms too late", false},
		{"another process was stopped", func(h *history.History, _ *Expect) { *h.Strikes[3].Process = 0 },
			"told", "client 1 was told at 37.050s", false},
		{"the holder of that lease was stopped", func(h *history.History, _ *Expect) {
			h.Strikes[3].Process, h.Strikes[3].Lease = nil, owner(6)
		}, "told", "1 more", true},
		{"the process went on long before", func(h *history.History, _ *Expect) {
			h.Strikes[3].Begin, h.Strikes[3].End = history.Span{From: 34 * s, Until: 34 * s}, history.Span{From: 35 * s, Until: 35300 * ms}
		}, "told", "client 1 was told at 37.050s", false},
		{"whoever was never told held on", func(h *history.History, _ *Expect) {
			hold := fenced(h, history.Hold, 2)
			hold.Outcome, hold.Until, hold.Returned = history.OK, 2500*ms, 4*s
		}, "told", "client 1 was told at 4.000s", false},
		{"and its process did not run meanwhile", func(h *history.History, _ *Expect) {
			hold := fenced(h, history.Hold, 2)
			hold.Outcome, hold.Until, hold.Returned, hold.Stalled = history.OK, 2500*ms, 4*s, 2*s
		}, "told", "more of processes that did not run", true},
		{"only stopped processes lost any", func(h *history.History, _ *Expect) { fenced(h, history.Hold, 4).Outcome = history.OK },
			"told", "nothing was observed", false},
	} {
		c.test(t)
	}
}

// Each way in which the storage loses an update, or takes one from a stale holder, is found; what nobody knows is not held
// against it.
func TestStorage(t *testing.T) {
	doubt := history.Operation{Kind: history.Write, Outcome: history.Unknown, Key: "k", Client: 1, Fence: 2, Called: 3 * s, Returned: 4 * s, Value: 3}
	for _, c := range []spoiled{
		{"a stale holder wrote", func(h *history.History, _ *Expect) { fenced(h, history.Write, 3).Fence = 1 },
			"storage", "a stale holder, client 0 with fence 1, wrote to k at 11.004s, after fence 2", false},
		{"one holder wrote twice", func(h *history.History, _ *Expect) { fenced(h, history.Write, 3).Fence = 2 },
			"storage", "8 writes, 1 more refused to stale holders; the storage that looks at no fence lost 2 of 9 updates", true},
		{"an update is lost", func(h *history.History, _ *Expect) { fenced(h, history.Write, 3).Value-- },
			"storage", "client 0 wrote 2 to k at 11.004s, over 2", false},
		{"a value comes from nowhere", func(h *history.History, _ *Expect) { fenced(h, history.Write, 1).Value++ },
			"storage", "client 0 wrote 2 to k at 1.004s, over 0", false},
		{"the storage's order counts, not the clients'", func(h *history.History, _ *Expect) {
			fenced(h, history.Write, 2).Order, fenced(h, history.Write, 3).Order = fenced(h, history.Write, 3).Order, fenced(h, history.Write, 2).Order
		}, "storage", "wrote 3 to k at 11.004s, over 1", false},
		{"a write in doubt was taken", func(h *history.History, _ *Expect) {
			h.Operations = append(h.Operations, doubt)
			for fence := uint64(3); fence <= 8; fence++ {
				fenced(h, history.Write, fence).Value++
			}
		}, "storage", "8 writes", true},
		{"it was taken twice", func(h *history.History, _ *Expect) {
			h.Operations = append(h.Operations, doubt)
			for fence := uint64(3); fence <= 8; fence++ {
				fenced(h, history.Write, fence).Value++
			}
			fenced(h, history.Write, 8).Value++
		}, "storage", "client 1 wrote 10 to k", false},
		{"it was taken before it came", func(h *history.History, _ *Expect) {
			doubt := doubt
			doubt.Called, doubt.Returned = 12*s, 13*s
			h.Operations = append(h.Operations, doubt)
			for fence := uint64(3); fence <= 8; fence++ {
				fenced(h, history.Write, fence).Value++
			}
		}, "storage", "client 0 wrote 4 to k at 11.004s, over 2", false},
		{"nobody wrote", func(h *history.History, _ *Expect) {
			without(h, func(o *history.Operation) bool { return o.Kind == history.Write && o.Fence != 0 })
		}, "storage", "nothing was observed", false},
	} {
		c.test(t)
	}
}

// What is on a node that nobody could look at, nobody can tell.
func TestLeftoversThatNobodyCanSee(t *testing.T) {
	for want, spoil := range map[string]func(*history.History){
		"b could not be looked at: i/o timeout": func(h *history.History) { h.Sights[1].Error = "i/o timeout" },
		"c was not looked at":                   func(h *history.History) { h.Sights = h.Sights[:2] },
	} {
		h, x := played(), wanted()
		spoil(h)
		v := Judge(h, x)
		if v.Outcome != Unknown || !slices.ContainsFunc(v.Why, func(why string) bool { return strings.Contains(why, want) }) {
			t.Errorf("got %s, %q; want unknown, because %s", v.Outcome, v.Why, want)
		}
	}
}

// Every node is looked at, and has nothing.
func TestLeftovers(t *testing.T) {
	for _, c := range []spoiled{
		{"a key is left", func(h *history.History, _ *Expect) { h.Sights[1].Left = []string{"k", "mine"} },
			"leftovers", "b still has 2 keys: k, mine", false},
		{"there are no nodes", func(h *history.History, _ *Expect) { h.Sights, h.Setup.Nodes = nil, nil }, "leftovers", "nothing was observed", false},
	} {
		c.test(t)
	}
}
