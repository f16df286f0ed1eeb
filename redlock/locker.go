package redlock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// Locker takes locks on a fixed set of independent Redis masters. Make one for a process with [Dial] or [New] and
// share it: it is safe for concurrent use.
type Locker struct {
	*house
	cfg    Config
	params *protocol.Params
	bad    error // why WithTTL's TTL is refused; every use of the locker returns it
}

// house is what a locker and its WithTTL siblings share.
type house struct {
	nodes     []*node.Node
	timetable *timetable
	journal   *journal      // nil without a logger
	closing   chan struct{} // closed when Close begins
	attempts  sync.WaitGroup
	door      sync.RWMutex // read-locked to enter an attempt, locked to begin closing
	once      sync.Once
	result    error // of Close; written once
}

// Dial returns a locker on the Redis masters at addrs: host:port, redis://user:password@host:port/db, or rediss:// for
// TLS. An even number is accepted and buys nothing: 4 nodes survive one failure, as 3 do.
//
// It fails only for bad input. Nodes may be down now and come up later; [Locker.Check] tells.
func Dial(addrs []string, cfg Config) (*Locker, error) {
	return open("the address of node", len(addrs), cfg, func(i int, c node.Config) (*node.Node, error) {
		return node.Dial(i, addrs[i], cfg.TLS, c)
	})
}

// New returns a locker on go-redis clients of the caller's, one for each Redis master, with whatever options they
// have. [Locker.Close] does not close them. It fails only for bad input.
//
// A client that repeats commands by itself (go-redis's MaxRetries) is safe. But where the reply to an Unlock is lost, the
// repeated one finds nothing, and on a majority that reads as [ErrLost]. The clients that [Dial] makes do not repeat.
//
// A client without go-redis's ContextTimeoutEnabled is used through its WithTimeout, so that a server that hangs does not
// hold its lane up for that client's own timeouts; go-redis does not carry hooks over to that. Set ContextTimeoutEnabled
// on a client whose hooks are to see the commands.
func New(clients []redis.UniversalClient, cfg Config) (*Locker, error) {
	return open("client", len(clients), cfg, func(i int, c node.Config) (*node.Node, error) {
		return node.Use(i, clients[i], c)
	})
}

func open(what string, count int, cfg Config, dial func(i int, cfg node.Config) (*node.Node, error)) (*Locker, error) {
	cfg, err := cfg.complete()
	switch {
	case err != nil:
		return nil, err
	case count == 0:
		return nil, errors.New("redlock: no nodes")
	case count > quorum.MaxNodes:
		return nil, fmt.Errorf("redlock: %d nodes; at most %d are possible", count, quorum.MaxNodes)
	}
	h := &house{closing: make(chan struct{})}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	} else {
		h.journal = newJournal(cfg.Logger.Handler())
		cfg.Logger = slog.New(h.journal)
	}
	known := make(map[string]int, count)
	shared := cfg.node(count)
	for i := range count {
		n, err := dial(i, shared)
		if err != nil {
			h.discard()
			return nil, fmt.Errorf("redlock: %s %d %w", what, i, err)
		}
		h.nodes = append(h.nodes, n)
		if other, twice := known[n.Addr()]; twice {
			h.discard()
			return nil, fmt.Errorf("redlock: nodes %d and %d are both %s: one server has one vote", other, i, n.Addr())
		}
		known[n.Addr()] = i
	}
	h.timetable = newTimetable(clock.System)
	return &Locker{house: h, cfg: cfg, params: cfg.params(count)}, nil
}

// discard closes nodes that were never used.
func (h *house) discard() {
	for _, n := range h.nodes {
		_ = n.Close(context.Background())
	}
	if h.journal != nil {
		h.journal.close(0)
	}
}

// enter begins an attempt, which ends with h.attempts.Done, unless the locker is closed.
func (h *house) enter() bool {
	h.door.RLock()
	defer h.door.RUnlock()
	if h.closed() {
		return false
	}
	h.attempts.Add(1)
	return true
}

// WithTTL returns a locker on the same nodes whose leases have another TTL, in whole milliseconds. It shares
// everything with l: closing either closes both. A TTL that Config would refuse is refused by the first use.
func (l *Locker) WithTTL(ttl time.Duration) *Locker {
	sibling := &Locker{house: l.house}
	sibling.cfg, sibling.bad = l.cfg.withTTL(ttl)
	sibling.params = sibling.cfg.params(len(l.nodes))
	return sibling
}

// Lock waits until this caller holds key, or ctx ends. The lease is extended in the background until Unlock, unless
// Config.NoRenew says otherwise.
//
// When ctx ends first, no node keeps a grant made for this call, and the error matches both ctx's cause and what the
// last round met: [ErrHeld] or [ErrNoQuorum]. Lock returns sooner when waiting cannot help: a bad key, a key that holds
// something else than a lock, nodes that refuse our credentials, or [ErrClosed]. Safe for concurrent use.
//
// A ctx that comes from another lease's Context ends with that lease, and the error then matches that lease's [ErrLost] or
// [ErrUnlocked] as the cause of ctx: not one of key, which was never held.
func (l *Locker) Lock(ctx context.Context, key string) (*Lease, error) {
	pause := l.cfg.Backoff.Min
	var last *QuorumError
	for {
		lease, err := l.TryLock(ctx, key)
		if err == nil {
			return lease, nil
		}
		failed, ok := errors.AsType[*QuorumError](err)
		if !ok || failed.final() {
			return nil, err
		}
		if failed.context != nil {
			return nil, failed.after(last)
		}
		last = failed
		select {
		case <-time.After(pause - rand.N(pause/2+1)):
			pause = min(2*pause, l.cfg.Backoff.Max)
		case <-ctx.Done():
			return nil, last.ended(ctx)
		case <-l.closing:
			return nil, wrap(opLock, key, ErrClosed)
		}
	}
}

// TryLock asks every node once and does not wait for a key that is held. The error matches [ErrHeld] when enough nodes
// said so, [ErrNoQuorum] when too few answered, [ErrExpired] when they were too slow, and ctx's cause when that ended
// first; then no node keeps a grant made for this call. Safe for concurrent use.
func (l *Locker) TryLock(ctx context.Context, key string) (*Lease, error) {
	if l.bad != nil {
		return nil, l.bad
	}
	if err := checkKey(key); err != nil {
		return nil, fmt.Errorf("redlock: %w", err)
	}
	if !l.enter() {
		return nil, wrap(opLock, key, ErrClosed)
	}
	defer l.attempts.Done()
	s, err := newLease(l, key)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, s.unasked(opLock, ErrNoQuorum).ended(ctx)
	}
	return s.acquire(ctx)
}

// Do runs fn while it holds key. The ctx that fn gets ends when the lease is lost, with cause [ErrLost], or when the
// one given to Do ends.
//
// Do returns Lock's error if it could not lock; else fn's error, joined with [ErrLost] if the lease was lost before fn
// returned, or with [ErrClosed] if Close ended it. It unlocks also when fn panics. That unlocking did not reach a majority is no error of fn's work, and only
// logged: the key expires by itself.
func (l *Locker) Do(ctx context.Context, key string, fn func(ctx context.Context, lease *Lease) error) error {
	lease, err := l.Lock(ctx, key)
	if err != nil {
		return err
	}
	returned := false
	defer func() {
		if !returned {
			_ = lease.Unlock(ctx)
		}
	}()
	err = fn(lease.Context(ctx), lease)
	returned = true
	unlocked := lease.Unlock(ctx)
	switch {
	case errors.Is(unlocked, ErrLost):
		return errors.Join(err, unlocked)
	case errors.Is(unlocked, ErrUnlocked) && lease.evicted():
		return errors.Join(err, wrap(opUnlock, key, ErrClosed))
	case errors.Is(unlocked, ErrNoQuorum):
		l.cfg.Logger.Warn("unlock did not reach a majority", "error", unlocked)
	}
	return err
}

// Close unlocks every lease that is still held, gives up every Lock that still waits, and returns when each node has
// carried out what it was given: no goroutine, no connection of this locker and no key on a node that can be reached
// is left. It is bounded by a few times NodeTimeout; nodes that did not answer within that are named in the error, and
// what they hold expires by itself. Further calls return the same.
func (l *Locker) Close() error {
	l.once.Do(func() {
		l.door.Lock()
		close(l.closing)
		l.door.Unlock()
		l.timetable.close()
		l.attempts.Wait() // their undos are in the lanes now
		ctx, cancel := context.WithTimeout(context.Background(), 5*l.cfg.NodeTimeout)
		defer cancel()
		l.result = l.closeNodes(ctx)
		l.timetable.stop()
		if l.journal != nil {
			l.journal.close(l.cfg.NodeTimeout)
		}
	})
	return l.result
}

func (h *house) closeNodes(ctx context.Context) error {
	errs := make([]error, len(h.nodes))
	var wg sync.WaitGroup
	for i, n := range h.nodes {
		wg.Go(func() {
			if err := n.Close(ctx); err != nil {
				errs[i] = fmt.Errorf("redlock: close: %w", &NodeError{Addr: n.Addr(), Err: err})
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (h *house) closed() bool {
	select {
	case <-h.closing:
		return true
	default:
		return false
	}
}

// proposal is the fence that this client proposes (R5): the largest node clock that it knows of, and a margin that covers
// what the nodes' clocks differ by, so that they agree on it. 0 when no node has told its time yet.
func (h *house) proposal(now clock.Instant) uint64 {
	var latest int64
	for _, n := range h.nodes {
		latest = max(latest, n.Clock(now))
	}
	if latest == 0 {
		return 0
	}
	return uint64(latest+50_000) / node.Tick
}
