package fencing

import (
	"context"
	"fmt"
	"sync"
)

// Gate lets writes of one holder at a time to the data of a key: it refuses those with a smaller fence than was there
// before, and has those with a larger one wait until the ones before are through. To look at fences alone is not enough: a
// write that was let in could still be under way when the next holder's begins, and end after it.
//
// It knows of the writes of its own process. Where several processes write, they share a [Store], which refuses what is
// stale in all of them; but one that a process has let in may still be under way when another process lets the next holder
// in. Have the fence go on to the storage then.
//
// It is safe for concurrent use.
type Gate struct {
	store Store

	mu   sync.Mutex
	keys map[string]*entrance // guarded by mu; those with anybody inside or waiting
}

// entrance is one key's.
type entrance struct {
	fence   uint64        // of those inside
	largest uint64        // of those inside or waiting
	inside  int           // how many writes are under way
	waiting int           // how many wait
	empty   chan struct{} // closed when those inside are through; nil when nobody waits for that
}

// NewGate returns a gate that keeps fences in store.
func NewGate(store Store) *Gate {
	return &Gate{store: store, keys: make(map[string]*entrance)}
}

// Enter waits until the holder of fence may write to key, and returns what to call when the write is over, once; writes of
// the same fence may be under way together. Its error matches [ErrStale] when a larger fence was there, also if that came
// while this one waited, [ErrNoFence] when no lease has this fence, and ctx's cause when ctx ended first; or it is the store's.
func (g *Gate) Enter(ctx context.Context, key string, fence uint64) (leave func(), err error) {
	if err := check(key, fence); err != nil {
		return nil, err
	}
	if err := g.wait(ctx, key, fence); err != nil {
		return nil, err
	}
	leave = sync.OnceFunc(func() { g.leave(key) })
	largest, err := g.store.Raise(ctx, key, fence)
	switch {
	case err != nil:
		err = fmt.Errorf("fencing: write %q: the largest fence is unknown: %w", key, err)
	case largest > fence:
		err = &StaleError{Key: key, Fence: fence, Largest: largest}
	}
	if err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// wait returns when nobody with a smaller fence is inside any more, and this write is.
func (g *Gate) wait(ctx context.Context, key string, fence uint64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.keys[key]
	if e == nil {
		e = &entrance{}
		g.keys[key] = e
	}
	e.waiting++
	defer func() {
		e.waiting--
		g.tidy(key, e)
	}()
	e.largest = max(e.largest, fence)
	for e.inside > 0 && e.fence != fence {
		if e.largest > fence {
			return &StaleError{Key: key, Fence: fence, Largest: e.largest}
		}
		if e.empty == nil {
			e.empty = make(chan struct{})
		}
		empty := e.empty
		g.mu.Unlock()
		select {
		case <-empty:
		case <-ctx.Done():
		}
		g.mu.Lock()
		if ctx.Err() != nil {
			return fmt.Errorf("fencing: write %q: the holder before is still writing: %w", key, context.Cause(ctx))
		}
	}
	if e.largest > fence {
		return &StaleError{Key: key, Fence: fence, Largest: e.largest}
	}
	e.fence = fence
	e.inside++
	return nil
}

func (g *Gate) leave(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.keys[key]
	e.inside--
	if e.inside == 0 && e.empty != nil {
		close(e.empty)
		e.empty = nil
	}
	g.tidy(key, e)
}

// tidy forgets an entrance at which nobody is: the store knows its fence. Callers hold mu.
func (g *Gate) tidy(key string, e *entrance) {
	if e.inside == 0 && e.waiting == 0 {
		delete(g.keys, key)
	}
}
