package proof

import (
	"context"
	"errors"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/redlock"
)

// hold keeps the lease for a while, and looks at the promises that are about that time. began is when the only round of
// the lease began; zero when nobody knows.
func (p *worker) hold(lease *redlock.Lease, began time.Time) {
	p.ledger.took(lease, p.mode == redlock.Fenced)
	window := p.ttl - clock.DefaultDrift.Of(p.ttl)
	if left := lease.Left(); left > window-p.guard() {
		p.ledger.violated("a lease has %v left of a window of %v", left, window)
	}
	ctx := lease.Context(context.Background())
	lasts := time.Duration(p.r.ExpFloat64() * float64(100*time.Millisecond))
	if p.r.IntN(3) == 0 {
		lasts *= 10 // through a fault
	}
	patient := p.r.IntN(4) == 0 // until the end of it, if it is not extended
	if patient {
		lasts = p.ttl * 3 / 2
	}
	extended := false
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		p.majority(lease)
		left := lease.Left()
		nap := min(max(time.Millisecond, time.Duration(p.r.Int64N(int64(p.ttl/4)))), time.Until(end))
		if left <= nap {
			// To the last moment of it, in which a majority still holds the key (I6), and to the end.
			if left > 1 {
				time.Sleep(left - 1)
				p.majority(lease)
			}
			time.Sleep(1 + p.guard()/2)
			if p.over(lease, ctx) {
				break
			}
			continue
		}
		select {
		case <-time.After(nap):
		case <-lease.Done():
		}
		if !patient && p.r.IntN(4) == 0 {
			extended = true
			p.extend(lease)
		}
		if lease.Err() != nil {
			break
		}
	}
	if err := lease.Err(); err != nil {
		p.ledger.gave(lease)
		p.ended(lease, ctx, err)
	} else if !began.IsZero() && !extended && !p.renews && time.Since(began) >= window {
		p.ledger.violated("I1: a lease is held %v after its only round began, with a TTL of %v", time.Since(began), p.ttl)
	}
}

// guard is how long before the end of its window a lease ends, as R8 says.
func (p *worker) guard() time.Duration {
	return min(max(p.ttl/20, time.Millisecond), 250*time.Millisecond)
}

// over looks, when the time that the lease had left is over, whether the holder has been told, before the window is
// (R8). It does not ask the lease, which would look at the clock by itself. It reports whether the lease is over.
func (p *worker) over(lease *redlock.Lease, ctx context.Context) bool {
	if lease.Left() > 0 {
		return false // it has been extended
	}
	for what, done := range map[string]<-chan struct{}{"Done": lease.Done(), "Context": ctx.Done()} {
		select {
		case <-done:
		default:
			p.ledger.violated("R8: nothing is left of a lease, and its %s has not ended", what)
		}
	}
	return true
}

// ended looks whether all that ends with a lease has, for the right reason.
func (p *worker) ended(lease *redlock.Lease, ctx context.Context, err error) {
	switch {
	case errors.Is(err, redlock.ErrLost):
		p.ledger.count("lost leases")
	case !p.closes:
		p.ledger.violated("a lease ended by itself with %v", err)
	}
	<-lease.Done()
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, err) {
		p.ledger.violated("a lease's context ended with %v, and the lease with %v", cause, err)
	}
	if left := lease.Left(); left != 0 {
		p.ledger.violated("%v is left of a lease that is over", left)
	}
}

// majority looks whether a majority of nodes holds the key of a lease that is held (I6), where none forgets it.
func (p *worker) majority(lease *redlock.Lease) {
	if p.loses {
		return
	}
	count := p.holders(lease.Key(), lease.Owner())
	if lease.Err() == nil && 2*count <= len(p.nodes) {
		p.ledger.violated("I6: %d of %d nodes hold %q while a lease has %v left", count, len(p.nodes), lease.Key(), lease.Left())
	}
	p.ledger.count("looks at a majority")
}

// extend asks for more time, sometimes with little patience.
func (p *worker) extend(lease *redlock.Lease) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if p.r.IntN(3) == 0 {
		ctx, cancel = p.limit(ctx, timeout/4)
		defer cancel()
	}
	before := lease.Left()
	asked := time.Now()
	err := lease.Extend(ctx)
	lost, unlocked, silent := errors.Is(err, redlock.ErrLost), errors.Is(err, redlock.ErrUnlocked), errors.Is(err, redlock.ErrNoQuorum)
	switch {
	case err == nil:
		p.ledger.count("extends")
		if left := lease.Left(); left > 0 && left < before-time.Since(asked) {
			p.ledger.violated("R7: an Extend took %v and left %v of %v", time.Since(asked), left, before)
		}
	case lost && !unlocked && !silent, unlocked && p.closes && !lost && !silent:
		if lease.Err() == nil {
			p.ledger.violated("Extend says %v of a lease that is held", err)
		}
		p.ledger.count("extends of what was over")
	case silent && !lost && !unlocked:
		p.ledger.count("extends without a majority")
		if ctx.Err() == nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
			p.ledger.violated("Extend: %v, and its context has not ended", err)
		}
	default:
		p.ledger.violated("Extend: %v", err)
	}
}
