package proof

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// worker locks, holds and unlocks, in all ways that the public face offers, and compares what it gets with what the
// documentation says.
type worker struct {
	*world
	r      *rand.Rand
	locker *redlock.Locker
	ttl    time.Duration
	renews bool
	closes bool // the locker may be closed at any time
}

// work goes on until ctx ends.
func (p *worker) work(ctx context.Context) {
	for pause(ctx, time.Duration(p.r.ExpFloat64()*float64(50*time.Millisecond))) {
		key := p.keys[p.r.IntN(len(p.keys))]
		switch p.r.IntN(4) {
		case 0:
			p.try(ctx, key)
		case 1:
			p.do(ctx, key)
		default:
			p.lock(ctx, key)
		}
	}
}

// limit returns a context that ends after a while, by a deadline or by a cancel; ends tells when.
func (p *worker) limit(ctx context.Context, mean time.Duration) (context.Context, context.CancelFunc) {
	d := time.Duration(p.r.ExpFloat64() * float64(mean))
	ctx = context.WithValue(ctx, ends{}, time.Now().Add(d))
	if p.r.IntN(2) == 0 {
		return context.WithTimeout(ctx, d)
	}
	limited, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(d, cancel)
	return limited, func() { timer.Stop(); cancel() }
}

// ends is the key of the time at which a context of limit ends, if its parent does not before.
type ends struct{}

// late looks whether an operation has waited for something after the end of its context.
func (p *worker) late(op string, ctx context.Context) {
	end, limited := ctx.Value(ends{}).(time.Time)
	if deadline, some := ctx.Deadline(); some && limited && deadline.Before(end) {
		end = deadline
	}
	if limited && time.Now().After(end) {
		p.ledger.violated("%s returned %v after the end of its context", op, time.Since(end))
	}
}

func (p *worker) try(ctx context.Context, key string) {
	asked := context.Background()
	if p.r.IntN(3) == 0 {
		limited, cancel := p.limit(ctx, timeout/4)
		defer cancel()
		asked = limited
	}
	began := time.Now()
	lease, err := p.locker.TryLock(asked, key)
	p.late("TryLock", asked)
	// A round for the grants, and one for the fence (R9).
	if took := time.Since(began); took > 2*timeout {
		p.ledger.violated("TryLock took %v, with a NodeTimeout of %v", took, timeout)
	}
	if err != nil {
		p.refused("TryLock", asked, err)
		return
	}
	p.hold(lease, began)
	p.unlock(lease)
}

func (p *worker) lock(ctx context.Context, key string) {
	limited, cancel := p.limit(ctx, time.Second)
	defer cancel()
	lease, err := p.locker.Lock(limited, key)
	p.late("Lock", limited)
	if err != nil {
		p.refused("Lock", limited, err)
		if !errors.Is(err, redlock.ErrClosed) && limited.Err() == nil {
			p.ledger.violated("Lock gave up before its context ended: %v", err)
		}
		return
	}
	p.hold(lease, time.Time{})
	p.unlock(lease)
}

func (p *worker) do(ctx context.Context, key string) {
	limited, cancel := p.limit(ctx, time.Second)
	defer cancel()
	own := errors.New("fn's own")
	ran := false
	var held *redlock.Lease
	err := p.locker.Do(limited, key, func(inner context.Context, lease *redlock.Lease) error {
		ran, held = true, lease
		p.hold(lease, time.Time{})
		if lease.Err() != nil && inner.Err() == nil {
			p.ledger.violated("Do's context has not ended with the lease: %v", lease.Err())
		}
		p.ledger.gave(lease)
		return own
	})
	switch {
	case !ran:
		p.refused("Do", limited, err)
	case !errors.Is(err, own):
		p.ledger.violated("Do swallowed fn's error: %v", err)
	}
	if ran && !p.closes {
		p.ledger.freed(held)
	}
}

// unlock gives the lease back, also on a context that has ended.
func (p *worker) unlock(lease *redlock.Lease) {
	p.ledger.gave(lease)
	before := lease.Err()
	ctx, cancel := context.WithCancel(context.Background())
	if p.r.IntN(2) == 0 {
		cancel()
	}
	defer cancel()
	began := time.Now()
	err := lease.Unlock(ctx)
	if took := time.Since(began); took > timeout {
		p.ledger.violated("Unlock took %v, with a NodeTimeout of %v", took, timeout)
	}
	lost, unlocked, silent := errors.Is(err, redlock.ErrLost), errors.Is(err, redlock.ErrUnlocked), errors.Is(err, redlock.ErrNoQuorum)
	switch {
	case err == nil:
		p.ledger.count("unlocks")
	case lost && !unlocked && !silent:
		p.ledger.count("unlocks of a lost lease")
	case unlocked && p.closes && !lost && !silent:
		p.ledger.count("unlocks after Close")
	case silent && !lost && !unlocked && before == nil:
		p.ledger.count("unlocks without a majority")
	default:
		p.ledger.violated("Unlock of a lease with %v: %v", before, err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		p.ledger.violated("Unlock says that a context ended: %v", err)
	}
	if !p.closes { // Close may end before all nodes have heard
		p.ledger.freed(lease)
	}
	select {
	case <-lease.Done():
	default:
		p.ledger.violated("the Done of a lease has not ended after its Unlock")
	}
	switch again := lease.Unlock(ctx); {
	case lease.Err() == nil:
		p.ledger.violated("a lease is held after its Unlock")
	case !errors.Is(again, lease.Err()):
		p.ledger.violated("the second Unlock says %v of a lease that is over by %v", again, lease.Err())
	}
}

// refused looks whether the error of an operation that got no lease is one that is documented.
func (p *worker) refused(op string, ctx context.Context, err error) {
	var matches []string
	for what, target := range map[string]error{
		"held": redlock.ErrHeld, "no quorum": redlock.ErrNoQuorum, "too late": redlock.ErrExpired, "closed": redlock.ErrClosed,
	} {
		if errors.Is(err, target) {
			matches = append(matches, what)
		}
	}
	if len(matches) != 1 || errors.Is(err, redlock.ErrLost) || errors.Is(err, redlock.ErrUnlocked) {
		p.ledger.violated("%s: %v matches %v", op, err, matches)
		return
	}
	p.ledger.count("refused: " + matches[0])
	if matches[0] == "closed" && !p.closes {
		p.ledger.violated("%s: %v, of a locker that is open", op, err)
	}
	deadline, cancelled := errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled)
	switch {
	case !deadline && !cancelled:
	case ctx.Err() == nil:
		p.ledger.violated("%s: %v, and its context has not ended", op, err)
	default:
		p.ledger.count("refused: context ended")
	}
}
