package redlock

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2/server"

	"github.com/quorumlock/quorumlock/internal/memory"
)

// One who was woken and does not want the key any more gives its turn to the next, in whatever way it goes.
func TestTurnIsPassedOn(t *testing.T) {
	for name, leave := range map[string]func(l *Locker, cancel context.CancelFunc){
		"cancelled": func(_ *Locker, cancel context.CancelFunc) { cancel() },
		"closed":    func(l *Locker, _ context.CancelFunc) { go l.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			alone(t, func(t *testing.T) {
				nodes := memories(t, 3)
				first, second, third := process(t, nodes), process(t, nodes), process(t, nodes)
				lease := mustLock(t, first, "k")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				gone := lockLater(t, ctx, second)
				time.Sleep(time.Second)
				got := lockLater(t, t.Context(), third)
				time.Sleep(time.Second)
				// It goes while what it is told is on its way.
				for _, n := range nodes {
					n.Slow(10*time.Millisecond, 0)
				}
				unlocked := time.Now()
				go lease.Unlock(context.Background())
				time.Sleep(25 * time.Millisecond)
				leave(second, cancel)
				select {
				case next := <-got:
					if waited := time.Since(unlocked); waited > 190*time.Millisecond {
						t.Errorf("got the key %v after it was given back: when the one who was woken has lost its turn", waited)
					}
					_ = next.Unlock(t.Context())
				case one := <-gone:
					t.Fatalf("the one who has gone got the key, for %v", one.Left())
				case <-time.After(5 * time.Second):
					t.Fatal("nobody got the key: a wake-up was lost")
				}
			})
		})
	}
}

// One process waits on and says nothing: whoever is behind it gets the key a little later, and not when a TTL is over.
func TestFrozenWaiterIsPassedOver(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		first, third := process(t, nodes), process(t, nodes)
		lease := mustLock(t, first, "k")
		for _, n := range nodes {
			frozen(t, n, "k")
		}
		got := lockLater(t, t.Context(), third)
		time.Sleep(time.Second)
		unlocked := time.Now()
		if err := lease.Unlock(t.Context()); err != nil {
			t.Fatal(err)
		}
		next := <-got
		if waited := time.Since(unlocked); waited > 300*time.Millisecond {
			t.Errorf("got the key after %v, want 200ms and a little", waited)
		}
		_ = next.Unlock(t.Context())
	})
}

// The process that gives a key back and waits again looks itself whether the one who was woken comes, instead of the second
// in the line; when it does not wait any more, the second does.
func TestWhoGaveBackLooksAfterTheFirst(t *testing.T) {
	for name, c := range map[string]struct {
		longest time.Duration // pause
		held    time.Duration
		gone    bool
	}{
		"looks":                {250 * time.Millisecond, time.Second, false},
		"with long pauses":     {5 * time.Second, time.Second, false},
		"gone":                 {250 * time.Millisecond, time.Second, true},
		"gone, after a while":  {250 * time.Millisecond, 6 * time.Second, true},
		"looks, after a while": {250 * time.Millisecond, 6 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t, func(t *testing.T) {
				nodes := memories(t, 3)
				cfg := Config{Cohort: Cohort{Max: 1}, Backoff: Backoff{Min: 10 * time.Millisecond, Max: c.longest}}
				first, third := on(t, nodes, cfg), on(t, nodes, cfg)
				lease := mustLock(t, first, "k")
				for _, n := range nodes {
					frozen(t, n, "k")
				}
				got := lockLater(t, t.Context(), third)
				time.Sleep(time.Second)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				again := lockLater(t, ctx, first)
				time.Sleep(c.held)
				unlocked := time.Now()
				_ = lease.Unlock(t.Context())
				if c.gone {
					time.Sleep(50 * time.Millisecond)
					cancel()
				}
				var next *Lease
				select {
				case next = <-got:
				case next = <-again:
				}
				if waited := time.Since(unlocked); waited > 300*time.Millisecond {
					t.Errorf("somebody got the key after %v, want 200ms and a little", waited)
				}
				_ = next.Unlock(t.Context())
			})
		})
	}
}

// frozen enrolls a process that hears all, and does nothing.
func frozen(t *testing.T, n *memory.Node, key string) {
	t.Helper()
	ears := n.NewSubscriber()
	ears.Subscribe("quorumlock:waiting")
	ears.Subscribe("quorumlock:wake:frozen")
	heard := ears.Messages()
	go func() {
		for range heard {
		}
	}()
	t.Cleanup(ears.Close)
	if _, err := n.ZAdd("quorumlock:line:{"+key+"}", 1, "frozen"); err != nil {
		t.Fatal(err)
	}
}

// Who gives a key back and asks again at once is behind those who have waited.
func TestWhoWaitsComesFirst(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		first, second := process(t, nodes), process(t, nodes)
		lease := mustLock(t, first, "k")
		got := lockLater(t, t.Context(), second)
		time.Sleep(time.Second)
		for _, n := range nodes {
			n.Slow(time.Millisecond, 0)
		}
		_ = lease.Unlock(t.Context())
		again := lockLater(t, t.Context(), first)
		select {
		case next := <-got:
			_ = next.Unlock(t.Context())
		case <-again:
			t.Fatal("got the key for who had it before, while another one waited")
		}
		_ = (<-again).Unlock(t.Context())
	})
}

// Processes that never stop asking take turns, and none waits much longer than its turn.
func TestProcessesTakeTurns(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := distant(t, 5)
		const count = 8
		var served [count]int
		var holders atomic.Int32
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for i := range count {
			l := process(t, nodes)
			for range 3 {
				wg.Go(func() {
					for {
						lease, err := l.Lock(ctx, "k")
						if err != nil {
							return
						}
						if holders.Add(1) != 1 {
							t.Error("two holders at a time")
						}
						served[i]++
						holders.Add(-1)
						_ = lease.Unlock(ctx)
					}
				})
			}
		}
		wg.Wait()
		least, most := served[0], served[0]
		for _, n := range served {
			least, most = min(least, n), max(most, n)
		}
		if least == 0 || 2*least < most || most < 100 {
			t.Errorf("got %v locks of the processes, want many, and about as many of each", served)
		}
	})
}

// distant returns nodes that are a millisecond away.
func distant(t *testing.T, count int) []*memory.Node {
	t.Helper()
	nodes := memories(t, count)
	for _, n := range nodes {
		n.Slow(time.Millisecond, 0)
	}
	return nodes
}

// scripts counts the scripts that a node is asked by and that name a key with the prefix: those that put somebody into a
// line or take him out, "quorumlock:line:", or that grant, "quorumlock:fence:".
func scripts(n *memory.Node, prefix string) *atomic.Int64 {
	var count atomic.Int64
	answer := n.Answer
	n.Server().SetPreHook(func(c *server.Peer, cmd string, args ...string) bool {
		if cmd == "EVALSHA" && slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, prefix) }) {
			count.Add(1)
		}
		return answer(c, cmd, args...)
	})
	return &count
}

// hand has workers of a process take a key in turns until ctx ends, and counts how often they got it.
func hand(t *testing.T, ctx context.Context, wg *sync.WaitGroup, l *Locker, workers int) *atomic.Int64 {
	t.Helper()
	var count atomic.Int64
	for range workers {
		wg.Go(func() {
			for {
				lease, err := l.Lock(ctx, "k")
				if err != nil {
					return
				}
				count.Add(1)
				_ = lease.Unlock(ctx)
			}
		})
	}
	return &count
}

// Where no other process waits, whoever is next in this one goes for the key on the heels of its release, and need not be
// woken; a process that comes is served at the next release nevertheless, and from then on they take turns.
func TestAloneInTheLineNobodyIsWoken(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := distant(t, 5)
		count := scripts(nodes[0], "quorumlock:line:")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		first := hand(t, ctx, &wg, on(t, nodes, Config{Cohort: Cohort{Max: 1}}), 3)
		time.Sleep(time.Second)
		if got := count.Load(); got > 5 || first.Load() < 100 {
			t.Errorf("got %d enrollments for %d locks of a process that is alone, want a few", got, first.Load())
		}
		other := process(t, nodes)
		_ = mustLock(t, other, "another").Unlock(t.Context())
		before := first.Load()
		lease := mustLock(t, other, "k")
		if got := first.Load() - before; got > 10 { // it opens a connection to be woken by, and enrolls
			t.Errorf("got %d locks of the other process before the one who came was served", got)
		}
		_ = lease.Unlock(t.Context())
		second := hand(t, ctx, &wg, on(t, nodes, Config{Cohort: Cohort{Max: 1}}), 3)
		before = first.Load()
		wg.Wait()
		if a, b := first.Load()-before, second.Load(); a < b*9/10 || b < a*9/10 {
			t.Errorf("got %d and %d locks of two processes that both wait, want as many", a, b)
		}
	})
}

// Two processes that take turns know of each other: none goes for the key when it is not its turn.
func TestTwoWhoTakeTurnsDoNotTryInVain(t *testing.T) {
	for _, cohort := range []Cohort{{Max: 1}, {Max: 3}} {
		alone(t, func(t *testing.T) {
			nodes := distant(t, 5)
			grants := scripts(nodes[0], "quorumlock:fence:")
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			var wg sync.WaitGroup
			cfg := Config{Cohort: cohort}
			a, b := hand(t, ctx, &wg, on(t, nodes, cfg), 8), hand(t, ctx, &wg, on(t, nodes, cfg), 8)
			wg.Wait()
			won := (a.Load() + b.Load()) / int64(cohort.Max)
			if got := grants.Load(); got > won*11/10+5 || won < 100 {
				t.Errorf("cohort of %d: got %d rounds for %d wins, want hardly more", cohort.Max, got, won)
			}
		})
	}
}

// A process that was alone for long and is refused has no better place in the line than the time at which it gave the key
// back.
func TestWhoWasAloneIsBehindWhoCame(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := distant(t, 5)
		a := on(t, nodes, Config{Cohort: Cohort{Max: 1}})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		var mu sync.Mutex
		var order strings.Builder
		var wg sync.WaitGroup
		served := func(l *Locker, who string) error {
			lease, err := l.Lock(ctx, "k")
			if err != nil {
				return err
			}
			mu.Lock()
			order.WriteString(who)
			mu.Unlock()
			time.Sleep(20 * time.Millisecond)
			return lease.Unlock(ctx)
		}
		took := func() int {
			mu.Lock()
			defer mu.Unlock()
			return order.Len()
		}
		for range 3 {
			wg.Go(func() {
				for served(a, "A") == nil {
				}
			})
		}
		var others []*Locker
		for range 5 {
			others = append(others, process(t, nodes))
		}
		time.Sleep(time.Second)
		for before := took(); took() == before; { // who comes while the key is given back may be ahead of those who came before
			time.Sleep(time.Millisecond)
		}
		for i, l := range others {
			wg.Go(func() { _ = served(l, string(rune('B'+i))) })
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		if got := strings.Trim(order.String(), "A"); got != "BCDEF" {
			t.Errorf("got the order %s, want those who came one after the other", got)
		}
	})
}
