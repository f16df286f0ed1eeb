package check

import (
	"bytes"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Each way in which no order explains what clients saw is found, and every order that explains it counts.
func TestLinearizable(t *testing.T) {
	for _, c := range []spoiled{
		{"two had it", func(h *history.History, _ *Expect) {
			fenced(h, history.Hold, 1).Returned, fenced(h, history.Hold, 1).Until = 3*s, 3*s
			fenced(h, history.Unlock, 1).Returned = 3 * s
		}, "linearizable", "k: no order explains", false},
		{"a later one has a smaller fence", func(h *history.History, _ *Expect) {
			fenced(h, history.Lock, 3).Fence, fenced(h, history.Hold, 3).Fence, fenced(h, history.Unlock, 3).Fence = 1, 1, 1
		}, "linearizable", "k: no order explains lease 3 with fence 1 by client 0, of 10.500s to 11.000s", false},
		{"which does not matter without fences", func(h *history.History, x *Expect) {
			fenced(h, history.Lock, 3).Fence, fenced(h, history.Hold, 3).Fence, fenced(h, history.Unlock, 3).Fence = 1, 1, 1
			x.Fenced = false
		}, "linearizable", "11 leases of 2 keys", true},
		{"or the same", func(h *history.History, _ *Expect) {
			for _, kind := range []history.Kind{history.Lock, history.Hold, history.Unlock} {
				fenced(h, kind, 3).Fence = 2
			}
		}, "linearizable", "k: no order explains lease 3 with fence 2 by client 0", false},
		{"a lease was held by two", func(h *history.History, x *Expect) {
			hold := *fenced(h, history.Hold, 1)
			hold.Client, hold.Called = 1, hold.Called+ms
			h.Operations = append(h.Operations, hold)
			x.Fenced = false
		}, "linearizable", "k: no order explains", false},
		{"a lease was won by two", func(h *history.History, x *Expect) {
			lock := *fenced(h, history.Lock, 1)
			lock.Called, lock.Returned, lock.Until = 1100*ms, 1200*ms, 1900*ms
			h.Operations = append(h.Operations, lock)
			x.Fenced = false
		}, "linearizable", "k: no order explains", false},
		{"a lost lease is not over before the trust in it", func(h *history.History, _ *Expect) {
			fenced(h, history.Lock, 7).Returned = 35399 * ms
			fenced(h, history.Hold, 7).Called = 35399 * ms
		}, "linearizable", "k: no order explains", false},
		{"it may be over with the trust in it", func(h *history.History, _ *Expect) { fenced(h, history.Lock, 7).Returned = 35400 * ms },
			"linearizable", "", true},
		{"a stopped client had a lease when it was over, and another has had it since", func(h *history.History, _ *Expect) {
			fenced(h, history.Lock, 6).Returned = 37020 * ms
			fenced(h, history.Hold, 6).Called = 37020 * ms
		}, "linearizable", "", true},
		{"a client never said that it held what it won", func(h *history.History, _ *Expect) {
			without(h, func(o *history.Operation) bool { return o.Kind == history.Hold && o.Fence == 3 })
		}, "linearizable", "", true},
		{"nor that it won what it held", func(h *history.History, _ *Expect) {
			without(h, func(o *history.Operation) bool { return o.Kind == history.Lock && o.Fence == 3 })
		}, "linearizable", "", true},
		{"nobody had any", func(h *history.History, _ *Expect) { h.Operations = nil }, "linearizable", "nothing was observed", false},

		{"a read shows an old value", func(h *history.History, _ *Expect) { fenced(h, history.Read, 3).Value-- },
			"linearizable", "k: no order explains the read of 1 with fence 3 by client 0", false},
		{"the first read shows a value", func(h *history.History, _ *Expect) { fenced(h, history.Read, 1).Value++ },
			"linearizable", "k: no order explains the read of 1 with fence 1", false},
		{"a stale holder wrote", func(h *history.History, _ *Expect) {
			for i := range h.Operations {
				if o := &h.Operations[i]; o.Reason == history.Stale {
					o.Outcome, o.Order, o.Value = history.OK, fenced(h, history.Write, 8).Order+1, 9
				}
			}
		}, "linearizable", "k: no order explains", false},
		{"one was refused before there was a larger fence", func(h *history.History, _ *Expect) {
			for i := range h.Operations {
				if o := &h.Operations[i]; o.Reason == history.Stale {
					o.Called, o.Returned = 34*s, 35*s
				}
			}
		}, "linearizable", "k: no order explains the refusal of a write with fence 6 by client 1", false},
		{"unless somebody may have shown one", func(h *history.History, _ *Expect) {
			for i := range h.Operations {
				if o := &h.Operations[i]; o.Reason == history.Stale {
					o.Called, o.Returned = 34*s, 35*s
				}
			}
			h.Operations = append(h.Operations, history.Operation{Kind: history.Read, Key: "k", Fence: 7, Outcome: history.Unknown, Called: 34500 * ms, Returned: 34600 * ms})
		}, "linearizable", "", true},
		{"the storage's order is not that of time", func(h *history.History, _ *Expect) {
			fenced(h, history.Read, 3).Called, fenced(h, history.Read, 3).Returned = 2*s, 2100*ms
		}, "linearizable", "k: no order explains", false},
		{"not even where that makes no difference", func(h *history.History, _ *Expect) {
			for i := range 2 {
				h.Operations = append(h.Operations, history.Operation{Kind: history.Read, Outcome: history.OK, Key: "k", Fence: 8, Value: 8,
					Called: sec(39 + i), Returned: sec(39 + i), Order: uint64(1000 - i)})
			}
		}, "linearizable", "k: no order explains the read of 8 with fence 8", false},
		{"a stale holder read", func(h *history.History, _ *Expect) {
			h.Operations = append(h.Operations, history.Operation{Kind: history.Read, Outcome: history.OK, Key: "k", Fence: 7, Value: 8,
				Called: 39 * s, Returned: 39 * s, Order: 1000})
		}, "linearizable", "k: no order explains the read of 8 with fence 7", false},
		{"a write in doubt was taken", func(h *history.History, _ *Expect) {
			h.Operations = append(h.Operations, history.Operation{Kind: history.Write, Outcome: history.Unknown, Key: "k", Fence: 2, Called: 3 * s, Returned: 4 * s, Value: 3})
			for fence := uint64(3); fence <= 8; fence++ {
				fenced(h, history.Read, fence).Value++
				fenced(h, history.Write, fence).Value++
			}
		}, "linearizable", "", true},
		{"one was not", func(h *history.History, _ *Expect) {
			h.Operations = append(h.Operations, history.Operation{Kind: history.Write, Outcome: history.Unknown, Key: "k", Fence: 2, Called: 3 * s, Returned: 4 * s, Value: 3})
		}, "linearizable", "", true},
	} {
		c.test(t)
	}
}

// What porcupine says of the parts is what it says of the whole.
func TestPartsSayWhatTheWholeSays(t *testing.T) {
	said := map[porcupine.CheckResult]int{}
	cuts := 0
	for seed := range int64(150) {
		rng := rand.New(rand.NewSource(seed))
		h := long(1, 250, seed)
		h.Operations = append(h.Operations, refusals(rng, h)...)
		if rng.Intn(4) > 0 {
			jumble(rng, h)
		}
		for _, isFenced := range []bool{true, false} {
			r := newRun(h, &Expect{Fenced: isFenced})
			lock := lockModel(isFenced)
			units := lockUnits(r.leases()["k0"])
			sets := [][]part{cut("k0", lock, lock, units)}
			wholes := []part{{"k0", lock, units}}
			if isFenced {
				parts := cutCounter("k0", r.accesses()["k0"])
				whole := part{"k0", counterModel(true), nil}
				for i, p := range parts {
					whole.units = append(whole.units, p.units[min(i, 1):]...)
				}
				sets, wholes = append(sets, parts), append(wholes, whole)
			}
			for i, parts := range sets {
				want := porcupine.CheckOperationsTimeout(wholes[i].model, wholes[i].ops(), 20*time.Second)
				got := porcupine.Ok
				for _, p := range parts {
					if res := porcupine.CheckOperationsTimeout(p.model, p.ops(), 20*time.Second); res != porcupine.Ok {
						got = res
					}
				}
				if got != want {
					t.Errorf("seed %d, fences %v, %d: got %s of %d parts, %s of the whole", seed, isFenced, i, got, len(parts), want)
				}
				said[want]++
				cuts += len(parts) - 1
			}
		}
	}
	t.Logf("%v, %d cuts", said, cuts)
	if said[porcupine.Ok] < 50 || said[porcupine.Illegal] < 50 || said[porcupine.Unknown] > 0 || cuts < 500 {
		t.Errorf("got %v and %d cuts", said, cuts)
	}
}

// Nothing is cut apart that is in the wrong order: wherever a cut would be, it is seen.
func TestNoCutHidesAProblem(t *testing.T) {
	bad := func(h *history.History) bool {
		parts, _ := newRun(h, &Expect{Fenced: true}).parts()
		for _, p := range parts {
			if porcupine.CheckOperationsTimeout(p.model, p.ops(), 20*time.Second) != porcupine.Ok {
				return true
			}
		}
		return false
	}
	for fence := uint64(55); fence < 75; fence++ {
		h := long(1, 100, 3)
		hold, unlock := of(h, "k0", history.Hold, fence), of(h, "k0", history.Unlock, fence)
		next := of(h, "k0", history.Lock, fence+1).Returned + ms
		hold.Returned, hold.Until, unlock.Returned = next, next, next
		if !bad(h) {
			t.Errorf("lease %d, which was held when the next one was won, was not seen", fence)
		}
		h = long(1, 100, 3)
		// Between the two are others that may have been at any time.
		one, other := of(h, "k0", history.Read, fence/2), of(h, "k0", history.Write, fence/2+1)
		for _, between := range []*history.Operation{of(h, "k0", history.Write, fence/2), of(h, "k0", history.Read, fence/2+1)} {
			between.Called, between.Returned = one.Called, other.Returned
		}
		one.Called, one.Returned, other.Called, other.Returned = other.Called, other.Returned, one.Called, one.Returned
		if !bad(h) {
			t.Errorf("access %d, which the storage had before one that was over by then, was not seen", fence)
		}
		// Two leases that were over when they were had, and had at one moment, may have been granted in either order.
		h = long(1, 100, 3)
		without(h, func(o *history.Operation) bool {
			return (o.Fence == fence || o.Fence == fence+1) && (o.Kind == history.Hold || o.Kind == history.Unlock) && o.Key == "k0"
		})
		first, second := of(h, "k0", history.Lock, fence), of(h, "k0", history.Lock, fence+1)
		first.Returned, first.Until, second.Until = second.Returned, second.Returned, second.Returned
		*first, *second = *second, *first
		if bad(h) {
			t.Errorf("leases %d and %d: no order was found", fence, fence+1)
		}
		of(h, "k0", history.Lock, fence).Fence = 5
		if !bad(h) {
			t.Errorf("lease %d, which had the fence of one long before, was not seen", fence)
		}
	}
}

// refusals returns accesses that were refused, each after it was stale or a little before.
func refusals(rng *rand.Rand, h *history.History) []history.Operation {
	var all []history.Operation
	for range rng.Intn(20) {
		of := h.Operations[rng.Intn(len(h.Operations))]
		if of.Fence > 1 && of.Key == "k0" {
			all = append(all, history.Operation{Kind: history.Write, Outcome: history.Fail, Reason: history.Stale, Key: "k0", Client: 9, Fence: of.Fence - 1,
				Called: of.Called, Returned: of.Returned + time.Duration(rng.Intn(5))*ms})
		}
	}
	return all
}

// jumble moves some times and numbers.
func jumble(rng *rand.Rand, h *history.History) {
	for range 1 + rng.Intn(3) {
		o := &h.Operations[rng.Intn(len(h.Operations))]
		switch by := time.Duration(rng.Intn(400)-200) * ms; rng.Intn(4) {
		case 0:
			o.Called = max(0, min(o.Called+by, o.Returned))
		case 1:
			o.Returned = max(o.Called, o.Returned+by)
		case 2:
			o.Until = max(0, o.Until+by)
		default:
			if o.Fence > 2 {
				o.Fence -= uint64(rng.Intn(3))
			}
		}
	}
}

// A picture is of what is around the first problem, or of the beginning, and not of everything.
func TestPicture(t *testing.T) {
	for at, want := range map[int]string{0: "lease 1 with fence", 1500: "with fence 1500", 1400: ", fence 1398"} {
		h := long(2, 4000, 1)
		switch at {
		case 1400:
			of(h, "k1", history.Read, uint64(at)).Value--
			h.Operations = append(h.Operations, history.Operation{Kind: history.Read, Outcome: history.Unknown, Key: "k1", Fence: 1}) // no cuts
		case 1500:
			hold := of(h, "k1", history.Hold, uint64(at))
			hold.Returned, hold.Until = hold.Returned+s, hold.Returned+s
		}
		var page bytes.Buffer
		if err := Picture(&page, h, wanted()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page.String(), "<html") || !strings.Contains(page.String(), want) || page.Len() > 2<<20 {
			t.Errorf("got %d bytes, want a page of at most 2 MiB with %q", page.Len(), want)
		}
	}
	var page bytes.Buffer
	if err := Picture(&page, &history.History{}, Expect{}); err != nil || !strings.Contains(page.String(), "Nobody had a lease") {
		t.Errorf("got %q, %v; want a page that says that there is nothing", page.String(), err)
	}
}
