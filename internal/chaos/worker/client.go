package worker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/lock"
	"github.com/quorumlock/quorumlock/internal/chaos/storage"
	"github.com/quorumlock/quorumlock/redlock"
)

// client is one who locks.
type client struct {
	process *process
	number  int
	lots    *rand.Rand
	cycles  int
}

// loneKeys is how many keys a loner uses in turn, so that what an earlier cycle may have left does not meet a later one.
const loneKeys = 100

// lastMoments of a hold are those in which it matters whether its process ran.
const lastMoments = 200 * time.Millisecond

// errChanged is why a client gives up waiting by itself.
var errChanged = errors.New("the client changed its mind")

// contend takes turns with everybody on the common keys until ctx ends: those that are held for long, or the others.
func (c *client) contend(ctx context.Context, long bool) {
	t := &c.process.task
	keys := t.Busy
	if long {
		keys = t.Long
	}
	for ctx.Err() == nil {
		key := c.pick(keys)
		patience, why := 2*t.TTL, context.DeadlineExceeded
		if c.lots.IntN(12) == 0 {
			patience, why = c.upTo(t.TTL/8), errChanged
		}
		waiting, stop := context.WithTimeoutCause(ctx, patience, why)
		lease := c.lock(waiting, history.Lock, key)
		stop()
		if lease != nil {
			hold := time.Millisecond + c.upTo(30*time.Millisecond)
			if long {
				hold = t.TTL/8 + c.upTo(t.TTL)
				if c.lots.IntN(2) == 0 { // so long that it needs to be extended, whatever happens meanwhile
					hold += 2*t.TTL + c.upTo(2*t.TTL)
				}
			}
			c.hold(ctx, lease, key, hold, commonKey)
		}
		c.rest(ctx, 5*time.Millisecond)
	}
}

// lone locks keys that nobody else wants until ctx ends.
func (c *client) lone(ctx context.Context) {
	for ctx.Err() == nil {
		key := fmt.Sprintf("%s%d-%d", c.process.task.Alone, c.number, c.cycles%loneKeys)
		c.cycles++
		if lease := c.lock(ctx, history.Try, key); lease != nil {
			c.hold(ctx, lease, key, 0, aloneKey)
		}
		c.rest(ctx, 20*time.Millisecond)
	}
}

// keep holds a key of its own for several TTLs, again and again until ctx ends: whoever holds on loses the lease when a
// majority is away for long, and must be told.
func (c *client) keep(ctx context.Context) {
	t := &c.process.task
	for ctx.Err() == nil {
		key := fmt.Sprintf("%skept-%d", t.Alone, c.number)
		waiting, stop := context.WithTimeout(ctx, 2*t.TTL)
		lease := c.lock(waiting, history.Lock, key)
		stop()
		if lease != nil {
			c.hold(ctx, lease, key, 4*t.TTL+c.upTo(2*t.TTL), keptKey)
		}
		c.rest(ctx, 5*time.Millisecond)
	}
}

func (c *client) pick(keys []string) string { return keys[c.lots.IntN(len(keys))] }

func (c *client) upTo(d time.Duration) time.Duration {
	return time.Duration(c.lots.Int64N(int64(max(1, d))))
}

// rest waits for d to 2 d, or until ctx ends.
func (c *client) rest(ctx context.Context, d time.Duration) { sleep(ctx, d+c.upTo(d)) }

// begin opens an operation.
func (c *client) begin(kind history.Kind, key string) *history.Operation {
	return &history.Operation{Client: c.number, Process: c.process.task.Process, Kind: kind, Key: key, Called: c.process.now()}
}

// end closes it, and reports it.
func (c *client) end(op *history.Operation, err error) {
	if op.Returned == 0 {
		op.Returned = c.process.now()
	}
	from := op.Called
	if op.Kind == history.Hold {
		from = max(from, op.Returned-lastMoments)
	}
	op.Stalled = c.process.pulse.longest(from, op.Returned)
	if op.Outcome == "" {
		op.Outcome = history.OK
	}
	if err != nil {
		op.Error = err.Error()
		if op.Outcome == history.OK {
			op.Outcome = history.Fail
		}
		if op.Reason == "" {
			op.Reason = reason(err)
		}
	}
	c.process.say(Message{Operation: op})
}

// lock asks for the key, and returns nil when it does not get it.
func (c *client) lock(ctx context.Context, kind history.Kind, key string) lock.Lease {
	ask := c.process.locker.Lock
	op := c.begin(kind, key)
	if kind == history.Try {
		ask, op.Alone = c.process.locker.TryLock, true
	}
	lease, err := ask(ctx, key)
	if err != nil {
		if ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			op.Reason = history.Cancelled
		}
		c.end(op, err)
		return nil
	}
	op.Lease, op.Fence, op.Until = lease.Owner(), lease.Fence(), c.trusted(lease)
	c.end(op, nil)
	return lease
}

// custom is what becomes of a key.
type custom int

const (
	commonKey custom = iota // many want it, and write into the storage under it
	aloneKey                // nobody else wants it, and it is held for a moment
	keptKey                 // nobody else wants it, and it is held for long
)

// hold believes in the lease for a while, or until it is told that it is lost, works, and gives the lease back.
func (c *client) hold(ctx context.Context, lease lock.Lease, key string, length time.Duration, how custom) {
	op := c.begin(history.Hold, key)
	op.Lease, op.Fence, op.Alone, op.Until = lease.Owner(), lease.Fence(), how != commonKey, c.trusted(lease)
	c.process.say(Message{Holding: &Holding{
		Client: op.Client, Process: op.Process, Key: key, Lease: op.Lease, Fence: op.Fence, At: op.Called,
		Alone: op.Alone, Long: length > c.process.task.TTL/10,
	}})
	var told time.Duration // when, or 0
	if how == commonKey {
		told = c.work(ctx, lease, op, length)
	} else {
		told = c.wait(ctx, lease, op, length)
	}
	op.Until = max(op.Until, c.trusted(lease))
	if told > 0 {
		op.Outcome, op.Reason, op.Returned = history.Fail, history.Lost, told
	}
	c.end(op, nil)

	// Also when it was lost: that is what a deferred call does, and nothing must come of it.
	unlock := c.begin(history.Unlock, key)
	unlock.Lease, unlock.Fence, unlock.Alone = op.Lease, op.Fence, op.Alone
	c.end(unlock, lease.Unlock(context.Background()))
}

// work reads the counters, takes its time, and writes them one higher. It never looks whether it still has the lock: that
// is what a storage with fences is for.
func (c *client) work(ctx context.Context, lease lock.Lease, hold *history.Operation, length time.Duration) (told time.Duration) {
	fences := []uint64{0}
	if hold.Fence != 0 {
		fences = append(fences, hold.Fence)
	}
	values := make([]uint64, len(fences))
	fresh := make([]bool, len(fences))
	for i, fence := range fences {
		values[i], fresh[i] = c.access(hold, storage.Access{Key: hold.Key, Fence: fence})
	}
	if c.lots.IntN(4) == 0 {
		told = c.wait(ctx, lease, hold, length/2)
		if told == 0 {
			op := c.begin(history.Extend, hold.Key)
			op.Lease = hold.Lease
			err := lease.Extend(ctx)
			op.Until = c.trusted(lease)
			c.end(op, err)
			hold.Until = max(hold.Until, op.Until)
		}
		length /= 2
	}
	if told == 0 {
		told = c.wait(ctx, lease, hold, length)
	}
	for i, fence := range fences {
		if fresh[i] {
			c.access(hold, storage.Access{Key: hold.Key, Fence: fence, Write: true, Value: values[i] + 1})
		}
	}
	return told
}

// wait lets time pass; it returns when it was told meanwhile that the lease is lost, or 0.
func (c *client) wait(ctx context.Context, lease lock.Lease, hold *history.Operation, length time.Duration) (told time.Duration) {
	over := time.NewTimer(length)
	defer over.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-lease.Done():
			return c.process.now()
		case <-over.C:
			return 0
		case <-ctx.Done():
			return 0
		case <-look.C:
			hold.Until = max(hold.Until, c.trusted(lease))
		}
	}
}

// access reads or writes a counter, and reports whether it was let.
func (c *client) access(hold *history.Operation, a storage.Access) (value uint64, let bool) {
	kind := history.Read
	if a.Write {
		kind = history.Write
	}
	op := c.begin(kind, a.Key)
	op.Lease, op.Fence = hold.Lease, a.Fence
	answer, err := c.process.storage.Access(a)
	op.Value, op.Order = answer.Value, answer.Order
	switch {
	case err != nil:
		op.Outcome = history.Unknown
	case answer.Stale:
		op.Outcome, op.Reason = history.Fail, history.Stale
	}
	c.end(op, err)
	return answer.Value, op.Outcome == history.OK
}

// trusted returns until when a lease may be trusted; rather too early than too late, since the clock is read first. Of a
// lease that is not trusted any more nothing is said: the moment at which that was seen must not pass for its end.
func (c *client) trusted(lease lock.Lease) time.Duration {
	now := c.process.now()
	left := lease.Left()
	if left <= 0 {
		return 0
	}
	return now + left
}

// reason says in a word why an operation failed.
func reason(err error) history.Reason {
	switch {
	case errors.Is(err, redlock.ErrLost):
		return history.Lost
	case errors.Is(err, redlock.ErrHeld):
		return history.Held
	case errors.Is(err, redlock.ErrExpired):
		return history.Expired
	case errors.Is(err, redlock.ErrNoQuorum):
		return history.NoQuorum
	case errors.Is(err, context.Canceled):
		return history.Cancelled
	}
	return history.Other
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
