package redlock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
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
	process   string        // what this process is enrolled as on the nodes, when it waits
	fenced    bool          // nodes announce what happens to keys
	hears     atomic.Uint64 // a quorum.Set: the nodes whose announcements are heard
	queues    queues
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
	h := &house{process: uuid.NewString(), fenced: cfg.Mode == Fenced, closing: make(chan struct{}), timetable: newTimetable(clock.System)}
	h.queues.open()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	} else {
		h.journal = newJournal(cfg.Logger.Handler())
		cfg.Logger = slog.New(h.journal)
	}
	known := make(map[string]int, count)
	shared := cfg.node(count)
	shared.Process, shared.Listener = h.process, h
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
	return &Locker{house: h, cfg: cfg, params: cfg.params(count)}, nil
}

// discard closes nodes that were never used.
func (h *house) discard() {
	for _, n := range h.nodes {
		_ = n.Close(context.Background())
	}
	h.timetable.stop()
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
// Calls for one key, of this locker and its WithTTL siblings, are served in the order in which they came. Between processes,
// in mode Fenced, whoever has waited longest is woken when the key is given back.
//
// When ctx ends first, no node keeps a grant made for this call, and the error matches both ctx's cause and what the
// last round met: [ErrHeld] or [ErrNoQuorum]. Lock returns sooner when waiting cannot help: a bad key, a key that holds
// something else than a lock, nodes that refuse our credentials, or [ErrClosed]. Safe for concurrent use.
//
// A ctx that comes from another lease's Context ends with that lease, and the error then matches that lease's [ErrLost] or
// [ErrUnlocked] as the cause of ctx: not one of key, which was never held.
func (l *Locker) Lock(ctx context.Context, key string) (*Lease, error) {
	if err := l.admit(key); err != nil {
		return nil, err
	}
	defer l.attempts.Done()
	c := l.begin(ctx, key, false)
	for {
		w, head := l.queues.join(l, key, c)
		lease, err := w.lock(ctx, head)
		if err == nil && lease.rounds == 0 && lease.Err() != nil {
			continue // it was handed over, and is over before anybody could look
		}
		l.locked(c, lease, err)
		return lease, err
	}
}

// TryLock asks every node once and does not wait for a key that is held. The error matches [ErrHeld] when enough nodes
// said so, [ErrNoQuorum] when too few answered, [ErrExpired] when they were too slow, and ctx's cause when that ended
// first; then no node keeps a grant made for this call. It does not care who waits in Lock, and what it gets is not handed
// over to them. ErrHeld also means a key that is kept, for up to 200 ms, for a process that was woken. Safe for concurrent use.
func (l *Locker) TryLock(ctx context.Context, key string) (*Lease, error) {
	if err := l.admit(key); err != nil {
		return nil, err
	}
	defer l.attempts.Done()
	c := l.begin(ctx, key, true)
	a, err := newAttempt(l, key, c)
	var lease *Lease
	if err == nil {
		lease, err = a.try(ctx, nil)
	}
	l.locked(c, lease, err)
	return lease, err
}

// admit begins a call that locks key, which ends with l.attempts.Done, or says why it may not be.
func (l *Locker) admit(key string) error {
	switch err := checkKey(key); {
	case l.bad != nil:
		return l.bad
	case err != nil:
		return fmt.Errorf("redlock: %w", err)
	case !l.enter():
		return wrap(opLock, key, ErrClosed)
	}
	return nil
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
	latest := h.latest(now)
	if latest == 0 {
		return 0
	}
	return uint64(latest+50_000) / node.Tick
}

// latest returns the largest node clock that this client knows of, in µs; 0 when no node has told its time yet.
func (h *house) latest(now clock.Instant) int64 {
	var latest int64
	for _, n := range h.nodes {
		latest = max(latest, n.Clock(now))
	}
	return latest
}

// nodesTime returns what the middle one of the nodes' clocks shows, in µs, as far as this client knows them; else its own.
func (h *house) nodesTime() int64 {
	now := h.timetable.clock.Now()
	var shown []time.Duration
	for _, n := range h.nodes {
		if at := n.Clock(now); at != 0 {
			shown = append(shown, time.Duration(at)*time.Microsecond)
		}
	}
	if len(shown) == 0 {
		return time.Now().UnixMicro()
	}
	return node.Median(shown).Microseconds()
}
