package integration

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// A loss is a way in which a node forgets the vote of a lock that is held.
type loss struct {
	name   string // of its figure
	says   string // why the node does not vote then; empty: it may have forgotten votes
	spec   cluster.Spec
	before func(t testing.TB, n *nodes, node int) // before the vote
	after  func(t testing.TB, n *nodes, node int, owner string)
}

// disasters end the server's process, and bring back less than it knew.
var disasters = []loss{
	{
		name: "restarts_empty",
		after: func(t testing.TB, n *nodes, node int, _ string) {
			n.kill(t, node)
			n.revive(t, cluster.Forget, node)
		},
	}, {
		name: "restarts_old_rdb", spec: cluster.Spec{Persist: cluster.PersistNo},
		before: func(t testing.TB, n *nodes, node int) { n.ask(t, node, "SAVE") },
		after: func(t testing.TB, n *nodes, node int, _ string) {
			n.kill(t, node)
			n.revive(t, cluster.Keep, node)
		},
	}, {
		name: "restarts_cut_aof", spec: cluster.Spec{Persist: cluster.PersistEverySec},
		after: func(t testing.TB, n *nodes, node int, owner string) {
			n.kill(t, node)
			n.cutLog(t, node, owner)
			n.revive(t, cluster.Keep, node)
		},
	},
}

// mishaps are what happens to a server that runs on.
var mishaps = []loss{
	{name: "flushes", after: by("FLUSHALL")},
	{name: "flushes", after: by("FLUSHDB")},
	{name: "swaps", after: by("SWAPDB", 0, 1)},
	{name: "promotions", after: func(t testing.TB, n *nodes, node int, _ string) {
		n.follow(t, node, spare(t))
		n.ask(t, node, "REPLICAOF", "NO", "ONE")
	}},
	failedBack(true),
	unseen(failedBack(false)),
	unseen(loss{name: "evictions", after: func(t testing.TB, n *nodes, node int, _ string) {
		evict(t, n, node)
		n.ask(t, node, "CONFIG", "SET", "maxmemory-policy", "noeviction")
	}}),
	unseen(loss{name: "evictions", says: "may evict keys, and so forget votes", after: func(t testing.TB, n *nodes, node int, _ string) { evict(t, n, node) }}),
	{name: "steps", says: clockStepped, spec: cluster.Spec{Clocks: true}, after: func(t testing.TB, n *nodes, node int, _ string) {
		step(t, n, node, time.Minute)
	}},
	{name: "rates", says: clockStepped, spec: cluster.Spec{Clocks: true}, after: func(t testing.TB, n *nodes, node int, _ string) {
		rate(t, n, node, 100)
	}},
}

// Why nodes do not vote.
const (
	forgotten    = "may have forgotten votes: it votes again at "
	clockStepped = "its clock has stepped: it votes again at "
)

// unseen is a loss under connections that stay, and a meta key that stays: only the look at the server finds out that goes
// along with votes once a second.
func unseen(l loss) loss {
	after := l.after
	l.after = func(t testing.TB, n *nodes, node int, owner string) {
		after(t, n, node, owner)
		time.Sleep(1100 * time.Millisecond)
	}
	return l
}

// evict has a server drop all keys with a TTL, which the meta key has not, and then gives it memory again.
func evict(t testing.TB, n *nodes, node int) {
	t.Helper()
	n.ask(t, node, "CONFIG", "SET", "maxmemory-policy", "volatile-lru")
	n.ask(t, node, "CONFIG", "SET", "maxmemory", "1")
	n.ask(t, node, "GET", "key")
	n.ask(t, node, "CONFIG", "SET", "maxmemory", "1gb")
}

// by is a loss by one command.
func by(command ...any) func(testing.TB, *nodes, int, string) {
	return func(t testing.TB, n *nodes, node int, _ string) { n.ask(t, node, command...) }
}

// cutLog takes from a dead node the end of its log, from the middle of the command that stored owner on, as a power cut
// does to a server that flushes once a second.
func (n *nodes) cutLog(t testing.TB, node int, owner string) {
	t.Helper()
	ctx := bounded(t, time.Minute)
	files, err := n.Node(node).Files(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cut := cluster.Files{}
	for name, content := range files {
		if at := bytes.Index(content, []byte(owner)); at >= 0 && strings.HasSuffix(name, ".incr.aof") {
			cut[name] = content[:at]
		}
	}
	if len(cut) != 1 {
		t.Fatalf("nothing was proved: %d logs name %s", len(cut), owner)
	}
	if err := n.Node(node).Put(ctx, cut); err != nil {
		t.Fatal(err)
	}
}

// R6, the classic: a minority is out of reach when a lock is taken, and one node more loses its memory then, so that a
// majority knows nothing of the lock. Nobody else gets it while it is held, with three nodes or five, and whoever made the
// clients; and the next holder's fence is larger.
func TestLostVoteIsNotGivenTwice(t *testing.T) {
	t.Parallel()
	for _, l := range disasters {
		for count, kinds := range map[int]map[string]cluster.Kind{
			3: {"dial": cluster.Process, "clients": cluster.Docker},
			5: {"dial": cluster.Process, "clients": cluster.Process},
		} {
			for clients, kind := range kinds {
				t.Run(fmt.Sprintf("%s, %d %s nodes, %s", l.name, count, kind, clients), func(t *testing.T) {
					t.Parallel()
					l.spec.Kind, l.spec.Nodes = kind, count
					l.prove(t, map[string]opener{"dial": dial, "clients": using}[clients])
				})
			}
		}
	}
}

// The same of servers that run on: flushed, with another database in the place of theirs, promoted from a replica; or with
// a clock that jumps, or runs away, so that keys expire before their time (A2).
func TestMishapGivesNoSecondVote(t *testing.T) {
	t.Parallel()
	for i, l := range mishaps {
		t.Run(fmt.Sprintf("%s %d", l.name, i), func(t *testing.T) {
			t.Parallel()
			l.spec.Kind, l.spec.Nodes = cluster.Process, 3
			l.prove(t, dial)
		})
	}
}

type opener func(testing.TB, []string, redlock.Config) *redlock.Locker

// prove checks that nobody else gets the key before the first lease is over, and that it is the node which forgot that
// refuses, for that reason.
func (l loss) prove(t *testing.T, open opener) {
	c := counting(t, l.tier())
	first, second, rival := l.strike(t, open)
	if second != nil {
		c.violated("got a second holder, fence %d after %d, while the first one had %v left", second.Fence(), first.Fence(), first.Left())
		return
	}
	next, err := rival.Lock(bounded(t, longest+patience), first.Key())
	if err != nil {
		t.Fatal(err)
	}
	if first.Err() == nil {
		c.violated("got a second holder while the first one had %v left", first.Left())
	}
	if next.Fence() <= first.Fence() {
		c.violated("got the fence %d after %d", next.Fence(), first.Fence())
	}
	unlock(t, next)
	c.count(l.name, 1)
	c.count("acquisitions", 2)
}

// longest is the longest TTL that a busy machine is given.
const longest = 16 * time.Second

// strike takes a lock, has a node forget its vote, and lets a rival try while the lock is held. It returns a second lease
// if the rival got one. If not, the node that forgot was asked and refused. A machine that was too busy for that tries again
// with a longer TTL.
func (l loss) strike(t *testing.T, open opener) (first, second *redlock.Lease, rival *redlock.Locker) {
	shortest := 2 * time.Second
	if l.spec.Kind == cluster.Docker {
		shortest *= 2 // a container's network takes its time
	}
	for ttl := shortest; ttl <= longest; ttl *= 2 {
		var n *nodes
		if n, first, rival = l.happen(t, open, ttl); first.Err() != nil {
			continue
		}
		refused := n.Addrs()[l.forgetful()] + ": " + cmp.Or(l.says, forgotten)
		for {
			lease, err := rival.TryLock(t.Context(), first.Key())
			switch {
			case first.Err() != nil:
			case err == nil:
				return first, lease, rival
			case strings.Contains(err.Error(), refused):
				return first, nil, rival
			default:
				continue
			}
			break
		}
	}
	t.Fatalf("nothing was proved: the first lease was over before the node that forgot was asked, with TTLs up to %v", longest)
	return nil, nil, nil
}

// happen takes a lock of a majority, the others being out of reach, and has one of that majority forget it.
func (l loss) happen(t *testing.T, open opener, ttl time.Duration) (*nodes, *redlock.Lease, *redlock.Locker) {
	l.spec.Proxied = true
	n := l.nodes(t)
	cfg := redlock.Config{TTL: ttl, MaxTTL: ttl, NoRenew: true}
	holder, rival := open(t, n.Addrs(), cfg), open(t, n.Addrs(), cfg)
	for range 2 {
		cycle(t, holder, "first")
		cycle(t, rival, "first")
	}
	node := l.forgetful()
	away, there := n.all()[:node], n.all()[node:]
	if l.before != nil {
		l.before(t, n, node)
	}
	n.cutOff(t, away...)
	lease := lock(t, holder, "key")
	n.heldBy(t, "key", lease.Owner(), there...)
	n.heal(t, away...)
	takesPart(t, n, rival)
	l.after(t, n, node, lease.Owner())
	eventually(t, soon, func() error {
		if value := n.ask(t, node, "GET", "key"); value != "" {
			return fmt.Errorf("nothing was proved: the node remembers %q", value)
		}
		return nil
	})
	return n, lease, rival
}

// forgetful is the node that forgets: the nodes before it are a minority that is out of reach, and with it a majority.
func (l loss) forgetful() int { return l.spec.Nodes / 2 }

func (l loss) nodes(t testing.TB) *nodes {
	t.Helper()
	if l.spec.Kind == cluster.Process {
		return processes(t, l.spec)
	}
	return start(t, l.spec)
}

func (l loss) tier() string {
	if l.spec.Clocks {
		return "clocks"
	}
	return "memory"
}
