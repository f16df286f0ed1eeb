package integration

import (
	"errors"
	"testing"
	"time"

	"github.com/go-redsync/redsync/v4"
	rsredis "github.com/go-redsync/redsync/v4/redis"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/redlock"
)

// redsyncOn returns redsync on the same nodes.
func redsyncOn(t *testing.T, addrs []string) *redsync.Redsync {
	t.Helper()
	var pools []rsredis.Pool
	for _, addr := range addrs {
		client := redis.NewClient(&redis.Options{Addr: addr})
		t.Cleanup(func() { client.Close() })
		pools = append(pools, goredis.NewPool(client))
	}
	return redsync.New(pools...)
}

// A redsync mutex and a lease exclude each other on the same key, both ways: neither gets, extends nor releases what
// the other holds, each releases its own, and each takes over after the other.
func TestRedsyncAndLeaseExcludeEachOther(t *testing.T) {
	n := sharedNodes(t)
	rs := redsyncOn(t, n.Addrs())
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		key := "interop/" + name(mode)
		l := dial(t, n.Addrs(), redlock.Config{Mode: mode})
		for range 5 {
			lease := lock(t, l, key)
			n.heldBy(t, key, lease.Owner(), n.all()...)
			theirs := rs.NewMutex(key, redsync.WithTries(1))
			taken := new(redsync.ErrTaken)
			if err := theirs.Lock(); !errors.As(err, &taken) {
				t.Fatalf("redsync: got %v while the lease is held, want ErrTaken", err)
			}
			if ok, _ := theirs.Unlock(); ok {
				t.Error("redsync released what it does not hold")
			}
			n.heldBy(t, key, lease.Owner(), n.all()...)
			unlock(t, lease)
			n.nothingLeft(t)

			if err := theirs.Lock(); err != nil {
				t.Fatalf("redsync after our Unlock: %v", err)
			}
			got, err := l.TryLock(t.Context(), key)
			if got != nil {
				t.Fatalf("owner %s got what redsync holds", got.Owner())
			}
			wantErr(t, err, redlock.ErrHeld)
			wantErr(t, lease.Unlock(t.Context()), redlock.ErrUnlocked)
			n.heldBy(t, key, theirs.Value(), n.all()...)
			if ok, err := theirs.Extend(); !ok || err != nil {
				t.Errorf("redsync extending its own: %v, %v", ok, err)
			}
			if ok, err := theirs.Unlock(); !ok || err != nil {
				t.Errorf("redsync releasing its own: %v, %v", ok, err)
			}
			n.nothingLeft(t)
		}
	})
}

// Whoever waits for a key that redsync holds gets it when redsync releases it.
func TestLeaseIsTakenOverFromRedsync(t *testing.T) {
	n := sharedNodes(t)
	rs := redsyncOn(t, n.Addrs())
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		l := dial(t, n.Addrs(), redlock.Config{Mode: mode})
		theirs := rs.NewMutex("waited for", redsync.WithTries(1))
		if err := theirs.Lock(); err != nil {
			t.Fatal(err)
		}
		released := time.AfterFunc(100*time.Millisecond, func() {
			if ok, err := theirs.Unlock(); !ok || err != nil {
				t.Errorf("redsync releasing its own: %v, %v", ok, err)
			}
		})
		lease := lock(t, l, "waited for")
		if released.Stop() {
			t.Error("got the key while redsync held it")
		}
		unlock(t, lease)
		n.nothingLeft(t)
	})
}
