package integration

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/redlock"
)

// patience bounds whatever must succeed in the end, so that a failing test ends.
const patience = 20 * time.Second

// soon is how long a node that answers again may take to take part again, on a machine that is busy with other tests. It
// is well below the quarantine of a node that forgot its votes, where a test tells the two apart.
const soon = 8 * time.Second

var modes = []redlock.Mode{redlock.Fenced, redlock.Plain}

func name(mode redlock.Mode) string {
	if mode == redlock.Plain {
		return "plain"
	}
	return "fenced"
}

// eachMode runs f as a subtest for both modes, one after the other.
func eachMode(t *testing.T, f func(t *testing.T, mode redlock.Mode)) {
	for _, mode := range modes {
		t.Run(name(mode), func(t *testing.T) { f(t, mode) })
	}
}

// short is for tests that wait for leases to run out. Every locker on the same nodes has the same MaxTTL.
func short(mode redlock.Mode) redlock.Config {
	return redlock.Config{Mode: mode, TTL: time.Second, MaxTTL: time.Second}
}

// patient makes cfg wait for a node's answer for longer than by default: the machine that runs the suites is busy, and a
// node that is merely slow must not pass for one that hangs. And it says that the nodes are new, which they are for the
// first locker of a test.
func patient(cfg redlock.Config) redlock.Config {
	if cfg.NodeTimeout == 0 {
		cfg.NodeTimeout = 2 * time.Second
	}
	cfg.Fresh = true
	return cfg
}

// dial returns a locker that is closed when the test ends.
func dial(t testing.TB, addrs []string, cfg redlock.Config) *redlock.Locker {
	t.Helper()
	cfg = patient(cfg)
	l, err := redlock.Dial(addrs, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeLocker(t, l) })
	return l
}

// using returns a locker on go-redis clients with the options that go-redis gives them by default, MaxRetries of 3
// among them.
func using(t testing.TB, addrs []string, cfg redlock.Config) *redlock.Locker {
	t.Helper()
	cfg = patient(cfg)
	clients := make([]redis.UniversalClient, len(addrs))
	for i, addr := range addrs {
		client := redis.NewClient(&redis.Options{Addr: addr})
		t.Cleanup(func() { client.Close() })
		clients[i] = client
	}
	l, err := redlock.New(clients, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeLocker(t, l) })
	return l
}

// closeLocker says what Close found: nodes that the test left dead are no failure of its.
func closeLocker(t testing.TB, l *redlock.Locker) {
	if err := l.Close(); err != nil {
		t.Log(err)
	}
}

func lock(t testing.TB, l *redlock.Locker, key string) *redlock.Lease {
	t.Helper()
	lease, err := l.Lock(bounded(t, patience), key)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

// tryLock locks in one round.
func tryLock(t testing.TB, l *redlock.Locker, key string) *redlock.Lease {
	t.Helper()
	lease, err := l.TryLock(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func unlock(t testing.TB, lease *redlock.Lease) {
	t.Helper()
	if err := lease.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// cycle locks and unlocks once.
func cycle(t testing.TB, l *redlock.Locker, key string) {
	t.Helper()
	unlock(t, lock(t, l, key))
}

// wantErr checks that err matches each of the wanted errors.
func wantErr(t testing.TB, err error, want ...error) {
	t.Helper()
	for _, w := range want {
		if !errors.Is(err, w) {
			t.Errorf("got error %v, want %v", err, w)
		}
	}
}

// held checks that a lease is held and that nobody else gets its key.
func held(t testing.TB, lease *redlock.Lease, rival *redlock.Locker) {
	t.Helper()
	if err := lease.Err(); err != nil {
		t.Fatalf("got %v, want it held", err)
	}
	other, err := rival.TryLock(t.Context(), lease.Key())
	if err == nil {
		t.Fatalf("owner %s got the key of %s, whose Err is %v", other.Owner(), lease.Owner(), lease.Err())
	}
}
