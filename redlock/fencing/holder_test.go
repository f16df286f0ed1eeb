package fencing_test

import (
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/fencing"
	"github.com/quorumlock/quorumlock/redlock/redlocktest"
)

// The holder who slept through the loss of its lease is refused, and the one after it writes several times.
func TestHolderWhoSleptIsRefused(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		gate := fencing.NewGate(&fencing.Memory{})
		write := func(lease *redlock.Lease) error {
			leave, err := gate.Enter(t.Context(), lease.Key(), lease.Fence())
			if err == nil {
				leave()
			}
			return err
		}
		sleeper, err := c.Locker(redlock.Config{NoRenew: true}).Lock(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		if err := write(sleeper); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		next, err := c.Locker(redlock.Config{}).Lock(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := write(next); err != nil {
				t.Error(err)
			}
		}
		wantIs(t, write(sleeper), fencing.ErrStale)
	})
}

// Locks of mode Plain have no fences, and nothing is written by them.
func TestPlainLeaseHasNoFence(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		lease, err := redlocktest.New(t, 3).Locker(redlock.Config{Mode: redlock.Plain}).Lock(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		_, err = fencing.NewGate(&fencing.Memory{}).Enter(t.Context(), "k", lease.Fence())
		wantIs(t, err, fencing.ErrNoFence)
	})
}
