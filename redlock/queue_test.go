package redlock

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/internal/memory"
)

// In a process, whoever came first is served first, and everybody gets a lease and a larger fence of its own.
func TestQueueIsFirstComeFirstServed(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		l := on(t, memories(t, 3), Config{Mode: mode})
		lease := mustLock(t, l, "k")
		const count = 100
		order := make(chan int, count)
		var wg sync.WaitGroup
		last := lease.Fence()
		for i := range count {
			wg.Go(func() {
				mine := mustLock(t, l, "k")
				if mode == Fenced && mine.Fence() <= last {
					t.Errorf("got fence %d after %d", mine.Fence(), last)
				}
				last = mine.Fence()
				order <- i
				if err := mine.Unlock(t.Context()); err != nil {
					t.Errorf("unlock: %v", err)
				}
				if mine.Err() == nil || mine.Left() != 0 {
					t.Errorf("got a lease that is held after its Unlock, for %v", mine.Left())
				}
				<-mine.Done()
			})
			synctest.Wait()
		}
		if err := lease.Unlock(t.Context()); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		for want := range count {
			if got := <-order; got != want {
				t.Fatalf("got waiter %d in place %d", got, want)
			}
		}
	})
}

// A waiter whose context ends is gone at once, wherever it stands in the queue, and says what it has waited for; nobody
// behind it is forgotten.
func TestCancelledWaitersLeave(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		other, l := on(t, nodes, Config{Mode: mode}), on(t, nodes, Config{Mode: mode})
		lease := mustLock(t, other, "k")
		var cancels []context.CancelFunc
		errs := make(chan error, 4)
		for range 4 {
			ctx, cancel := context.WithCancel(t.Context())
			cancels = append(cancels, cancel)
			go func() {
				_, err := l.Lock(ctx, "k")
				errs <- err
			}()
			time.Sleep(time.Second)
		}
		for _, i := range []int{2, 0, 3} { // in the middle, the head, the last
			began := time.Now()
			cancels[i]()
			wantIs(t, <-errs, context.Canceled, ErrHeld)
			if took := time.Since(began); took != 0 {
				t.Errorf("waiter %d returned after %v, want at once", i, took)
			}
		}
		if err := lease.Unlock(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := <-errs; err != nil {
			t.Errorf("got %v for who has waited on", err)
		}
		if waited := time.Since(began); mode == Fenced && waited > 10*time.Millisecond {
			t.Errorf("got the key after %v, want nearly at once", waited)
		}
		cancels[1]()
	})
}

// A lease that is lost is handed to nobody: the next one in the process has to win it from the nodes.
func TestLostLeaseIsNotHandedOver(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{TTL: time.Second})
		lease := mustLock(t, l, "k")
		got := lockLater(t, t.Context(), l)
		fail(nodes, 2, memory.Dead)
		<-lease.Done()
		wantIs(t, lease.Unlock(t.Context()), ErrLost)
		select {
		case <-got:
			t.Fatal("got a lease that a majority of dead nodes cannot have given")
		case <-time.After(time.Second):
		}
		fail(nodes, 0, memory.Healthy)
		next := <-got
		if next.Owner() == lease.Owner() {
			t.Error("got the owner of the lost lease again")
		}
		_ = next.Unlock(t.Context())
	})
}

// Cohort bounds how many holders share a win of the nodes, by number and by time.
func TestCohortIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		cohort Cohort
		hold   time.Duration
		want   int // holders of one owner
	}{
		"three":              {Cohort{Max: 3}, 0, 3},
		"none is handed on":  {Cohort{Max: 1}, 0, 1},
		"by time":            {Cohort{Max: 64, For: 100 * time.Millisecond}, 30 * time.Millisecond, 4},
		"all who were there": {Cohort{Max: 64}, time.Second, 10},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t, func(t *testing.T) {
				nodes := memories(t, 3)
				other, l := process(t, nodes), on(t, nodes, Config{Cohort: c.cohort})
				before := mustLock(t, other, "k")
				var mu sync.Mutex
				owners := make(map[string]int)
				var wg sync.WaitGroup
				for range 10 {
					wg.Go(func() {
						lease := mustLock(t, l, "k")
						time.Sleep(c.hold)
						mu.Lock()
						owners[lease.Owner()]++
						mu.Unlock()
						_ = lease.Unlock(t.Context())
					})
				}
				time.Sleep(time.Second)
				_ = before.Unlock(t.Context())
				wg.Wait()
				most := 0
				for _, n := range owners {
					most = max(most, n)
				}
				if most != c.want {
					t.Errorf("got up to %d holders of one owner, want %d: %v", most, c.want, owners)
				}
			})
		})
	}
}

// A lease is handed to nobody who asked for another TTL, and by nobody who extends it himself.
func TestOnlyLikeLeasesAreHandedOver(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		for name, lockers := range map[string]func() (a, b *Locker){
			"another TTL": func() (a, b *Locker) {
				l := process(t, nodes)
				return l, l.WithTTL(5 * time.Second)
			},
			"NoRenew": func() (a, b *Locker) {
				l := on(t, nodes, Config{NoRenew: true})
				return l, l
			},
		} {
			a, b := lockers()
			lease := mustLock(t, a, "k")
			got := lockLater(t, t.Context(), b)
			_ = lease.Unlock(t.Context())
			next := <-got
			if next.Owner() == lease.Owner() {
				t.Errorf("%s: the lease was handed over", name)
			}
			_ = next.Unlock(t.Context())
		}
	})
}
