package integration

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/quorumlock/quorumlock/redlock"
)

// Close leaves nothing of a locker: what it held is free, what waited is told, no goroutine is left, and on no node a
// connection. On clients of the caller's it leaves those, and they still work.
func TestCloseLeavesNothing(t *testing.T) {
	n := sharedNodes(t)
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		connections := func() error {
			for _, index := range n.all() {
				list := n.ask(t, index, "CLIENT", "LIST").(string)
				if got := strings.Count(list, "\n"); got != 1 {
					return fmt.Errorf("node %d: got %d connections, want this test's own:\n%s", index, got, list)
				}
			}
			return nil
		}
		eventually(t, soon, connections)
		before := goleak.IgnoreCurrent()

		l, err := redlock.Dial(n.Addrs(), redlock.Config{Mode: mode, Fresh: true})
		if err != nil {
			t.Fatal(err)
		}
		leases := []*redlock.Lease{lock(t, l, "key")}
		for i := range 20 {
			leases = append(leases, lock(t, l, fmt.Sprint("key ", i)))
		}
		waited := make(chan error, 1)
		go func() {
			_, err := l.Lock(t.Context(), "key")
			waited <- err
		}()
		if _, err := l.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wantErr(t, <-waited, redlock.ErrClosed)
		for _, lease := range leases {
			wantErr(t, lease.Err(), redlock.ErrUnlocked)
			<-lease.Done()
		}
		n.nothingLeft(t)
		if err := goleak.Find(before); err != nil {
			t.Error(err)
		}
		eventually(t, soon, connections)
		runtime.KeepAlive(l) // whose connections the collector would close, too
	})
}

// The clients that New was given stay the caller's: after Close they work, and when the caller closes them nothing is
// left.
func TestCloseLeavesTheCallersClients(t *testing.T) {
	n := sharedNodes(t)
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		before := goleak.IgnoreCurrent()
		var clients []redis.UniversalClient
		for _, addr := range n.Addrs() {
			clients = append(clients, redis.NewClient(&redis.Options{Addr: addr}))
		}
		l, err := redlock.New(clients, redlock.Config{Mode: mode, Fresh: true})
		if err != nil {
			t.Fatal(err)
		}
		cycle(t, l, "key")
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		for i, client := range clients {
			if err := client.Ping(t.Context()).Err(); err != nil {
				t.Errorf("client %d after Close: %v", i, err)
			}
			if err := client.Close(); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		}
		if _, err := l.TryLock(t.Context(), "key"); !errors.Is(err, redlock.ErrClosed) {
			t.Errorf("got %v from a closed locker, want ErrClosed", err)
		}
		if err := goleak.Find(before); err != nil {
			t.Error(err)
		}
	})
}
