package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// minority is killed one after the other: with one node of five dead everything goes on, and with two.
var minority = []int{3, 0}

// A minority that is dead before anything begins, or dies between rounds, costs no round: the first one wins.
func TestMinorityKilledBeforeAndBetweenRounds(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	var lockers []*redlock.Locker
	for i := range 3 {
		if i > 0 {
			n.kill(t, minority[i-1])
		}
		for _, mode := range modes {
			lockers = append(lockers, dial(t, n.Addrs(), short(mode)))
		}
		for range 10 {
			for _, l := range lockers {
				unlock(t, tryLock(t, l, "key"))
			}
		}
	}
}

// A minority that is killed in the middle of rounds fails none of them: every first round wins, every Unlock frees the
// key.
func TestMinorityKilledDuringRounds(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	var cycles [2]atomic.Int64
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for i, mode := range modes {
		l := dial(t, n.Addrs(), short(mode))
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				lease, err := l.TryLock(t.Context(), name(mode))
				if err == nil {
					err = lease.Unlock(t.Context())
				}
				if err != nil {
					t.Errorf("cycle %d: %v", cycles[i].Load(), err)
					return
				}
				cycles[i].Add(1)
			}
		})
	}
	goOn := func() {
		var target [2]int64
		for i := range target {
			target[i] = cycles[i].Load() + 50
		}
		eventually(t, patience, func() error {
			for i := range target {
				if got := cycles[i].Load(); got < target[i] && !t.Failed() {
					return fmt.Errorf("%s: got %d cycles, want %d", name(modes[i]), got, target[i])
				}
			}
			return nil
		})
	}
	goOn()
	for _, dead := range minority {
		n.kill(t, dead)
		goOn()
	}
	close(stop)
	wg.Wait()
}

// A lease that is held while a minority dies is extended through several of its TTLs, and nobody else gets the key.
func TestMinorityKilledWhileHolding(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	rival := dial(t, n.Addrs(), short(redlock.Fenced))
	var leases []*redlock.Lease
	for _, mode := range modes {
		leases = append(leases, lock(t, dial(t, n.Addrs(), short(mode)), name(mode)))
	}
	for _, dead := range minority {
		n.kill(t, dead)
		const long = 3 * time.Second // of TTLs of one
		for deadline := time.Now().Add(long); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			for _, lease := range leases {
				held(t, lease, rival)
			}
		}
	}
	for _, lease := range leases {
		unlock(t, lease)
		cycle(t, rival, lease.Key())
	}
}

// Whoever waits for a key gets it when it is released, and not before, although a minority died while it waited.
func TestMinorityKilledWhileWaiting(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	type end struct {
		lease *redlock.Lease
		err   error
	}
	var leases []*redlock.Lease
	var ends []chan end
	for _, mode := range modes {
		l, waiter := dial(t, n.Addrs(), short(mode)), dial(t, n.Addrs(), short(mode))
		leases = append(leases, lock(t, l, name(mode)))
		got := make(chan end, 1)
		ends = append(ends, got)
		ctx := bounded(t, patience)
		go func() {
			lease, err := waiter.Lock(ctx, name(mode))
			got <- end{lease, err}
		}()
	}
	time.Sleep(50 * time.Millisecond) // they wait
	for _, dead := range minority {
		n.kill(t, dead)
		time.Sleep(50 * time.Millisecond)
	}
	for i, lease := range leases {
		select {
		case e := <-ends[i]:
			t.Errorf("the waiter ended with %v, %v while the key was held: %v", e.lease, e.err, lease.Err())
			continue
		default:
		}
		unlock(t, lease)
		e := <-ends[i]
		if e.err != nil {
			t.Error(e.err)
			continue
		}
		if modes[i] == redlock.Fenced && e.lease.Fence() <= lease.Fence() {
			t.Errorf("got fence %d after %d", e.lease.Fence(), lease.Fence())
		}
		unlock(t, e.lease)
	}
}

// Without a majority there is no lease: the error is ErrNoQuorum, its one line names the dead nodes and blames no other,
// and nothing is left on the living.
func TestMajorityKilledIsNoQuorum(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	var lockers []*redlock.Locker
	for _, mode := range modes {
		l := dial(t, n.Addrs(), short(mode))
		cycle(t, l, "key")
		lockers = append(lockers, l, dial(t, n.Addrs(), short(mode)), using(t, n.Addrs(), short(mode)))
	}
	dead, alive := []int{0, 2, 4}, []int{1, 3}
	n.kill(t, dead...)
	for i, l := range lockers {
		_, once := l.TryLock(t.Context(), fmt.Sprint("once ", i))
		_, waited := l.Lock(bounded(t, 300*time.Millisecond), fmt.Sprint("waited ", i))
		wantErr(t, waited, context.DeadlineExceeded)
		for _, err := range []error{once, waited} {
			wantErr(t, err, redlock.ErrNoQuorum)
			if errors.Is(err, redlock.ErrHeld) {
				t.Errorf("got ErrHeld from silence: %v", err)
			}
			named(t, err, n, dead, alive)
		}
	}
	n.nothingLeftOn(t, alive...)
}

// named checks that err is one line that names each of the failed nodes by address, and of the others at most that they
// had not answered when the round was decided.
func named(t testing.TB, err error, n *nodes, failed, others []int) {
	t.Helper()
	if err == nil {
		t.Error("got no error")
		return
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("got an error of several lines: %v", err)
	}
	for _, index := range failed {
		if !strings.Contains(err.Error(), n.Addrs()[index]) {
			t.Errorf("node %d, %s, is not named: %v", index, n.Addrs()[index], err)
		}
	}
	for _, index := range others {
		if strings.Contains(strings.ReplaceAll(err.Error(), n.Addrs()[index]+": no answer yet", ""), n.Addrs()[index]) {
			t.Errorf("node %d, %s, is blamed: %v", index, n.Addrs()[index], err)
		}
	}
}

// When a majority dies while a lease is held, Done comes before its window closes: earlier than the TTL less the drift
// after the clock was read before the last round that can have won. The Context's cause is ErrLost.
func TestMajorityKilledWhileHoldingIsTold(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	type holder struct {
		lease  *redlock.Lease
		ctx    context.Context
		before time.Time
	}
	var holders []*holder
	window := 3*time.Second - clock.DefaultDrift.Of(3*time.Second)
	for _, mode := range modes {
		for _, noRenew := range []bool{false, true} {
			l := dial(t, n.Addrs(), redlock.Config{Mode: mode, TTL: 3 * time.Second, MaxTTL: 3 * time.Second, NoRenew: noRenew})
			key := fmt.Sprintf("%s, NoRenew %v", name(mode), noRenew)
			cycle(t, l, key) // its connections are open
			h := &holder{before: time.Now()}
			h.lease = lock(t, l, key)
			h.ctx = h.lease.Context(t.Context())
			holders = append(holders, h)
		}
	}
	n.kill(t, 1, 2, 3)
	killed := time.Now() // no later round can have moved a window
	var wg sync.WaitGroup
	for i, h := range holders {
		if i%2 == 0 {
			h.before = killed
		}
		wg.Go(func() {
			<-h.lease.Done()
			told := time.Since(h.before)
			if told >= window {
				t.Errorf("%s: told %v after the clock was read, want less than the window, %v", h.lease.Key(), told, window)
			}
			<-h.ctx.Done()
			wantErr(t, context.Cause(h.ctx), redlock.ErrLost)
			wantErr(t, h.lease.Err(), redlock.ErrLost)
			wantErr(t, h.lease.Extend(t.Context()), redlock.ErrLost)
			wantErr(t, h.lease.Unlock(t.Context()), redlock.ErrLost)
			if left := h.lease.Left(); left != 0 {
				t.Errorf("%s: got %v left of a lost lease", h.lease.Key(), left)
			}
		})
	}
	wg.Wait()
}

// While a lease might still be trusted nobody else gets its key, also when the majority that granted it dies and comes
// back with its memory; and then the next holder's fence is larger.
func TestMajorityThatComesBackRemembersTheHolder(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	var wg sync.WaitGroup
	for _, mode := range modes {
		cfg := redlock.Config{Mode: mode, TTL: 4 * time.Second, MaxTTL: 4 * time.Second, NoRenew: true}
		l, rival := dial(t, n.Addrs(), cfg), dial(t, n.Addrs(), cfg)
		lease := lock(t, l, name(mode))
		n.heldBy(t, name(mode), lease.Owner(), n.all()...)
		ctx := bounded(t, patience)
		wg.Go(func() {
			next, err := rival.Lock(ctx, name(mode))
			if err != nil {
				t.Error(err)
				return
			}
			select {
			case <-lease.Done():
			default:
				t.Errorf("%s: the rival got the key before Done, with %v left", name(mode), lease.Left())
			}
			wantErr(t, lease.Err(), redlock.ErrLost)
			if mode == redlock.Fenced && next.Fence() <= lease.Fence() {
				t.Errorf("got fence %d after %d", next.Fence(), lease.Fence())
			}
		})
	}
	n.kill(t, 0, 1, 2)
	n.revive(t, cluster.Keep, 0, 1, 2)
	wg.Wait()
}

// Killed nodes that come back soon hold the keys of new leases, and then another minority may die. Those
// that have lost their memory do not vote before every lock that they could have forgotten is over (R6); those that have
// kept it need not wait, where their owner says that they keep everything.
func TestKilledNodesTakePartAgain(t *testing.T) {
	t.Parallel()
	for _, mem := range []cluster.Memory{cluster.Keep, cluster.Forget} {
		t.Run(fmt.Sprintf("keep %v", mem), func(t *testing.T) {
			t.Parallel()
			n := start(t, cluster.Spec{})
			longest := time.Minute // of which these nodes wait for nothing
			if mem == cluster.Forget {
				longest = 2 * time.Second
			}
			var lockers []*redlock.Locker
			for _, mode := range modes {
				cfg := redlock.Config{Mode: mode, TTL: 2 * time.Second, MaxTTL: longest, DurableNodes: mem == cluster.Keep}
				lockers = append(lockers, dial(t, n.Addrs(), cfg), using(t, n.Addrs(), cfg))
			}
			takesPart(t, n, lockers...) // one that is killed while it is still new does not vote for long
			for _, dead := range [][]int{{0, 1}, {2, 3}, {4, 0}} {
				n.kill(t, dead...)
				for range 5 {
					for _, l := range lockers {
						unlock(t, tryLock(t, l, "key"))
					}
				}
				n.revive(t, mem, dead...)
				takesPart(t, n, lockers...)
			}
		})
	}
}

// takesPart checks that soon the leases of each locker stand on all nodes.
func takesPart(t testing.TB, n *nodes, lockers ...*redlock.Locker) {
	t.Helper()
	eventually(t, soon, func() error {
		for _, l := range lockers {
			lease := lock(t, l, "roll call")
			time.Sleep(5 * time.Millisecond) // for those that answer after the majority
			holders := n.holders(t, "roll call", n.all()...)
			unlock(t, lease)
			for index, value := range holders {
				if value != lease.Owner() {
					return fmt.Errorf("node %d has no part in the lease: got %q", index, value)
				}
			}
		}
		return nil
	})
}
