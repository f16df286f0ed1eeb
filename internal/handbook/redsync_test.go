package handbook

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-redsync/redsync/v4"
	rsredis "github.com/go-redsync/redsync/v4/redis"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// both returns a locker and redsync on the same clients.
func both(t *testing.T, addrs []string) (*redlock.Locker, *redsync.Redsync) {
	t.Helper()
	var clients []redis.UniversalClient
	for _, addr := range addrs {
		client := redis.NewClient(&redis.Options{Addr: addr})
		t.Cleanup(func() { client.Close() })
		clients = append(clients, client)
	}
	locker, rs, err := onSameClients(clients)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { locker.Close() })
	return locker, rs
}

func onSameClients(clients []redis.UniversalClient) (*redlock.Locker, *redsync.Redsync, error) {
	var pools []rsredis.Pool
	for _, client := range clients {
		pools = append(pools, goredis.NewPool(client))
	}
	rs := redsync.New(pools...)
	locker, err := redlock.New(clients, redlock.Config{TTL: 8 * time.Second})
	return locker, rs, err
}

// before is how a service locks with redsync, and after how it does with this library.
func before(ctx context.Context, rs *redsync.Redsync, work func(context.Context) error) error {
	mutex := rs.NewMutex("orders/42", redsync.WithExpiry(8*time.Second))
	if err := mutex.LockContext(ctx); err != nil {
		return err
	}
	defer mutex.UnlockContext(ctx)
	return work(ctx)
}

func after(ctx context.Context, locker *redlock.Locker, work func(context.Context) error) error {
	lease, err := locker.Lock(ctx, "orders/42")
	if err != nil {
		return err
	}
	defer lease.Unlock(ctx)
	return work(lease.Context(ctx))
}

// docs/from-redsync.md: while some have moved and some have not, they exclude each other, and each goes on.
func TestBothLibrariesShareAKeyMeanwhile(t *testing.T) {
	c := start(t, cluster.Spec{Nodes: 3})
	declareNew(t, c.Addrs())
	locker, rs := both(t, c.Addrs())
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var inside, ours, theirs atomic.Int32
	work := func(count *atomic.Int32) func(context.Context) error {
		return func(context.Context) error {
			if inside.Add(1) != 1 {
				t.Error("two hold the key")
			}
			time.Sleep(5 * time.Millisecond)
			inside.Add(-1)
			count.Add(1)
			return nil
		}
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 5 {
				// redsync gives up after a number of tries.
				for before(ctx, rs, work(&theirs)) != nil && ctx.Err() == nil {
				}
			}
		})
		wg.Go(func() {
			for range 5 {
				if err := after(ctx, locker, work(&ours)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if ours.Load() != 15 || theirs.Load() != 15 {
		t.Errorf("got %d leases and %d mutexes, want 15 of each", ours.Load(), theirs.Load())
	}
}

// docs/from-redsync.md, the table of what is different: redsync is as the table says, and so are we.
func TestDifferencesToRedsync(t *testing.T) {
	c := start(t, cluster.Spec{Nodes: 3})
	declareNew(t, c.Addrs())
	locker, rs := both(t, c.Addrs())
	dead, cancel := context.WithCancel(t.Context())
	cancel()

	mutex := rs.NewMutex("a", redsync.WithTries(1))
	if err := mutex.Lock(); err != nil {
		t.Fatal(err)
	}
	if ok, _ := mutex.UnlockContext(dead); ok {
		t.Error("redsync unlocks on a context that has ended: the table says that it does not")
	}
	if _, err := locker.TryLock(t.Context(), "a"); !errors.Is(err, redlock.ErrHeld) {
		t.Errorf("got %v for a key that redsync could not unlock, want ErrHeld", err)
	}
	lease, err := locker.Lock(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	taken := new(redsync.ErrTaken)
	if err := rs.NewMutex("b", redsync.WithTries(1)).Lock(); !errors.As(err, &taken) {
		t.Errorf("got %v from redsync for a key of ours, want ErrTaken", err)
	}
	if err := lease.Unlock(dead); err != nil {
		t.Errorf("got %v from Unlock on a context that has ended", err)
	}
	if _, err := locker.TryLock(dead, "b"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want to see how the context ended", err)
	}
	if err := rs.NewMutex("a").LockContext(short50(t)); errors.Is(err, context.DeadlineExceeded) {
		t.Error("redsync says how the context ended: the table says that it does not")
	}
}

// short50 is a context of 50 ms.
func short50(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}
