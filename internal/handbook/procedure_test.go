package handbook

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// short are leases after which nobody has to wait for long.
var short = redlock.Config{TTL: 1500 * time.Millisecond, MaxTTL: 1500 * time.Millisecond}

// quarantine is how long a node does not vote that may have forgotten votes, with short leases, and a little more.
const quarantine = 1600 * time.Millisecond

func dial(t *testing.T, addrs []string, cfg redlock.Config) *redlock.Locker {
	t.Helper()
	l, err := redlock.Dial(addrs, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// service locks and unlocks one key all the time, until the function that it returns is called, which tells how often that
// worked.
func service(t *testing.T, l *redlock.Locker) (stop func() (done int)) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		done := 0
		for ctx.Err() == nil {
			// Within a TTL: it does not wait for a node to come back.
			bounded, cancel := context.WithTimeout(ctx, short.TTL)
			err := l.Do(bounded, "orders/42", func(context.Context, *redlock.Lease) error { return nil })
			cancel()
			switch {
			case ctx.Err() != nil:
			case err != nil:
				t.Errorf("locking goes on meanwhile: %v", err)
			default:
				done++
			}
			time.Sleep(2 * time.Millisecond)
		}
		ended <- done
	}()
	t.Cleanup(cancel)
	return func() int {
		cancel()
		return <-ended
	}
}

// waits waits until a node says that it does not vote yet, once somebody has asked it for its vote.
func waits(t *testing.T, l *redlock.Locker) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		h, _ := l.Check(t.Context())
		switch {
		case slices.ContainsFunc(h.Nodes, func(n redlock.NodeHealth) bool { return n.VotesIn > 0 }):
			return
		case time.Since(began) > 10*time.Second:
			t.Fatalf("got %+v after 10 s, want a node that waits before it votes", h)
		}
	}
}

// votesAgain waits until every node can vote, as Check tells.
func votesAgain(t *testing.T, l *redlock.Locker) {
	t.Helper()
	began := time.Now()
	for {
		h, err := l.Check(t.Context())
		if err == nil && !slices.ContainsFunc(h.Nodes, func(n redlock.NodeHealth) bool { return n.Err != nil || n.Down > 0 || n.VotesIn > 0 }) {
			return
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("got %+v, %v after 10 s, want every node to vote", h, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// declareShort says that nodes for short leases are new.
func declareShort(t *testing.T, addrs []string) {
	t.Helper()
	cfg := short
	cfg.Fresh = true
	l, err := redlock.Dial(addrs, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Do(t.Context(), "any", func(context.Context, *redlock.Lease) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

// docs/production.md, "Restarting": one node after the other is restarted when all vote, and locking goes on. Without
// DurableNodes each is away for the longest TTL, and with it not.
func TestNodesAreRestartedOneAtATime(t *testing.T) {
	t.Parallel()
	for _, durable := range []bool{false, true} {
		c := start(t, cluster.Spec{Nodes: 3})
		declareShort(t, c.Addrs())
		cfg := short
		cfg.DurableNodes = durable
		l := dial(t, c.Addrs(), cfg)
		stop := service(t, l)
		for _, n := range c.Nodes() {
			if err := n.Restart(t.Context(), cluster.Keep); err != nil {
				t.Fatal(err)
			}
			if !durable {
				waits(t, l)
				time.Sleep(quarantine)
			}
			votesAgain(t, l)
		}
		if done := stop(); done < 10 {
			t.Errorf("got the lock %d times meanwhile, want at least 10", done)
		}
	}
}

// docs/production.md, "Replacing a node", step by step: the old one is dead for good, the longest TTL is waited out, then
// clients hear of the new one, one after the other. Locking goes on all the time, and clients with either list exclude
// each other.
func TestNodeIsReplaced(t *testing.T) {
	t.Parallel()
	c := start(t, cluster.Spec{Nodes: 6})
	all := c.Addrs()
	before, after := all[:5], append(slices.Clone(all[:4]), all[5])
	declareShort(t, before)
	old, other := dial(t, before, short), dial(t, before, short)
	stop := service(t, old)
	if err := c.Node(4).Kill(t.Context()); err != nil { // 1: and never to be started again
		t.Fatal(err)
	}
	time.Sleep(quarantine)                                                   // 2
	for _, client := range []*redlock.Locker{dial(t, after, short), other} { // 3: one client has the new list, the other not yet
		lease, err := client.Lock(t.Context(), "shared")
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range [][]string{before, after} {
			if _, err := dial(t, list, short).TryLock(t.Context(), "shared"); err == nil && lease.Err() == nil {
				t.Errorf("got the key with the list %v while it is held", list)
			}
		}
		if err := lease.Unlock(t.Context()); err != nil && !errors.Is(err, redlock.ErrLost) { // on a busy machine
			t.Error(err)
		}
	}
	// 4: the new one votes, so that another may fail.
	l := dial(t, after, short)
	votesAgain(t, l)
	if done := stop(); done < 10 {
		t.Errorf("got the lock %d times meanwhile, want at least 10", done)
	}
	for _, i := range []int{0, 1} {
		if err := c.Node(i).Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Do(t.Context(), "orders/42", func(context.Context, *redlock.Lease) error { return nil }); err != nil {
		t.Errorf("with two others down: %v", err)
	}
}

// What the second step of docs/production.md, "Replacing a node", is for: a server that has been up for long, and has never
// been asked for a vote, votes at once, and does not know of what the old node granted. Without the wait two can have
// the key, and no node orders their fences.
func TestReplacedTooSoonANodeCanBreakExclusion(t *testing.T) {
	t.Parallel()
	c := start(t, cluster.Spec{Nodes: 6, Proxied: true})
	all := c.Addrs()
	cfg := redlock.Config{TTL: 3 * time.Second, MaxTTL: 3 * time.Second, NoRenew: true}
	time.Sleep(4500 * time.Millisecond) // all are up for longer than any lock lasts
	first := dial(t, all[:5], cfg)
	if err := first.Do(t.Context(), "any", func(context.Context, *redlock.Lease) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{2, 3} {
		if err := c.Node(i).CutOff(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	lease, err := first.Lock(t.Context(), "orders/42") // by 0, 1 and 4
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{2, 3} {
		if err := c.Node(i).Heal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Node(4).Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := dial(t, append(slices.Clone(all[:4]), all[5]), cfg)
	rival, err := second.TryLock(t.Context(), "orders/42") // by 2, 3 and 5
	for err != nil && lease.Left() > 0 {
		rival, err = second.TryLock(t.Context(), "orders/42")
	}
	if err != nil || lease.Left() == 0 {
		t.Fatalf("got %v until the other lease was over: the hazard is not there any more; mend docs/production.md", err)
	}
	t.Logf("two hold the key, with the fences %d and %d: their granters have no node in common", lease.Fence(), rival.Fence())
}

// forget takes away from a node what its clients must have in common.
func forget(t *testing.T, addr string) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	if err := client.Del(t.Context(), "quorumlock:meta").Err(); err != nil {
		t.Fatal(err)
	}
}

// docs/production.md, "Changing the number of nodes", step by step: clients with another number are refused by name; when
// all have stopped and the longest TTL is over, the nodes are told to forget who their clients were.
func TestNumberOfNodesIsChanged(t *testing.T) {
	t.Parallel()
	c := start(t, cluster.Spec{Nodes: 5})
	three, five := c.Addrs()[:3], c.Addrs()
	declareShort(t, three)
	l := dial(t, three, short)
	if err := l.Do(t.Context(), "orders/42", func(context.Context, *redlock.Lease) error { return nil }); err != nil {
		t.Fatal(err)
	}
	_, err := dial(t, five, short).TryLock(t.Context(), "orders/42")
	if !errors.Is(err, redlock.ErrNoQuorum) || !strings.Contains(err.Error(), "belongs to other nodes: it is one of") {
		t.Fatalf("got %v from clients with another number, want to hear that by name", err)
	}
	if err := l.Close(); err != nil { // 1: all clients stop
		t.Fatal(err)
	}
	time.Sleep(quarantine) // 2
	for _, addr := range three {
		forget(t, addr) // 3
	}
	l = dial(t, five, short) // 4
	if err := l.Do(t.Context(), "orders/42", func(context.Context, *redlock.Lease) error { return nil }); err != nil {
		t.Fatal(err)
	}
	votesAgain(t, l)
	if _, err := dial(t, three, short).TryLock(t.Context(), "orders/42"); !errors.Is(err, redlock.ErrNoQuorum) {
		t.Errorf("got %v from a client with the old list, want it to be refused", err)
	}
}
