package redlocktest_test

// The code of docs/testing.md: the tests of a shop that ships orders under a lock.

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/redlocktest"
)

// shop ships orders, each under a lock. Packing takes a minute, and ends with ctx.
type shop struct {
	locker  *redlock.Locker
	shelves *shelves
}

// shelves refuse whoever comes with a smaller fence than has been there.
type shelves struct{ largest uint64 }

var errStale = errors.New("stale fence")

func (s *shelves) take(fence uint64) error {
	if fence < s.largest {
		return errStale
	}
	s.largest = fence
	return nil
}

func (s *shop) ship(ctx context.Context, order string) error {
	return s.locker.Do(ctx, "orders/"+order, func(ctx context.Context, lease *redlock.Lease) error {
		select {
		case <-time.After(time.Minute): // packing
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		return s.shelves.take(lease.Fence())
	})
}

// One order is shipped by one process at a time: the second waits for the first.
func TestShopsTakeTurns(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		cluster := redlocktest.New(t, 5)
		room := &shelves{}
		first := &shop{locker: cluster.Locker(redlock.Config{}), shelves: room}
		second := &shop{locker: cluster.Locker(redlock.Config{}), shelves: room}

		start := time.Now()
		done := make(chan error)
		go func() { done <- first.ship(t.Context(), "42") }()
		go func() { done <- second.ship(t.Context(), "42") }()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took < 2*time.Minute {
			t.Errorf("two shipments of a minute each took %v: they overlapped", took)
		}
	})
}

// A shop that loses the nodes stops packing, before any other shop can begin.
func TestShopStopsWhenItIsCutOff(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		cluster := redlocktest.New(t, 5)
		first := &shop{locker: cluster.Locker(redlock.Config{}), shelves: &shelves{}}
		second := cluster.Locker(redlock.Config{})

		done := make(chan error, 1)
		go func() { done <- first.ship(t.Context(), "42") }()
		time.Sleep(20 * time.Second)
		cluster.CutOff(first.locker)

		if _, err := second.Lock(t.Context(), "orders/42"); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			if !errors.Is(err, redlock.ErrLost) {
				t.Errorf("got %v, want ErrLost", err)
			}
		default:
			t.Error("the first shop still packs while the second has the order")
		}
	})
}

// A shop that slept through the loss of its lease is refused by the shelves, because it comes with a smaller fence.
func TestSleepyShopIsRefused(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		cluster := redlocktest.New(t, 5)
		room := &shelves{}
		sleepy := cluster.Locker(redlock.Config{NoRenew: true}) // does nothing about its lease, as a stopped process
		awake := cluster.Locker(redlock.Config{})

		old, err := sleepy.Lock(t.Context(), "orders/42")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // and does not look at old.Context

		next, err := awake.Lock(t.Context(), "orders/42")
		if err != nil {
			t.Fatal(err)
		}
		if err := room.take(next.Fence()); err != nil {
			t.Error(err)
		}
		if err := room.take(old.Fence()); !errors.Is(err, errStale) {
			t.Errorf("got %v for the fence of before, want it refused", err)
		}
	})
}
