package lock

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// situation is something that happens to a locker, and what goes wrong then; "" for nothing.
type situation struct {
	flawed string // the locker with which something goes wrong
	what   string
	spec   cluster.Spec
	happen func(t *testing.T, n *nodes, name string) (wrong string)
}

// processes are nodes that are Redis itself.
var processes = cluster.Spec{Kind: cluster.Process, Nodes: 3}

func embedded(nodes int) cluster.Spec { return cluster.Spec{Kind: cluster.Embedded, Nodes: nodes} }

var situations = []situation{
	{"broken-majority", "another owner has three nodes of five", embedded(5), minority},
	{"broken-majority", "another owner has two nodes of three", embedded(3), minority},
	{"broken-drift", "a lease is handed out", embedded(3), fullWindow},
	{"broken-release", "a contender gives up", embedded(3), contender},
	{"broken-release", "another owner has the key when the lease is unlocked", embedded(3), overtaken},
	{"broken-guard", "nodes restart empty", embedded(3), forgetting((*cluster.Node).Restart, cluster.Forget)},
	{"broken-guard", "Redis restarts empty", processes, forgetting((*cluster.Node).Restart, cluster.Forget)},
	{"broken-guard", "Redis restarts without its last writes", processes, forgetting((*cluster.Node).Restart, cluster.Keep)},
	{"broken-guard", "Redis is flushed", processes, forgetting(nil, cluster.Forget)},
	{"broken-fence", "counters differ", embedded(3), counters},
	{"broken-undo", "the reply of a grant is lost", cluster.Spec{Kind: cluster.Embedded, Nodes: 3, Proxied: true}, lostReply},
}

// In each situation that brings a flaw out something goes wrong with the locker that has it, and nothing with the one
// that has none.
func TestFlawsAndNothingElseShow(t *testing.T) {
	for _, s := range situations {
		t.Run(s.flawed+"/"+s.what, func(t *testing.T) {
			if wrong := s.happen(t, start(t, s.spec), "simple"); wrong != "" {
				t.Errorf("simple: %s", wrong)
			}
			if s.happen(t, start(t, s.spec), s.flawed) == "" {
				t.Errorf("%s: got nothing wrong", s.flawed)
			}
		})
	}
}

// Each name has a situation that shows its flaw, a rule and a check, and is opened by its name.
func TestEveryNameIsShown(t *testing.T) {
	for _, name := range Names() {
		if !slices.ContainsFunc(situations, func(s situation) bool { return s.flawed == name.Name }) {
			t.Errorf("%s: got no situation that shows its flaw", name.Name)
		}
		if name.Wrong == "" || name.Rule == "" || len(name.Checks) == 0 {
			t.Errorf("got %+v, want every field", name)
		}
		if flaw, err := find(name.Name); err != nil || flaw == flawless {
			t.Errorf("%s: got flaw %d, %v", name.Name, flaw, err)
		}
	}
}

// R2: a key that another owner has on a majority of the nodes cannot be had.
func minority(t *testing.T, n *nodes, name string) string {
	for i := range len(n.direct)/2 + 1 {
		n.plant(t, "k", "another", i)
	}
	if _, err := n.open(t, name).TryLock(t.Context(), "k"); err == nil {
		return "two owners have the key"
	}
	return ""
}

// R2: a window is shorter than the TTL by the drift. (Redlock, safety: "MIN_VALIDITY=TTL-(T2-T1)-CLOCK_DRIFT".)
func fullWindow(t *testing.T, n *nodes, name string) string {
	lease := lock(t, n.open(t, name), "k")
	if left := lease.Left(); left > time.Minute-clock.DefaultDrift.Of(time.Minute) {
		return fmt.Sprintf("trusts a lease of a minute for %v", left)
	}
	return ""
}

// I5: whoever does not get the key leaves it to its owner.
func contender(t *testing.T, n *nodes, name string) string {
	lease, other := lock(t, n.open(t, name), "k"), n.open(t, name)
	if _, err := other.TryLock(t.Context(), "k"); err == nil {
		return "two owners have the key"
	}
	if err := other.Close(); err != nil { // its undo is carried out then
		t.Fatal(err)
	}
	return owns(t, n, lease.Owner())
}

// I5: whoever unlocks a lease that is not held any more leaves the key to its new owner.
func overtaken(t *testing.T, n *nodes, name string) string {
	l := n.open(t, name)
	lease := lock(t, l, "k")
	n.plant(t, "k", "another", 0, 1, 2)
	_ = lease.Unlock(t.Context())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return owns(t, n, "another")
}

// owns says on which nodes an owner does not have the key.
func owns(t *testing.T, n *nodes, owner string) (wrong string) {
	for i, value := range n.read(t, "k") {
		if value != owner {
			wrong += fmt.Sprintf("node %d has %q, want %q; ", i, value, owner)
		}
	}
	return wrong
}

// R6: nodes that have forgotten votes give none. They restart with memory or without it, and lose the key in any case.
func forgetting(restart func(*cluster.Node, context.Context, cluster.Memory) error, memory cluster.Memory) func(*testing.T, *nodes, string) string {
	return func(t *testing.T, n *nodes, name string) string {
		holder, other := n.open(t, name), n.open(t, name) // before: they were told that the nodes are new
		lease := lock(t, holder, "k")
		for i, client := range n.direct[:2] {
			if restart != nil {
				if err := restart(n.Node(i), t.Context(), memory); err != nil {
					t.Fatal(err)
				}
				n.plant(t, "k", "", i)
			} else if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 { // the first tries may meet connections that have broken
			if _, err := other.TryLock(t.Context(), "k"); err == nil && lease.Left() > 0 {
				return "two owners have the key"
			}
		}
		return ""
	}
}

// R5: fences grow also when a later lease has other nodes behind it, whose counters are lower.
func counters(t *testing.T, n *nodes, name string) string {
	const low, high = "4000000000000000", "4000000000001000" // both larger than a clock in µs
	l := n.open(t, name)
	n.plant(t, counter("k"), high, 0)
	n.plant(t, counter("k"), low, 1, 2)

	n.plant(t, "k", "another", 2)
	first := lock(t, l, "k") // by nodes 0 and 1
	unlock(t, first)
	n.plant(t, "k", "", 2)
	n.plant(t, "k", "another", 0)
	second := lock(t, l, "k") // by nodes 1 and 2
	if second.Fence() <= first.Fence() {
		return fmt.Sprintf("the fence %d follows %d", second.Fence(), first.Fence())
	}
	return ""
}

// R4: what a node granted whose reply was lost is given back as well.
func lostReply(t *testing.T, n *nodes, name string) string {
	l := n.open(t, name)
	first := l.(*simple).nodes[0]
	// With a connection and the script in place, the grant below is carried out by the first thing that is sent.
	if g := first.grant(t.Context(), "before", "me", time.Minute, 0, true); g.err != nil {
		t.Fatal(g.err)
	}
	if err := n.Node(0).Link().DropReplies(); err != nil {
		t.Fatal(err)
	}
	held := lock(t, l, "k").(*lease)
	<-held.round.votes[first].answered // it was given up
	if err := n.Node(0).Link().Restore(); err != nil {
		t.Fatal(err)
	}
	unlock(t, held)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for i, owner := range n.read(t, "k") {
		if owner != "" {
			return fmt.Sprintf("node %d still has the key of %s", i, owner)
		}
	}
	return ""
}
