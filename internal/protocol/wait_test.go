package protocol

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/quorum"
)

const ms = time.Millisecond

// waiting is a Wait for a key on so many nodes, and the time.
type waiting struct {
	*Wait
	t   *testing.T
	now clock.Instant
}

func newWaiting(t *testing.T, nodes int) *waiting {
	return &waiting{Wait: NewWait(quorum.Majority(nodes), Pace{Min: 10 * ms, Max: 250 * ms}), t: t, now: clock.At(time.Hour, time.Hour)}
}

func (w *waiting) pass(d time.Duration) { w.now = w.now.Add(d) }

// held has a try lost because another owner has the key on all nodes for left.
func (w *waiting) held(left time.Duration) {
	w.Trying()
	answers := make([]Answer, w.rule.Nodes())
	for i := range answers {
		answers[i] = Answer{Held: true, Left: left}
	}
	w.Lost(w.now, ms, Taken, answers, 0)
}

// enrolled has all nodes say that they have enrolled us, and that the key is held for left.
func (w *waiting) enrolled(left time.Duration) {
	w.t.Helper()
	move, ask, _ := w.Next(w.now, 0)
	if move != Ask || ask != quorum.All(w.rule.Nodes()) {
		w.t.Fatalf("got %v of %v, want all nodes asked", move, ask)
	}
	w.Asked(ask)
	ask.Each(func(node int) { w.Enrolled(w.now, node, left) })
}

// hears has all nodes be heard.
func (w *waiting) hears() {
	for node := range w.rule.Nodes() {
		w.Hears(node, true)
	}
}

// wants looks what comes next.
func (w *waiting) wants(move Move, sleep time.Duration) {
	w.t.Helper()
	gotMove, _, gotSleep := w.Next(w.now, 0.999)
	if gotMove != move || gotSleep != sleep {
		w.t.Errorf("got %v for %v, want %v for %v", gotMove, gotSleep, move, sleep)
	}
}

// Somebody who knows nothing goes for the key.
func TestWhoKnowsNothingTries(t *testing.T) {
	newWaiting(t, 5).wants(Try, 0)
}

// Where nothing is announced, tries come after pauses that double, and never later than the key expires.
func TestPausesDouble(t *testing.T) {
	w := newWaiting(t, 3)
	for _, pause := range []time.Duration{10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 250 * ms, 250 * ms} {
		w.held(10 * time.Second)
		w.wants(Sleep, pause)
		w.pass(pause)
	}
	w.held(5 * ms)
	w.wants(Sleep, 6*ms)
}

// Who is enrolled looks at a holder that does not show itself, less and less often; from when it is told that the key is
// extended, it sleeps until that expires.
func TestEnrolledWaiterSleepsUntilItIsTold(t *testing.T) {
	w := newWaiting(t, 3)
	w.hears()
	w.held(10 * time.Second)
	for _, glance := range []time.Duration{250 * ms, 500 * ms, time.Second, 2 * time.Second, 2 * time.Second} {
		w.enrolled(10 * time.Second)
		w.wants(Sleep, glance+ms)
		w.pass(glance + ms)
	}
	w.enrolled(100 * ms)
	w.wants(Sleep, 101*ms)
	for node := range 3 {
		w.Extended(w.now, node, 10*time.Second)
	}
	w.wants(Sleep, 10*time.Second+ms)
	w.pass(10*time.Second + ms)
	w.wants(Ask, 0)
}

// Woken by a majority one goes for the key at once; by fewer, one asks again after a while, and is not forgotten.
func TestMajorityWakes(t *testing.T) {
	w := newWaiting(t, 5)
	w.hears()
	w.held(10 * time.Second)
	w.enrolled(10 * time.Second)
	w.Free(w.now, 0)
	w.Free(w.now, 1)
	w.wants(Sleep, 2*ms)
	w.Free(w.now, 2)
	w.wants(Try, 0)

	w = newWaiting(t, 5)
	w.hears()
	w.held(10 * time.Second)
	w.enrolled(10 * time.Second)
	w.Free(w.now, 3)
	w.pass(2 * ms)
	if move, ask, _ := w.Next(w.now, 0); move != Ask || ask != quorum.Set(0).With(3) {
		t.Errorf("got %v of %v, want the node asked that does not have us enrolled any more", move, ask)
	}
}

// Woken by a majority one does not wait out what it was put off by before: the key is kept for it, and not for long.
func TestMajorityWakesOutOfASplit(t *testing.T) {
	w := newWaiting(t, 3)
	w.hears()
	for range 4 {
		w.Trying()
		w.Lost(w.now, ms, NoQuorum, make([]Answer, 3), 0)
	}
	w.Asked(quorum.All(3))
	for node := range 3 {
		w.Enrolled(w.now, node, 0)
	}
	if move, _, sleep := w.Next(w.now, 0.999); move != Sleep || sleep < 10*ms {
		t.Errorf("got %v for %v, want it put off", move, sleep)
	}
	w.Free(w.now, 0)
	w.Free(w.now, 1)
	w.wants(Try, 0)
}

// A wake-up that comes before the answer to the enrollment that it is about, by another connection, is none the less one.
func TestWakeUpOvertakesTheAnswer(t *testing.T) {
	w := newWaiting(t, 3)
	w.hears()
	w.held(10 * time.Second)
	_, ask, _ := w.Next(w.now, 0)
	w.Asked(ask)
	for node := range 3 {
		w.Free(w.now, node)
		w.Enrolled(w.now, node, 10*time.Second)
	}
	w.wants(Try, 0)
}

// A wake-up that comes in the middle of a try is not lost with it.
func TestWakeUpDuringATry(t *testing.T) {
	w := newWaiting(t, 3)
	w.hears()
	w.held(10 * time.Second)
	w.enrolled(10 * time.Second)
	w.Trying()
	w.Free(w.now, 0)
	w.Free(w.now, 1)
	w.Lost(w.now, ms, NoQuorum, []Answer{{Held: true, Left: time.Second}, {Held: true, Left: time.Second}, {}}, 0)
	if move, _, _ := w.Next(w.now, 0); move != Try {
		t.Errorf("got %v, want another try", move)
	}
}

// A connection that breaks has us ask the node again when it is back; and a node that does not enroll us is asked by
// tries, after pauses.
func TestLostConnectionAndFailedEnrollment(t *testing.T) {
	w := newWaiting(t, 3)
	w.hears()
	w.held(10 * time.Second)
	w.enrolled(10 * time.Second)
	w.Hears(1, false)
	w.wants(Sleep, 251*ms)
	w.Hears(1, true)
	_, ask, _ := w.Next(w.now, 0)
	if ask != quorum.Set(0).With(1) {
		t.Errorf("got %v asked, want node 1", ask)
	}
	w.Asked(ask)
	w.Failed(1)
	w.wants(Sleep, 251*ms)
	w.Hears(0, false)
	w.wants(Sleep, 10*ms) // two of three do not tell
}

// Tries that nobody can have won are put off by more each time, and a try that somebody has won by nothing.
func TestSplitVotesSpread(t *testing.T) {
	w := newWaiting(t, 3)
	w.hears()
	for _, most := range []time.Duration{4 * ms, 8 * ms, 16 * ms, 32 * ms, 64 * ms, 64 * ms} {
		w.Trying()
		w.Lost(w.now, ms, NoQuorum, make([]Answer, 3), 0)
		for node := range 3 {
			w.Asked(quorum.Set(0).With(node))
			w.Enrolled(w.now, node, 0)
		}
		if _, _, sleep := w.Next(w.now, 0.999); sleep > most || sleep < most*9/10 {
			t.Errorf("got a try put off by %v, want nearly %v", sleep, most)
		}
	}
}

// Whatever is told in whatever order, there is always something to do within the longest time that anybody told, or the
// longest pause: no waiter sleeps for ever.
func TestNoWaiterSleepsForEver(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWaiting(t, []int{1, 2, 3, 5}[r.IntN(4)])
		n := w.rule.Nodes()
		const longest = 5 * time.Second
		left := func() time.Duration { return time.Duration(1 + r.Int64N(int64(longest))) }
		for range 200 {
			node := r.IntN(n)
			switch r.IntN(8) {
			case 0:
				w.Hears(node, r.IntN(2) == 0)
			case 1:
				w.Free(w.now, node)
			case 2:
				w.Extended(w.now, node, left())
			case 3:
				if w.asked.Has(node) {
					w.Enrolled(w.now, node, left()*time.Duration(r.IntN(2)))
				}
			case 4:
				if w.asked.Has(node) {
					w.Failed(node)
				}
			}
			move, ask, sleep := w.Next(w.now, r.Float64())
			switch move {
			case Try:
				w.Trying()
				answers := make([]Answer, n)
				for i := range answers {
					if r.IntN(2) == 0 {
						answers[i] = Answer{Held: true, Left: left() * time.Duration(r.IntN(2))}
					}
				}
				w.Lost(w.now, ms, []End{Taken, NoQuorum}[r.IntN(2)], answers, 0)
			case Ask:
				if ask == 0 {
					t.Fatalf("seed %d: nobody is to be asked", seed)
				}
				w.Asked(ask)
			default:
				// What has been asked is answered sooner or later.
				if w.asked == 0 && (sleep <= 0 || sleep > longest+2*ms) {
					t.Fatalf("seed %d: sleeps for %v", seed, sleep)
				}
				w.pass(time.Duration(r.Int64N(int64(sleep))))
			}
		}
	}
}

// A lease goes from holder to holder within the bounds of its cohort, while enough of it is left, and is extended.
func TestHandOver(t *testing.T) {
	params := func() Params {
		return Params{Rule: quorum.Majority(1), TTL: time.Second, Drift: clock.DefaultDrift, Budget: time.Second, Renew: true,
			Cohort: Cohort{Max: 3, For: 100 * ms}, MaxHold: time.Minute}
	}
	for name, c := range map[string]struct {
		change func(p *Params)
		after  time.Duration
		want   int // further holders
	}{
		"all three":          {func(*Params) {}, 0, 2},
		"in time":            {func(*Params) {}, 99 * ms, 2},
		"too late":           {func(*Params) {}, 100 * ms, 0},
		"no bound on time":   {func(p *Params) { p.Cohort.For = 0 }, 400 * ms, 2},
		"little left":        {func(p *Params) { p.Cohort.For = 0 }, 600 * ms, 0},
		"window closed":      {func(p *Params) { p.Cohort.For = 0 }, 2 * time.Second, 0},
		"not extended":       {func(p *Params) { p.Renew = false }, 0, 0},
		"alone":              {func(p *Params) { p.Cohort.Max = 1 }, 0, 0},
		"no cohort was said": {func(p *Params) { p.Cohort = Cohort{} }, 0, 0},
	} {
		p := params()
		c.change(&p)
		l := NewLease(&p, 0.5)
		now := clock.At(time.Hour, time.Hour)
		l.Start(now)
		l.Reply(now, 0, 1, Reply{Vote: Granted})
		now = now.Add(c.after)
		got := 0
		for {
			_, goes := l.HandOver(now)
			if !goes {
				break
			}
			got++
			if l.Turn() != got {
				t.Errorf("%s: got turn %d, want %d", name, l.Turn(), got)
			}
		}
		if got != c.want {
			t.Errorf("%s: got %d further holders, want %d", name, got, c.want)
		}
	}
}
