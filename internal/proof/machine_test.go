package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/quorumlock/quorumlock/internal/memory"
	"github.com/quorumlock/quorumlock/redlock"
)

// machine is a deployment and its model, to which the same things happen.
type machine struct {
	*model
	mode    redlock.Mode
	real    []*memory.Node
	houses  []*redlock.Locker
	down    []reach // by house
	ctxs    map[*belief]context.Context
	fences  map[string]uint64
	longest time.Duration
}

// ttls are those of the lockers, and of their WithTTL siblings.
var ttls = []time.Duration{800 * time.Millisecond, 4 * time.Second, 20 * time.Second}

// One call after the other, while nodes fail and time goes by, the library says and does what an obvious model does.
func TestModel(t *testing.T) {
	total := newLedger()
	rapid.Check(t, func(rt *rapid.T) {
		rapid.SyncTest(rt, func(rt *rapid.T) {
			m := newMachine(rt)
			rt.Repeat(map[string]func(*rapid.T){
				"":        m.check,
				"TryLock": func(rt *rapid.T) { m.lock(rt, total, false) },
				"Lock":    func(rt *rapid.T) { m.lock(rt, total, true) },
				"Extend":  func(rt *rapid.T) { m.extends(rt, total) },
				"Unlock":  func(rt *rapid.T) { m.unlock(rt, total) },
				"wait":    m.wait,
				"fault":   func(rt *rapid.T) { m.break_(rt, total) },
				"heal":    m.mend,
				"forget":  func(rt *rapid.T) { m.forget(rt, total) },
				"Close":   func(rt *rapid.T) { m.reopen(rt, total) },
			})
		})
	})
	t.Log(total)
	for _, what := range []string{"granted", "held", "no quorum", "extended", "extend failed", "lost", "unlocked", "fault", "forgets", "closed"} {
		if total.counts[what] < 10 && !t.Failed() {
			t.Errorf("%s: got %d, want at least 10; the test proves too little", what, total.counts[what])
		}
	}
}

func newMachine(rt *rapid.T) *machine {
	m := &machine{
		model: &model{}, longest: ttls[len(ttls)-1], ctxs: make(map[*belief]context.Context), fences: make(map[string]uint64),
	}
	if rapid.Bool().Draw(rt, "plain") {
		m.mode = redlock.Plain
	}
	m.fenced = m.mode == redlock.Fenced
	for i := range rapid.SampledFrom([]int{1, 3, 5}).Draw(rt, "nodes") {
		n := memory.New(fmt.Sprintf("10.0.0.%d:6379", i+1))
		rt.Cleanup(n.Close)
		m.real = append(m.real, n)
		m.nodes = append(m.nodes, &shelf{keys: make(map[string]stored), known: true, murky: make(map[string]bool)})
	}
	for range 2 {
		m.houses, m.down = append(m.houses, m.open(rt, true)), append(m.down, reach{})
	}
	// So that all nodes know the scripts: one that is mute would not be heard asking for them.
	lease, err := m.houses[0].Lock(context.Background(), "first")
	if err != nil {
		rt.Fatal(err)
	}
	if err := errors.Join(lease.Extend(context.Background()), lease.Unlock(context.Background())); err != nil {
		rt.Fatal(err)
	}
	synctest.Wait()
	return m
}

func (m *machine) open(rt *rapid.T, fresh bool) *redlock.Locker {
	clients := make([]redis.UniversalClient, len(m.real))
	for i, n := range m.real {
		client := redis.NewClient(&redis.Options{Addr: n.Name, Dialer: n.Connect, MaxRetries: -1, DialerRetries: 1,
			ContextTimeoutEnabled: true, ReadTimeout: timeout, WriteTimeout: timeout})
		rt.Cleanup(func() {
			_ = client.Close()
			time.Sleep(time.Minute) // its pool goes on dialing for a while
		})
		clients[i] = client
	}
	l, err := redlock.New(clients, redlock.Config{Mode: m.mode, TTL: ttls[0], MaxTTL: m.longest, NodeTimeout: timeout, NoRenew: true, Fresh: fresh})
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() { _ = l.Close() })
	synctest.Wait() // until it has looked at the nodes
	return l
}

// settle waits until what is under way has been answered or given up, which the model knows nothing of.
func (m *machine) settle() {
	time.Sleep(timeout + 100*time.Millisecond)
	synctest.Wait()
	m.pass(time.Now(), m.down)
}

// check compares everything that can be seen with the model.
func (m *machine) check(rt *rapid.T) {
	now := time.Now()
	m.pass(now, m.down)
	synctest.Wait()
	for _, b := range m.leases {
		left := time.Duration(0)
		if b.over == nil {
			left = b.until.Sub(now)
		}
		if got := b.lease.Left(); got != left {
			rt.Errorf("%s of %q: got %v left want %v", b.owner, b.key, got, left)
		}
		if got := b.lease.Err(); !errors.Is(got, b.over) {
			rt.Errorf("%s of %q: got %v want %v", b.owner, b.key, got, b.over)
		}
		closed := false
		select {
		case <-b.lease.Done():
			closed = true
		default:
		}
		ctx := m.ctxs[b]
		if ended := ctx.Err() != nil; closed != (b.over != nil) || ended != closed || ended && !errors.Is(context.Cause(ctx), b.over) {
			rt.Errorf("%s of %q: got Done %v and a context with %v, of a lease with %v", b.owner, b.key, closed, context.Cause(ctx), b.over)
		}
	}
	for i, n := range m.nodes {
		if n.fault != memory.Healthy {
			continue // what it has is looked at when it is back
		}
		for _, key := range []string{"a", "b"} {
			got, _ := m.real[i].Get(key)
			if n.murky[key] {
				m.adopt(i, key, got)
			}
			if want := n.keys[key].owner; got != want {
				rt.Errorf("node %d at %v: got %q of %q want %q", i, now.Sub(start), key, got, want)
			}
		}
	}
}

// adopt has the model believe what a node has of which it was not clear whether it has heard of its end.
func (m *machine) adopt(i int, key, owner string) {
	delete(m.nodes[i].murky, key)
	if owner == "" {
		delete(m.nodes[i].keys, key)
	}
}

// start is when every bubble's time begins.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (m *machine) lock(rt *rapid.T, seen *ledger, waits bool) {
	house := rapid.IntRange(0, 1).Draw(rt, "locker")
	b := &belief{house: house, key: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "key"), ttl: rapid.SampledFrom(ttls).Draw(rt, "ttl"), owed: map[int]bool{}}
	l := m.houses[house].WithTTL(b.ttl)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if rapid.IntRange(0, 9).Draw(rt, "ended") == 0 {
		cancel()
		_, err := l.TryLock(ctx, b.key)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, redlock.ErrNoQuorum) {
			rt.Errorf("got %v of a context that had ended", err)
		}
		return
	}
	now := time.Now()
	if waits { // as good as TryLock, with a context that ends before it tries again
		ctx, cancel = context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
	}
	if ahead := m.ahead(b); waits && ahead != nil {
		m.behind(rt, l, ctx, ahead, seen)
		return
	}
	b.owner, b.queued = "not known yet", waits
	want := m.grant(b, now, m.longest, m.down[house])
	var lease *redlock.Lease
	var err error
	if waits {
		lease, err = l.Lock(ctx, b.key)
	} else {
		lease, err = l.TryLock(ctx, b.key)
	}
	switch {
	case want == nil && err != nil:
		rt.Fatalf("got %v want a lease of %q", err, b.key)
	case want == nil:
		b.lease, b.owner = lease, lease.Owner()
		for _, n := range m.nodes {
			if n.keys[b.key].owner == "not known yet" {
				n.keys[b.key] = stored{owner: b.owner, until: n.keys[b.key].until}
			}
		}
		if m.fenced && lease.Fence() <= m.fences[b.key] {
			rt.Errorf("got fence %d of %q after %d", lease.Fence(), b.key, m.fences[b.key])
		}
		m.fences[b.key] = lease.Fence()
		m.leases = append(m.leases, b)
		m.ctxs[b] = lease.Context(context.Background())
		seen.count("granted")
	case !want.allows(err, errors.Is):
		rt.Fatalf("got %v for %q want one of %v", err, b.key, want)
	case errors.Is(err, redlock.ErrHeld):
		seen.count("held")
	default:
		seen.count("no quorum")
	}
	if timedOut := errors.Is(err, context.DeadlineExceeded); err != nil && timedOut != waits {
		rt.Errorf("got %v, waits: %v", err, waits)
	}
	m.settle()
}

// ahead returns the lease behind which a Lock of the same locker has to wait, without asking a node; nil: there is none.
func (m *machine) ahead(b *belief) *belief {
	for _, other := range m.leases {
		if other.queued && other.house == b.house && other.key == b.key && other.lease.Err() == nil {
			return other
		}
	}
	return nil
}

// behind has a Lock wait in its process, until its context ends.
func (m *machine) behind(rt *rapid.T, l *redlock.Locker, ctx context.Context, ahead *belief, seen *ledger) {
	if ahead.lease.Left() < 10*time.Millisecond {
		return // it may end meanwhile
	}
	_, err := l.Lock(ctx, ahead.key)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, redlock.ErrHeld) || errors.Is(err, redlock.ErrNoQuorum) {
		rt.Fatalf("got %v for %q, which is held in the same process, want it held and the end of the context", err, ahead.key)
	}
	seen.count("held")
	m.settle()
}

// pick returns one of the leases, over or not.
func (m *machine) pick(rt *rapid.T) *belief {
	if len(m.leases) == 0 {
		rt.Skip("no lease")
	}
	recent := m.leases[max(0, len(m.leases)-4):]
	return rapid.SampledFrom(recent).Draw(rt, "lease")
}

func (m *machine) extends(rt *rapid.T, seen *ledger) {
	b := m.pick(rt)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	now := time.Now()
	var want outcome
	switch {
	case b.over != nil:
		want = outcome{b.over}
	case rapid.IntRange(0, 9).Draw(rt, "ended") == 0:
		cancel()
		want = outcome{context.Canceled}
	default:
		want = m.extend(b, now, m.longest, m.down[b.house])
	}
	err := b.lease.Extend(ctx)
	if !want.allows(err, errors.Is) {
		rt.Fatalf("Extend of %q: got %v want one of %v", b.key, err, want)
	}
	switch {
	case err == nil:
		seen.count("extended")
	case errors.Is(err, redlock.ErrLost):
		seen.count("lost")
		// Which nodes it was still asked of before the last refusal hangs on the order of answers; one that has forgotten
		// everything may have found that out.
		if slices.ContainsFunc(m.nodes, func(n *shelf) bool { return !n.known }) {
			m.poke(b.house)
		}
	default:
		seen.count("extend failed")
	}
	m.settle()
}

func (m *machine) unlock(rt *rapid.T, seen *ledger) {
	b := m.pick(rt)
	ctx, cancel := context.WithCancel(context.Background())
	if rapid.Bool().Draw(rt, "ended") {
		cancel() // it unlocks all the same
	}
	defer cancel()
	want := outcome{b.over}
	if b.over == nil {
		b.over = redlock.ErrUnlocked
		want = m.release(b, time.Now(), m.down[b.house])
	}
	if err := b.lease.Unlock(ctx); !want.allows(err, errors.Is) {
		rt.Fatalf("Unlock of %q: got %v want one of %v", b.key, err, want)
	} else if err == nil {
		seen.count("unlocked")
	}
	m.settle()
}

func (m *machine) wait(rt *rapid.T) {
	time.Sleep(time.Duration(rapid.IntRange(1, 5000).Draw(rt, "ms")) * time.Millisecond)
	m.pass(time.Now(), m.down)
}

func (m *machine) break_(rt *rapid.T, seen *ledger) {
	i := rapid.IntRange(0, len(m.nodes)-1).Draw(rt, "node")
	if m.nodes[i].fault != memory.Healthy {
		rt.Skip("it has a fault")
	}
	// A mute node is left to TestDriver: what it has carried out nobody knows, a model neither.
	f := memory.Dead
	if m.fenced && rapid.Bool().Draw(rt, "hung") { // without deadlines, a backlog can leave keys that nobody holds
		f = memory.Hung
	}
	m.real[i].Set(f)
	m.nodes[i].fault = f
	seen.count("fault")
	for house := range m.houses {
		if f == memory.Dead {
			m.poke(house)
		}
		h, _ := m.houses[house].Check(context.Background())
		for j, n := range m.nodes {
			if voting := h.Nodes[j].Err == nil; voting != (n.fault == memory.Healthy) {
				rt.Errorf("Check says %v of node %d, which is %v", h.Nodes[j].Err, j, n.fault)
			}
		}
	}
	m.settle()
}

// poke has a locker find out that a node is dead. A client of the caller's would try the next command on a connection
// that has been cut, whether the node is back or not.
func (m *machine) poke(house int) {
	b := &belief{house: house, key: "poke", owner: "poke", ttl: ttls[0], owed: map[int]bool{}}
	_ = m.grant(b, time.Now(), m.longest, m.down[house])
	if lease, err := m.houses[house].TryLock(context.Background(), b.key); err == nil {
		_ = lease.Unlock(context.Background())
	}
	for _, n := range m.nodes {
		delete(n.keys, b.key)
	}
	m.settle()
}

func (m *machine) mend(rt *rapid.T) {
	for i, n := range m.nodes {
		if n.fault != memory.Healthy {
			began := time.Now()
			m.real[i].Set(memory.Healthy)
			time.Sleep(soon)
			synctest.Wait()
			m.heal(i, began, time.Now(), m.down)
			return
		}
	}
	rt.Skip("all are well")
}

// forget has a node lose all that it knew, as FLUSHALL does.
func (m *machine) forget(rt *rapid.T, seen *ledger) {
	i := rapid.IntRange(0, len(m.nodes)-1).Draw(rt, "node")
	if !m.fenced || m.nodes[i].fault != memory.Healthy {
		rt.Skip("votes may be given twice, or nobody knows what is in its backlog")
	}
	m.real[i].FlushAll()
	m.nodes[i].keys, m.nodes[i].known = make(map[string]stored), false
	seen.count("forgets")
}

// reopen closes a locker while its leases are held, and opens another in its place.
func (m *machine) reopen(rt *rapid.T, seen *ledger) {
	house := rapid.IntRange(0, 1).Draw(rt, "locker")
	for i, n := range m.nodes {
		if n.fault != memory.Healthy || m.down[house][i] {
			rt.Skip("what a locker owes when it is closed stays where it is, or does not")
		}
	}
	for _, b := range m.leases {
		if b.house == house && b.over == nil {
			b.over = redlock.ErrUnlocked
			m.release(b, time.Now(), m.down[house])
		}
	}
	l := m.houses[house]
	if err := l.Close(); err != nil {
		rt.Errorf("Close: %v", err)
	}
	if _, err := l.TryLock(context.Background(), "a"); !errors.Is(err, redlock.ErrClosed) {
		rt.Errorf("got %v of a locker that is closed", err)
	}
	for _, b := range m.leases {
		if b.house == house {
			clear(b.owed)
		}
	}
	m.houses[house], m.down[house] = m.open(rt, false), reach{}
	seen.count("closed")
	m.settle()
}
