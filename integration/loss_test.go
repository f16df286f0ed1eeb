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

// prove has a machine that was too busy try again with a longer TTL.
func (l loss) prove(t *testing.T, open opener) {
	const longest = 16 * time.Second
	for ttl := 2 * time.Second; !l.proved(t, open, ttl); ttl *= 2 {
		if ttl == longest {
			t.Fatalf("nothing was proved: the first lease was over before anybody else could try, with TTLs up to %v", ttl)
		}
	}
}

// proved reports whether the second locker tried while the first one held, and was refused by the node that forgot, and
// for that. It would have got the key otherwise.
func (l loss) proved(t *testing.T, open opener, ttl time.Duration) bool {
	l.spec.Proxied = true
	n := l.nodes(t)
	c := counting(t, l.tier())
	cfg := redlock.Config{TTL: ttl, MaxTTL: ttl, NoRenew: true}
	holder, rival := open(t, n.Addrs(), cfg), open(t, n.Addrs(), cfg)
	for range 2 {
		cycle(t, holder, "first")
		cycle(t, rival, "first")
	}
	forgetful := len(n.Addrs()) / 2
	away, there := n.all()[:forgetful], n.all()[forgetful:]
	if l.before != nil {
		l.before(t, n, forgetful)
	}
	n.cutOff(t, away...)
	lease := lock(t, holder, "key")
	n.heldBy(t, "key", lease.Owner(), there...)
	n.heal(t, away...)
	takesPart(t, n, rival)
	l.after(t, n, forgetful, lease.Owner())
	eventually(t, soon, func() error {
		if value := n.ask(t, forgetful, "GET", "key"); value != "" {
			return fmt.Errorf("nothing was proved: the node remembers %q", value)
		}
		return nil
	})
	refused := n.Addrs()[forgetful] + ": " + cmp.Or(l.says, forgotten)
	for tried := false; !tried; {
		next, err := rival.TryLock(t.Context(), "key")
		switch {
		case err == nil && lease.Err() == nil:
			c.violated("got a second holder, fence %d after %d, while the first one had %v left", next.Fence(), lease.Fence(), lease.Left())
			return true
		case lease.Err() != nil:
			return false
		}
		tried = strings.Contains(err.Error(), refused)
	}
	next, err := rival.Lock(bounded(t, 2*ttl+patience), "key")
	if err != nil {
		t.Fatal(err)
	}
	if lease.Err() == nil {
		c.violated("got a second holder while the first one had %v left", lease.Left())
	}
	if next.Fence() <= lease.Fence() {
		c.violated("got the fence %d after %d", next.Fence(), lease.Fence())
	}
	unlock(t, next)
	c.count(l.name, 1)
	c.count("acquisitions", 2)
	return true
}

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
