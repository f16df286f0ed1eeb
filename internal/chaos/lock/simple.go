package lock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/quorum"
	"github.com/quorumlock/quorumlock/redlock"
)

// simple is a small Redlock, with one flaw or none.
type simple struct {
	cfg    Config
	flaw   flaw
	nodes  []*node
	need   int           // how many votes decide
	drift  clock.Drift   // what a window is shorter by than the TTL
	margin time.Duration // how long before its window closes a lease is over

	life    context.Context // ends when Close has waited long enough
	stop    context.CancelFunc
	closing chan struct{}  // closed when Close begins
	running sync.WaitGroup // every goroutine of ours, and every call of TryLock, Extend and Unlock
	unfreed atomic.Int64   // keys that may be left on a node
	once    sync.Once
	result  error // of Close; written once

	mu     sync.Mutex
	closed bool                // guarded by mu
	leases map[*lease]struct{} // guarded by mu; what is held
}

func openSimple(cfg Config, broken flaw) *simple {
	l := &simple{
		cfg:     cfg,
		flaw:    broken,
		need:    quorum.Majority(len(cfg.Addrs)).Need(),
		drift:   clock.DefaultDrift,
		margin:  min(max(cfg.TTL/20, time.Millisecond), 250*time.Millisecond), // for a timer that is late
		closing: make(chan struct{}),
		leases:  make(map[*lease]struct{}),
	}
	l.life, l.stop = context.WithCancel(context.Background())
	switch broken {
	case halfVotes:
		l.need = max(1, len(cfg.Addrs)/2)
	case noDrift:
		l.drift, l.margin = clock.Drift{}, 0
	}
	for _, addr := range cfg.Addrs {
		l.nodes = append(l.nodes, newNode(addr, cfg.NodeTimeout))
	}
	if cfg.Fresh && broken != noGuard {
		answers := l.ask(func(n *node) answer { return answer{err: n.vouch(l.life)} })
		for range l.nodes {
			<-answers
		}
	}
	return l
}

func (l *simple) Lock(ctx context.Context, key string) (Lease, error) {
	var last error
	for {
		lease, err := l.TryLock(ctx, key)
		if err == nil || errors.Is(err, redlock.ErrClosed) {
			return lease, err
		}
		if last == nil || ctx.Err() == nil {
			last = err // what the last round met that was not cut short
		}
		select {
		case <-time.After(5*time.Millisecond + rand.N(35*time.Millisecond)):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w; %w", context.Cause(ctx), last)
		case <-l.closing:
			return nil, failure("lock", key, redlock.ErrClosed)
		}
	}
}

func (l *simple) TryLock(ctx context.Context, key string) (Lease, error) {
	if !l.enter() {
		return nil, failure("lock", key, redlock.ErrClosed)
	}
	defer l.running.Done()
	if ctx.Err() != nil {
		return nil, failure("lock", key, fmt.Errorf("%w, %w", context.Cause(ctx), redlock.ErrNoQuorum))
	}
	r := l.newRound(key)
	lease, err := r.acquire(ctx)
	if err != nil {
		r.free() // a lost round is undone (R4)
		return nil, err
	}
	return lease, nil
}

func (l *simple) Close() error {
	l.once.Do(func() {
		l.running.Add(1) // so that what is begun below is waited for
		l.mu.Lock()
		l.closed = true
		held := make([]*lease, 0, len(l.leases))
		for s := range l.leases {
			held = append(held, s)
		}
		l.mu.Unlock()
		close(l.closing)
		for _, s := range held {
			if s.end(redlock.ErrUnlocked) {
				s.round.free()
			}
		}
		l.running.Done()
		bound := time.AfterFunc(5*l.cfg.NodeTimeout, l.stop)
		l.running.Wait()
		bound.Stop()
		l.stop()
		if n := l.unfreed.Load(); n > 0 {
			l.result = fmt.Errorf("lock: close: %d keys may be left on nodes that did not answer, until they expire", n)
		}
		for _, n := range l.nodes {
			l.result = errors.Join(l.result, n.client.Close())
		}
	})
	return l.result
}

// enter begins something that ends with l.running.Done, unless the locker is closed.
func (l *simple) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.running.Add(1)
	return true
}

// answer is what one node said.
type answer struct {
	node  *node
	fence int64
	err   error // nil: yes
}

// ask asks nodes at once, all of them if none is given, and returns where the answers arrive: one from each, without
// anybody having to take them. Callers have entered.
func (l *simple) ask(question func(n *node) answer, nodes ...*node) <-chan answer {
	if len(nodes) == 0 {
		nodes = l.nodes
	}
	answers := make(chan answer, len(nodes))
	for _, n := range nodes {
		l.running.Go(func() {
			a := question(n)
			a.node = n
			answers <- a
		})
	}
	return answers
}

// count takes answers until need of them say yes, or so many say no that they cannot any more. It returns who said what
// until then, and the end of ctx as an error if that came first.
func count(ctx context.Context, answers <-chan answer, need int) (yes, no []answer, err error) {
	for len(yes) < need && len(no) <= cap(answers)-need {
		select {
		case a := <-answers:
			if a.err == nil {
				yes = append(yes, a)
			} else {
				no = append(no, a)
			}
		case <-ctx.Done():
			return yes, no, context.Cause(ctx)
		}
	}
	return yes, no, nil
}

// failure is an error in one line: cause is what callers match, no is what nodes said.
func failure(op, key string, cause error, no ...answer) error {
	if len(no) == 0 {
		return fmt.Errorf("lock: %s %q: %w", op, key, cause)
	}
	said := make([]string, len(no))
	for i, a := range no {
		said[i] = a.node.addr + ": " + strings.ReplaceAll(a.err.Error(), "\n", " ")
	}
	return fmt.Errorf("lock: %s %q: %w (%s)", op, key, cause, strings.Join(said, "; "))
}
