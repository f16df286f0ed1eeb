package proof

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/quorumlock/quorumlock/internal/memory"
	"github.com/quorumlock/quorumlock/redlock"
)

// trouble gives one node one fault after the other until ctx ends, and leaves it well.
func (w *world) trouble(ctx context.Context, r *rand.Rand, n *memory.Node) {
	defer func() {
		n.Slow(0, 0)
		n.Set(memory.Healthy)
	}()
	for {
		well := time.Now()
		if !pause(ctx, time.Duration(r.ExpFloat64()*float64(3*time.Second))) {
			return
		}
		w.paid(n, well)
		w.strike(ctx, r, n)
	}
}

// paid looks whether a node that has been well for a while still has a key of a lease that is over (I10).
func (w *world) paid(n *memory.Node, well time.Time) {
	w.mu.Lock()
	excused := w.restored
	w.mu.Unlock()
	if excused {
		return
	}
	for _, key := range w.keys {
		owner, err := n.Get(key)
		since, over := w.ledger.over(owner)
		if err != nil || !over {
			continue
		}
		w.ledger.count("looks at what is owed")
		if well.After(since) {
			since = well
		}
		if late := time.Since(since); late > soon/2 {
			w.ledger.violated("I10: %s has been well for %v and has %q of a lease that is over", n.Name, late, key)
		}
	}
}

// strike is one fault, from its beginning to its end.
//
// In mode Plain, a grant that is carried out late stays where it is until it expires, and a node that forgets may give
// its vote twice: neither is asked for there.
func (w *world) strike(ctx context.Context, r *rand.Rand, n *memory.Node) {
	for {
		lasts := time.Duration((0.05 + r.ExpFloat64()) * float64(600*time.Millisecond))
		switch kind := r.IntN(8); {
		case kind == 0:
			w.ledger.count("fault: dead")
			n.Set(memory.Dead)
			pause(ctx, lasts)
		case kind == 1 && w.mode == redlock.Fenced:
			w.ledger.count("fault: hung")
			n.Set(memory.Hung)
			pause(ctx, lasts)
		case kind == 2:
			w.ledger.count("fault: mute")
			n.Set(memory.Mute)
			pause(ctx, lasts)
		case kind == 3 && w.mode == redlock.Fenced:
			w.ledger.count("fault: slow")
			n.Slow(time.Duration(r.ExpFloat64()*float64(timeout/4)), 0)
			pause(ctx, lasts)
			if r.IntN(2) == 0 {
				n.Reset() // and with it what is on its way
			}
		case kind == 4:
			w.ledger.count("fault: slow dial")
			n.Slow(0, time.Duration(r.ExpFloat64()*float64(timeout)))
			n.Reset()
			pause(ctx, lasts)
		case kind == 5:
			w.ledger.count("fault: reset")
			n.Reset()
		case kind == 6 && w.loses && r.IntN(3) == 0:
			w.forget(ctx, r, n, lasts)
		case kind == 7 && w.mode == redlock.Fenced && r.IntN(3) == 0:
			w.ledger.count("fault: restart")
			n.Set(memory.Dead)
			pause(ctx, lasts)
			n.Restart(false)
		default:
			continue
		}
		n.Slow(0, 0)
		n.Set(memory.Healthy)
		return
	}
}

// forget has the node lose its memory, or come back with an old one.
func (w *world) forget(ctx context.Context, r *rand.Rand, n *memory.Node, lasts time.Duration) {
	if r.IntN(4) > 0 {
		w.ledger.count("fault: forgets")
		n.Set(memory.Dead)
		pause(ctx, lasts)
		n.Restart(true)
		return
	}
	w.ledger.count("fault: old state")
	n.Save()
	pause(ctx, lasts)
	n.Set(memory.Dead)
	w.mu.Lock()
	w.restored = true
	w.mu.Unlock()
	n.Restore()
}

// pause sleeps, and reports whether ctx has not ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
