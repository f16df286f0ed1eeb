package proof

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/memory"
	"github.com/quorumlock/quorumlock/redlock"
)

// soon is long enough for a node that can be reached again to have been told all that it is owed.
const soon = 5 * time.Second

// timeout is NodeTimeout in all worlds.
const timeout = 300 * time.Millisecond

// world is one bubble: some nodes, some lockers on them, workers that lock, and storms of faults.
type world struct {
	t       *testing.T
	seed    uint64
	ledger  *ledger
	mode    redlock.Mode
	loses   bool // nodes may lose their memory
	longest time.Duration
	nodes   []*memory.Node
	lockers []*redlock.Locker
	ttls    []time.Duration // of the lockers
	renews  []bool
	keys    []string

	mu       sync.Mutex
	restored bool // guarded by mu; in this storm: an old state has come back, and old keys with it
	unheard  bool // guarded by mu; in this storm: a Close was not heard by every node
}

// stream returns a source of randomness of its own for each purpose, so that a new draw in one changes no other.
func (w *world) stream(purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.seed, purpose))
}

// newWorld makes a world of what the seed says. Call it within a bubble.
func newWorld(t *testing.T, seed uint64, ledger *ledger) *world {
	w := &world{t: t, seed: seed, ledger: ledger}
	r := w.stream(0)
	switch seed % 4 { // so that a few worlds in a row are of all kinds
	case 0:
		w.mode = redlock.Plain
	case 1:
		w.loses = true
	}
	longest := []time.Duration{5 * time.Second, 30 * time.Second, 30 * time.Second}
	if w.loses { // short ones, so that nodes vote again before they forget again
		longest = []time.Duration{2 * time.Second, 5 * time.Second, 30 * time.Second}
	}
	w.longest = longest[r.IntN(3)]
	for i := range 3 + 2*r.IntN(2) {
		n := memory.New(fmt.Sprintf("10.0.0.%d:6379", i+1))
		n.Ahead(time.Duration(r.IntN(1000)-500) * time.Millisecond)
		w.nodes = append(w.nodes, n)
		t.Cleanup(n.Close)
	}
	for i := range 2 + r.IntN(3) {
		ttl := time.Duration(float64(w.longest) * (0.2 + 0.8*r.Float64())).Truncate(time.Millisecond)
		w.ttls, w.renews = append(w.ttls, ttl), append(w.renews, r.IntN(3) > 0)
		l := w.open(r, redlock.Config{TTL: ttl, NoRenew: !w.renews[i], Fresh: true})
		synctest.Wait() // until it has looked at the nodes
		w.lockers = append(w.lockers, l)
	}
	for i := range 1 + r.IntN(3) {
		w.keys = append(w.keys, fmt.Sprintf("key %d", i))
	}
	return w
}

// open returns a locker over clients that are set up as go-redis's defaults say, or as those of Dial are.
func (w *world) open(r *rand.Rand, cfg redlock.Config) *redlock.Locker {
	cfg.Mode, cfg.MaxTTL, cfg.NodeTimeout = w.mode, w.longest, timeout
	cfg.Backoff = redlock.Backoff{Min: 20 * time.Millisecond, Max: 500 * time.Millisecond}
	strict := r.IntN(2) == 0
	clients := make([]redis.UniversalClient, len(w.nodes))
	for i, n := range w.nodes {
		options := &redis.Options{Addr: n.Name, Dialer: n.Connect}
		if strict {
			options.MaxRetries, options.DialerRetries, options.ContextTimeoutEnabled = -1, 1, true
			options.ReadTimeout, options.WriteTimeout = timeout, timeout
		}
		client := redis.NewClient(options)
		w.t.Cleanup(func() { _ = client.Close() })
		clients[i] = client
	}
	l, err := redlock.New(clients, cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// run has storms come over the world, and looks after each what is left.
func (w *world) run(storms int) {
	for i := range storms {
		w.storm(uint64(i + 1))
		time.Sleep(soon)
		w.nothingLeft()
		w.alive()
		time.Sleep(w.longest + soon) // so that no key of before is taken for one of the next storm
	}
	for _, l := range w.lockers {
		if err := w.close(l); err != nil {
			w.ledger.violated("Close with all nodes up: %v", err)
		}
	}
	synctest.Wait()
	w.nothingLeft()
	// The bubble ends when the last goroutine has: go-redis's pools go on dialing for a while.
	w.t.Cleanup(func() { time.Sleep(time.Minute) })
}

// storm has all workers lock while nodes fail, then heals the nodes and ends the work.
func (w *world) storm(number uint64) {
	r := w.stream(number << 8)
	w.mu.Lock()
	w.restored, w.unheard = false, false
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(10+r.IntN(30))*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for i := range w.nodes {
		wg.Go(func() { w.trouble(ctx, w.stream(number<<8+uint64(0x10+i)), w.nodes[i]) })
	}
	for i := range 3 + r.IntN(6) {
		stream := w.stream(number<<8 + uint64(0x40+i))
		which := i % len(w.lockers)
		wg.Go(func() {
			p := worker{world: w, r: stream, locker: w.lockers[which], ttl: w.ttls[which], renews: w.renews[which]}
			p.work(ctx)
		})
	}
	if r.IntN(4) == 0 {
		wg.Go(func() { w.visit(ctx, w.stream(number<<8+0x80)) })
	}
	wg.Wait()
}

// visit opens a locker in the middle of the storm, locks a few times, and closes it whatever is under way.
func (w *world) visit(ctx context.Context, r *rand.Rand) {
	for ctx.Err() == nil {
		l := w.open(r, redlock.Config{TTL: w.longest})
		var wg sync.WaitGroup
		inner, cancel := context.WithCancel(ctx)
		for i := range 2 {
			stream := rand.New(rand.NewPCG(r.Uint64(), uint64(i)))
			wg.Go(func() {
				p := worker{world: w, r: stream, locker: l, ttl: w.longest, renews: true, closes: true}
				p.work(inner)
			})
		}
		time.Sleep(time.Duration(r.IntN(3000)) * time.Millisecond)
		if err := w.close(l); err != nil {
			w.mu.Lock()
			w.unheard = true
			w.mu.Unlock()
			w.ledger.count("closes that were not heard")
		} else {
			w.ledger.count("closes")
		}
		cancel()
		wg.Wait()
	}
}

// close closes a locker, within a bounded time, whatever hangs.
func (w *world) close(l *redlock.Locker) error {
	began := time.Now()
	err := l.Close()
	if took := time.Since(began); took > 6*timeout {
		w.ledger.violated("Close took %v, with a NodeTimeout of %v", took, timeout)
	}
	return err
}

// nothingLeft looks whether a key of anybody is left on any node, now that all leases are over (I10).
func (w *world) nothingLeft() {
	w.mu.Lock()
	excused := w.restored || w.unheard
	w.mu.Unlock()
	if excused {
		w.ledger.count("calms without a look at what is left")
		return
	}
	w.ledger.count("calms")
	for _, n := range w.nodes {
		for _, key := range w.keys {
			if n.Exists(key) {
				owner, _ := n.Get(key)
				w.ledger.violated("I10: %q is left on %s, of %q, for another %v", key, n.Name, owner, n.TTL(key))
			}
		}
	}
}

// alive looks whether everybody gets every key after the storm (I8).
func (w *world) alive() {
	for i, l := range w.lockers {
		for _, key := range w.keys {
			ctx, cancel := context.WithTimeout(context.Background(), w.longest*2+soon)
			lease, err := l.Lock(ctx, key)
			cancel()
			if err != nil {
				w.ledger.violated("I8: locker %d gets no lock after the storm: %v", i, err)
				continue
			}
			w.ledger.took(lease, w.mode == redlock.Fenced)
			w.ledger.gave(lease)
			if err := lease.Unlock(context.Background()); err != nil {
				w.ledger.violated("Unlock with all nodes up: %v", err)
			}
		}
	}
}

// holders returns how many nodes hold the key for the owner.
func (w *world) holders(key, owner string) int {
	count := 0
	for _, n := range w.nodes {
		if got, err := n.Get(key); err == nil && got == owner {
			count++
		}
	}
	return count
}
