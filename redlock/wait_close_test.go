package redlock

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/memory"
)

// An Unlock that would hand the lease on in the moment in which the locker closes ends it.
func TestHandOverMeetsClose(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		other, l := process(t, nodes), on(t, nodes, Config{MaxHold: time.Second})
		before := mustLock(t, other, "k")
		got := lockLater(t, t.Context(), l)
		go func() { _, _ = l.Lock(t.Context(), "k") }()
		synctest.Wait()
		_ = before.Unlock(t.Context())
		lease := <-got
		time.Sleep(50 * time.Millisecond)
		l.timetable.mu.Lock() // what Close does first
		l.timetable.closed = true
		l.timetable.mu.Unlock()
		wantIs(t, lease.Unlock(t.Context()), ErrUnlocked)
		wantIs(t, l.Close())
	})
}

// A waiter who gives up in the moment in which it is handed a lease, which ends at once, has left a queue that may be
// another's by now.
func TestGivingUpMeetsAHandOver(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		other, l := process(t, nodes), process(t, nodes)
		before := mustLock(t, other, "k")
		got := lockLater(t, t.Context(), l)
		w, _ := l.queues.join(l, "k", nil) // what Lock does first
		_ = before.Unlock(t.Context())
		lease := <-got
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = lease.Unlock(t.Context()) // to w
		lease.attempt.shut()
		next, err := w.giveUp(ctx)
		if err != nil || next.Err() == nil {
			t.Errorf("got %v, %v, want the lease that was handed over, and is over", next, err)
		}
	})
}

// Closing while leases go from hand to hand harms nobody.
func TestCloseInAStormOfHandOvers(t *testing.T) {
	for i := range 40 {
		nodes := memories(t, 1)
		client := redis.NewClient(&redis.Options{Addr: nodes[0].Name, Dialer: nodes[0].Connect})
		cfg := Config{Fresh: true, Cohort: Cohort{Max: 64, For: time.Second}, MaxHold: time.Duration(i%2) * time.Second}
		l, err := New([]redis.UniversalClient{client}, cfg)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for {
					lease, err := l.Lock(context.Background(), "k")
					if err != nil {
						return
					}
					_ = lease.Unlock(context.Background())
				}
			})
		}
		<-time.After(time.Duration(5+i%7) * time.Millisecond)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		_ = client.Close()
	}
}

// A lease is handed to those who waited when it was won, and then to as many who came later, and to no more; who has gone
// counts for nobody.
func TestFewLatecomersAreHandedALease(t *testing.T) {
	for name, c := range map[string]struct {
		gone bool
		want int // holders of the first owner
	}{"all stay": {false, 5}, "one goes": {true, 4}} {
		t.Run(name, func(t *testing.T) {
			alone(t, func(t *testing.T) {
				nodes := memories(t, 3)
				other, l := process(t, nodes), process(t, nodes)
				before := mustLock(t, other, "k")
				leases := []<-chan *Lease{lockLater(t, t.Context(), l)}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				leases = append(leases, lockLater(t, ctx, l), lockLater(t, t.Context(), l))
				_ = before.Unlock(t.Context())
				lease := <-leases[0]
				if c.gone {
					cancel()
					synctest.Wait()
					leases = slices.Delete(leases, 1, 2)
				}
				for range 5 {
					leases = append(leases, lockLater(t, t.Context(), l))
				}
				owner, same := lease.Owner(), 1
				for _, next := range leases[1:] {
					_ = lease.Unlock(t.Context())
					if lease = <-next; lease.Owner() == owner {
						same++
					}
				}
				_ = lease.Unlock(t.Context())
				if same != c.want {
					t.Errorf("got %d holders of the first owner, want %d", same, c.want)
				}
			})
		})
	}
}

// Who waits behind somebody whose question nobody answers does not say that the key is held.
func TestWaitingBehindSilenceIsNoQuorum(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := process(t, nodes)
		_ = mustLock(t, l, "another").Unlock(t.Context())
		fail(nodes, 3, memory.Hung)
		go func() { _, _ = l.Lock(t.Context(), "k") }()
		time.Sleep(10 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := l.Lock(ctx, "k")
		wantIs(t, err, context.DeadlineExceeded, ErrNoQuorum)
		fail(nodes, 0, memory.Healthy)
	})
}

// Nodes that hang for a moment cost a busy key that moment, and not its pace afterwards.
func TestHiccupPasses(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		for _, n := range nodes {
			n.Slow(time.Millisecond, 0)
		}
		l := on(t, nodes, Config{Cohort: Cohort{Max: 1}})
		var served atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for {
					lease, err := l.Lock(ctx, "k")
					if err != nil {
						return
					}
					served.Add(1)
					_ = lease.Unlock(context.Background())
				}
			})
		}
		during := func(d time.Duration) int64 {
			before := served.Load()
			time.Sleep(d)
			return served.Load() - before
		}
		during(time.Second)
		before := during(10 * time.Second)
		fail(nodes, 2, memory.Hung)
		during(600 * time.Millisecond)
		fail(nodes, 0, memory.Healthy)
		during(2 * time.Second)
		if after := during(10 * time.Second); after < before*3/4 {
			t.Errorf("got %d locks in 10s after nodes had hung for 0.6s, and %d before", after, before)
		}
		cancel()
		wg.Wait()
	})
}
