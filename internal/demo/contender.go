package demo

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// contender takes turns with the others on one key, through a locker of its own, as if it were another machine.
type contender struct {
	name    string
	locker  *redlock.Locker
	cfg     Config
	journal *journal
	role    *role
}

// run takes turns until ctx ends. What is held then is unlocked.
func (c *contender) run(ctx context.Context) {
	for ctx.Err() == nil {
		c.turn(ctx)
		sleep(ctx, resting+rand.N(resting))
	}
}

// turn asks once for the key, and holds it for a while.
func (c *contender) turn(ctx context.Context) {
	asked := c.journal.now()
	waiting, stop := context.WithTimeout(ctx, c.cfg.patience())
	lease, err := c.locker.Lock(waiting, c.cfg.Key)
	got := c.journal.now()
	stop()
	switch {
	case err == nil:
		c.hold(ctx, lease, asked, got)
	case ctx.Err() == nil:
		try := Try{Who: c.name, Span: Span{asked, got}, Err: err, Named: named(err)}
		c.journal.note(Event{Kind: GivesUp, Who: c.name, Key: c.cfg.Key, Took: got - asked, Err: err},
			func(h *History) { h.Tries = append(h.Tries, try) })
	}
}

// named returns the addresses of the nodes that an error of Lock blames.
func named(err error) (addrs []string) {
	if why, ok := errors.AsType[*redlock.QuorumError](err); ok {
		for _, n := range why.NodeErrors() {
			addrs = append(addrs, n.Addr)
		}
	}
	return addrs
}

// hold keeps the lease for a turn, or, for whoever gets the role to cling, until it is lost.
func (c *contender) hold(ctx context.Context, lease *redlock.Lease, asked, got time.Duration) {
	work := lease.Context(ctx)
	h := Hold{Who: c.name, Key: lease.Key(), Fence: lease.Fence(), Belief: Span{From: got}}
	h.Trusted = c.trusted(lease)
	c.journal.say(Event{Kind: Holds, Who: c.name, Key: h.Key, Fence: h.Fence, Took: got - asked})

	turn := time.After(holding)
	if c.role.take() {
		turn = nil
		defer c.role.leave()
		c.journal.say(Event{Kind: Clings, Who: c.name, Key: h.Key})
	}
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for over := false; !over; {
		select {
		case <-work.Done():
			over = true
		case <-turn:
			over = true
		case <-look.C:
			h.Trusted = max(h.Trusted, c.trusted(lease))
		}
	}
	h.Belief.Until = c.journal.now()
	if ctx.Err() == nil && work.Err() != nil {
		h.Lost, h.Cause = true, context.Cause(work)
	}
	c.end(ctx, lease, h)
}

// end gives the lease back, if it is not lost, and writes the hold down.
func (c *contender) end(ctx context.Context, lease *redlock.Lease, h Hold) {
	e := Event{Kind: Releases, Who: c.name, Key: h.Key, Fence: h.Fence, Took: h.Belief.Until - h.Belief.From}
	if h.Lost {
		e.Kind, e.Err, e.Spare = Lost, h.Cause, h.spare(c.journal.history.Drift)
	} else {
		e.Err = lease.Unlock(ctx)
	}
	c.journal.note(e, func(all *History) { all.Holds = append(all.Holds, h) })
}

// trusted returns until when the lease says that it may be trusted; rather too early than too late, since the clock is
// read first.
func (c *contender) trusted(lease *redlock.Lease) time.Duration {
	now := c.journal.now()
	return promise(now, lease.Left())
}

// promise returns until when a lease is trusted of which something is left now. Of one that is not trusted any more
// nothing is promised: the time at which that was seen must not pass for a later end of its window.
func promise(now, left time.Duration) time.Duration {
	if left <= 0 {
		return 0
	}
	return now + left
}

// spare is how long before the first moment at which a node could have let the key go the holder stopped. The lease is
// trusted until the drift before that, or a little less.
func (h Hold) spare(drift time.Duration) time.Duration { return h.Trusted + drift - h.Belief.Until }

// role is the part of the one who clings to the key while a majority is killed: the first to hold after offer.
type role struct {
	offered chan struct{} // capacity 1
	taken   chan struct{} // closed when somebody clings
	left    chan struct{} // closed when that one was told
}

func newRole() *role {
	return &role{offered: make(chan struct{}, 1), taken: make(chan struct{}), left: make(chan struct{})}
}

// offer makes the next holder the one who clings. Called once.
func (r *role) offer() { r.offered <- struct{}{} }

func (r *role) take() bool {
	select {
	case <-r.offered:
		close(r.taken)
		return true
	default:
		return false
	}
}

func (r *role) leave() { close(r.left) }

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// await waits for done, for at most d, or until ctx ends. That it does not come in time is for the checks to find.
func await(ctx context.Context, done <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-done:
	case <-t.C:
	}
}
