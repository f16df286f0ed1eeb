package integration

import (
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

func (n *nodes) cutOff(t testing.TB, which ...int) {
	t.Helper()
	for _, index := range which {
		if err := n.Node(index).CutOff(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func (n *nodes) heal(t testing.TB, which ...int) {
	t.Helper()
	for _, index := range which {
		if err := n.Node(index).Heal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A minority that loses its network costs neither a lease that is held nor a round; when the network is back it takes
// part again, and holds nothing of what was unlocked meanwhile.
func TestMinorityCutOffFromItsNetwork(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	rival := dial(t, n.Addrs(), short(redlock.Fenced))
	var lockers []*redlock.Locker
	var across, over []*redlock.Lease
	for _, mode := range modes {
		l := dial(t, n.Addrs(), short(mode))
		lockers = append(lockers, l)
		across = append(across, lock(t, l, "across "+name(mode)))
		over = append(over, lock(t, l, "over "+name(mode)))
	}
	for _, lease := range append(across, over...) {
		n.heldBy(t, lease.Key(), lease.Owner(), n.all()...)
	}
	for i, cut := range minority {
		n.cutOff(t, cut)
		unlock(t, over[i])
		for deadline := time.Now().Add(1500 * time.Millisecond); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			for i, l := range lockers {
				held(t, across[i], rival)
				unlock(t, tryLock(t, l, "key"))
			}
		}
	}
	n.heal(t, minority...)
	takesPart(t, n, lockers...)
	for _, lease := range across {
		held(t, lease, rival)
		n.heldBy(t, lease.Key(), lease.Owner(), n.all()...)
		unlock(t, lease)
	}
	n.nothingLeft(t)
}

// Links that swallow everything, both ways, with connections open, are a silent minority like any other.
func TestMinorityBehindBlackHoles(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(name(mode), func(t *testing.T) {
			t.Parallel()
			n := start(t, cluster.Spec{Nodes: 3, Proxied: true})
			cfg := short(mode)
			l, rival := dial(t, n.Addrs(), cfg), using(t, n.Addrs(), cfg)
			across := lock(t, l, "across")
			if err := n.Node(2).Link().BlackHole(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(2 * cfg.TTL); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
				held(t, across, rival)
				unlock(t, tryLock(t, l, "key"))
				unlock(t, tryLock(t, rival, "key"))
			}
			n.restore(t, 2)
			takesPart(t, n, l)
			n.heldBy(t, "across", across.Owner(), n.all()...)
			unlock(t, across)
			n.nothingLeft(t)
		})
	}
}
