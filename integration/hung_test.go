package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// Lock, Extend and Unlock do without nodes that hang with their connections open, and after those go on nothing is left
// on them of what they were sent meanwhile.
func TestHungMinorityIsDoneWithout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count int
		hung  []int
	}{{3, []int{1}}, {5, []int{0, 3}}} {
		t.Run(fmt.Sprintf("%d of %d", len(c.hung), c.count), func(t *testing.T) {
			t.Parallel()
			n := start(t, cluster.Spec{Nodes: c.count})
			var lockers []*redlock.Locker
			var across []*redlock.Lease // held before, during and after
			for _, mode := range modes {
				cfg := redlock.Config{Mode: mode}
				l := dial(t, n.Addrs(), cfg)
				across = append(across, lock(t, l, "across "+name(mode)))
				lockers = append(lockers, l, using(t, n.Addrs(), cfg), dial(t, n.Addrs(), cfg))
			}
			n.pause(t, c.hung...)
			for range 20 {
				for _, l := range lockers {
					lease := tryLock(t, l, "key")
					if err := lease.Extend(t.Context()); err != nil {
						t.Fatal(err)
					}
					unlock(t, lease)
				}
			}
			for _, l := range lockers {
				across = append(across, lock(t, l, fmt.Sprintf("during %p", l)))
			}
			n.resume(t, c.hung...)
			takesPart(t, n, lockers...)
			for _, lease := range across {
				unlock(t, lease)
			}
			n.nothingLeft(t)
		})
	}
}

// A majority that hangs is no quorum, and not "held": the error names it, and nothing is left when it goes on.
func TestHungMajorityIsNoQuorum(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{Nodes: 3})
	var lockers []*redlock.Locker
	for _, mode := range modes {
		l := dial(t, n.Addrs(), redlock.Config{Mode: mode})
		cycle(t, l, "key")
		lockers = append(lockers, l, using(t, n.Addrs(), redlock.Config{Mode: mode}))
	}
	n.pause(t, 0, 1)
	for i, l := range lockers {
		_, err := l.TryLock(t.Context(), fmt.Sprint("key ", i))
		wantErr(t, err, redlock.ErrNoQuorum)
		if errors.Is(err, redlock.ErrHeld) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v from silence", err)
		}
		named(t, err, n, []int{0, 1}, []int{2})
	}
	n.resume(t, 0, 1)
	takesPart(t, n, lockers...)
	n.nothingLeft(t)
}

// BenchmarkHungNode measures a Lock and an Unlock on three nodes while all are healthy and while one of them hangs, in
// turns, so that whatever else the machine does falls on both alike.
func BenchmarkHungNode(b *testing.B) {
	const block = 200
	n := start(b, cluster.Spec{Nodes: 3, Persist: cluster.PersistNo})
	l := dial(b, n.Addrs(), redlock.Config{})
	run := func(times []time.Duration) []time.Duration {
		for range block {
			began := time.Now()
			lease, err := l.Lock(b.Context(), "key")
			if err == nil {
				err = lease.Unlock(b.Context())
			}
			if err != nil {
				b.Fatal(err)
			}
			times = append(times, time.Since(began))
		}
		return times
	}
	run(nil)
	var healthy, hung []time.Duration
	for i := 0; b.Loop(); i++ {
		healthy = run(healthy)
		n.pause(b, i%3)
		hung = run(hung)
		n.resume(b, i%3)
		takesPart(b, n, l)
	}
	slices.Sort(healthy)
	slices.Sort(hung)
	for _, p := range []int{50, 99} {
		good, bad := healthy[len(healthy)*p/100], hung[len(hung)*p/100]
		b.ReportMetric(float64(good.Microseconds()), fmt.Sprintf("healthy-p%d-µs", p))
		b.ReportMetric(float64(bad.Microseconds()), fmt.Sprintf("hung-p%d-µs", p))
		b.ReportMetric(float64(bad)/float64(good), fmt.Sprintf("ratio-p%d", p))
	}
}
