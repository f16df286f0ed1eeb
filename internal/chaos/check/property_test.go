package check

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// life is a random history in which every promise was kept, of three keys and faults one after the other.
func life(rng *rand.Rand) *history.History {
	t := newStory([]string{"a", "b", "c", "d", "e"}...)
	type dead struct{ from, until time.Duration }
	var outages []dead
	now := time.Duration(2+rng.Intn(3)) * s
	for i := range 4 {
		until := now + time.Duration(2+rng.Intn(3))*s
		nodes := rng.Perm(5)
		switch pick := (i + rng.Intn(2)) % 4; pick {
		case 0:
			t.struck("kill", now, until, nodes[:2], history.Away, history.Amnesia)
		case 1:
			t.struck("cut", now, until, nodes[:3], history.Away)
			outages = append(outages, dead{now, until})
		case 2:
			t.struck("pause", now, until, nodes[:3+rng.Intn(3)], history.Away)
			outages = append(outages, dead{now, until})
		default:
			t.struck("slow 20ms", now, until, nodes, history.Late)
		}
		now = until + 7*s
	}
	end := now
	fence := uint64(rng.Intn(1000) + 1)
	for k := range 3 {
		key, now := fmt.Sprintf("k%d", k), time.Duration(rng.Intn(500))*ms
		for now < end {
			client, called := rng.Intn(6), max(0, now-time.Duration(rng.Intn(900))*ms)
			from := now + time.Duration(1+rng.Intn(40))*ms
			until := from + time.Duration(10+rng.Intn(300))*ms
			fence += uint64(1 + rng.Intn(3))
			gone := false
			for _, o := range outages {
				switch {
				case gone || until < o.from || now > o.until+200*ms:
				case from < o.from && o.from < until && rng.Intn(3) > 0: // lost, since nobody could extend it
					t.lost(client, key, fence, called, from, from+1900*ms, from+1900*ms+time.Duration(rng.Intn(50))*ms)
					gone, now = true, o.until+300*ms
				default:
					t.failed(client, history.Lock, key, max(called, o.from+150*ms), max(called, o.from+150*ms)+50*ms, history.NoQuorum)
					gone, now = true, o.until+300*ms
				}
			}
			if gone {
				continue
			}
			t.locked(client, key, fence, called, from, until)
			if rng.Intn(10) == 0 && fence > 1 { // somebody older comes
				t.access(9, history.Write, key, until, history.Operation{Fence: fence - 1, Outcome: history.Fail, Reason: history.Stale})
			}
			now = until + time.Duration(2+rng.Intn(30))*ms
		}
	}
	o := outages[0]
	t.lost(6, "k3", 1, o.from-200*ms, o.from-100*ms, o.from+1800*ms, o.from+1820*ms)
	for called := time.Duration(0); called < end; called += time.Duration(100+rng.Intn(200)) * ms {
		bad := false
		for _, o := range outages {
			bad = bad || called > o.from-20*ms && called < o.until+1100*ms
		}
		if fence++; bad {
			t.failed(7, history.Try, "mine", called, called+50*ms, history.NoQuorum)
		} else {
			t.tried(7, "mine", fence, called)
		}
	}
	return t.ended(end)
}

// some returns a random operation that fits.
func some(rng *rand.Rand, h *history.History, fits func(o *history.Operation) bool) *history.Operation {
	for _, i := range rng.Perm(len(h.Operations)) {
		if fits(&h.Operations[i]) {
			return &h.Operations[i]
		}
	}
	return nil
}

// damages are ways to break a promise of life somewhere, each with the check that must see it.
var damages = []struct {
	check, how string
	do         func(rng *rand.Rand, h *history.History)
}{
	{"exclusion", "two holders", func(rng *rand.Rand, h *history.History) {
		o := *some(rng, h, func(o *history.Operation) bool {
			return o.Kind == history.Hold && o.Key != "mine" && o.Until > o.Called+2*ms
		})
		o.Client, o.Called, o.Lease, o.Fence = 8, o.Called+ms, "another", o.Fence+1e6
		h.Operations = append(h.Operations, o)
	}},
	{"fences", "a fence twice", func(rng *rand.Rand, h *history.History) {
		hold := func(o *history.Operation) bool { return o.Kind == history.Hold && o.Key == "k1" }
		one := some(rng, h, hold)
		some(rng, h, func(o *history.Operation) bool { return hold(o) && o != one }).Fence = one.Fence
	}},
	{"storage", "a lost update", func(rng *rand.Rand, h *history.History) {
		some(rng, h, func(o *history.Operation) bool {
			return o.Kind == history.Write && o.Fence != 0 && o.Outcome == history.OK
		}).Value--
	}},
	{"storage", "a stale write", func(rng *rand.Rand, h *history.History) {
		o := *some(rng, h, func(o *history.Operation) bool {
			return o.Kind == history.Write && o.Fence != 0 && o.Outcome == history.OK
		})
		o.Fence, o.Order, o.Value = o.Fence-1, 1<<40, 1<<40
		h.Operations = append(h.Operations, o)
		o.Fence, o.Order, o.Value = 1, 1<<40+1, 1<<40+1
		h.Operations = append(h.Operations, o)
	}},
	{"told", "told late", func(rng *rand.Rand, h *history.History) {
		o := some(rng, h, func(o *history.Operation) bool { return o.Kind == history.Hold && o.Outcome == history.Fail })
		o.Returned = o.Until + 100*ms + time.Duration(rng.Intn(100))*ms
	}},
	{"window", "no drift", func(rng *rand.Rand, h *history.History) {
		o := some(rng, h, func(o *history.Operation) bool { return acquires(o) && o.Outcome == history.OK })
		o.Until = o.Returned + 2*s - ms
	}},
	{"leftovers", "a key is left", func(rng *rand.Rand, h *history.History) { h.Sights[rng.Intn(5)].Left = []string{"k0"} }},
	{"availability", "tries fail", func(rng *rand.Rand, h *history.History) {
		at := h.Strikes[rng.Intn(4)].Begin.From - 1*s - time.Duration(rng.Intn(500))*ms
		for range 5 {
			attempt(h, history.Try, at, at+ms, history.Held)
		}
	}},
	{"outage", "a lease from nobody", func(rng *rand.Rand, h *history.History) {
		for _, i := range rng.Perm(4) {
			if st := h.Strikes[i]; len(st.Nodes) > 2 && st.Effects[0] == history.Away {
				at := st.Begin.Until + time.Duration(rng.Int63n(int64(st.End.From-st.Begin.Until-ms)))
				attempt(h, history.Lock, at, at+ms, "")
				return
			}
		}
	}},
	{"recovery", "nobody acquires again", func(rng *rand.Rand, h *history.History) {
		for _, i := range rng.Perm(4) {
			if st := h.Strikes[i]; len(st.Nodes) > 2 && st.Effects[0] == history.Away {
				without(h, func(o *history.Operation) bool {
					return acquires(o) && o.Returned >= st.End.Until && o.Returned <= st.End.Until+5*s
				})
				return
			}
		}
	}},
	{"linearizable", "a read of what is over", func(rng *rand.Rand, h *history.History) {
		some(rng, h, func(o *history.Operation) bool { return o.Kind == history.Read && o.Fence != 0 && o.Value > 0 }).Value--
	}},
	{"linearizable", "a lease in another", func(rng *rand.Rand, h *history.History) {
		o := *some(rng, h, func(o *history.Operation) bool {
			return o.Kind == history.Hold && o.Key != "mine" && o.Until > o.Called+2*ms
		})
		o.Client, o.Called, o.Lease, o.Fence = 8, o.Called+ms, "another", o.Fence+1e6
		lock := o
		lock.Kind, lock.Called, lock.Returned, lock.Outcome = history.Lock, o.Called, o.Called, history.OK
		h.Operations = append(h.Operations, lock, o)
	}},
}

// A history in which every promise was kept passes, whatever it is; broken somewhere, the check for that sees it.
func TestDamageIsSeenByItsCheck(t *testing.T) {
	for seed := range int64(20) {
		rng := rand.New(rand.NewSource(seed))
		x := wanted()
		if v := Judge(life(rng), x); v.Outcome != Pass {
			t.Fatalf("seed %d: got %s of a good history: %+v", seed, v.Outcome, v)
		}
		for _, d := range damages {
			h := life(rand.New(rand.NewSource(seed)))
			d.do(rng, h)
			if v := Judge(h, x); v.Outcome != Fail || result(v, d.check).Outcome != Fail {
				t.Errorf("seed %d: %s: got %s, %s: %+v", seed, d.how, v.Outcome, d.check, result(v, d.check))
			}
		}
	}
}
