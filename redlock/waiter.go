package redlock

import (
	"context"
	"errors"
)

// waiter is one call of Lock. Its links belong to the queue.
type waiter struct {
	locker     *Locker
	call       *call  // nil when nobody observes
	queue      *queue // while it is inside
	shard      *shard
	key        string
	turn       chan *Lease // capacity 1; gets a lease, or nil: this waiter is the head now
	prev, next *waiter
	inside     bool   // whether it is in the queue
	number     uint64 // how many came before it
}

// lock waits for its turn, unless it is the head at once, and then for the key.
func (w *waiter) lock(ctx context.Context, head bool) (*Lease, error) {
	if head {
		return w.lead(ctx, false)
	}
	select {
	case lease := <-w.turn:
		if lease != nil {
			w.recycle()
			return lease, nil
		}
		return w.lead(ctx, true)
	case <-ctx.Done():
	case <-w.locker.closing:
	}
	return w.giveUp(ctx)
}

// recycle lets another call use w, which was handed a lease: whoever did so knew w last, and its turn is empty. One that was
// promoted does not come here: there may still be something in its turn.
func (w *waiter) recycle() {
	spare := &w.locker.queues.waiters
	*w = waiter{turn: w.turn}
	spare.Put(w)
}

// lead goes for the key as the head, until it has it, or ctx ends, or it is of no use. waited says that there may be
// something to wait for.
func (w *waiter) lead(ctx context.Context, waited bool) (*Lease, error) {
	for {
		if waited && !w.queue.goesStraight() && !w.queue.await(ctx) {
			return w.giveUp(ctx)
		}
		waited = true
		a, err := newAttempt(w.locker, w.queue.key, w.call)
		if err != nil {
			w.leave()
			return nil, err
		}
		lease, err := a.try(ctx, w)
		if err == nil {
			return lease, nil
		}
		failed, ok := errors.AsType[*QuorumError](err)
		if !ok || failed.final() {
			w.leave()
			return nil, err
		}
		if failed.context != nil {
			last := w.queue.heard()
			w.leave()
			return nil, failed.after(last)
		}
		w.queue.lost(a, failed)
	}
}

// giveUp ends a wait because ctx ended, or the locker.
func (w *waiter) giveUp(ctx context.Context) (*Lease, error) {
	locker, key := w.locker, w.key
	switch lease, why := w.leave(); {
	case lease != nil:
		return lease, nil
	case locker.closed():
		return nil, wrap(opLock, key, ErrClosed)
	default:
		return nil, why.ended(ctx)
	}
}

// leave takes w out of the queue, and returns why it waited; or the lease that was handed to it meanwhile, and then the queue
// may be another's by now.
func (w *waiter) leave() (*Lease, *QuorumError) {
	sh := w.shard
	sh.mu.Lock()
	if !w.inside {
		sh.mu.Unlock()
		return <-w.turn, nil
	}
	defer sh.mu.Unlock()
	q := w.queue
	why := q.why(w)
	head := q.holder == nil && q.first == w
	q.remove(w)
	if head {
		q.promote()
	}
	q.tidy()
	return nil, why
}
