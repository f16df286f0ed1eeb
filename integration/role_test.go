package integration

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// spare starts a server that is no node of any lock, for others to become its replicas, and returns its address.
func spare(t testing.TB) string {
	t.Helper()
	n := processes(t, cluster.Spec{Nodes: 1})
	n.ask(t, 0, "CONFIG", "SET", "repl-diskless-sync-delay", "0")
	return n.Addrs()[0]
}

// follow makes a node the replica of a master, and returns when it has the master's data and nothing else.
func (n *nodes) follow(t testing.TB, node int, master string) {
	t.Helper()
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		t.Fatal(err)
	}
	n.ask(t, node, "REPLICAOF", host, port)
	eventually(t, patience, func() error {
		info := fmt.Sprint(n.ask(t, node, "INFO", "replication"))
		if !strings.Contains(info, "master_link_status:up") || !strings.Contains(info, "master_sync_in_progress:0") {
			return fmt.Errorf("node %d is no replica yet: %s", node, info)
		}
		return nil
	})
}

// failedBack is a node that becomes a replica of its own former replica, which was promoted before the vote, and is then
// promoted again: a failover and a failback. Sentinel ends the clients' connections when it does that; by hand one may not.
func failedBack(disconnecting bool) loss {
	var former string
	return loss{
		name: "promotions", spec: cluster.Spec{Args: []string{"--repl-diskless-sync-delay", "0"}},
		before: func(t testing.TB, n *nodes, node int) {
			replica := processes(t, cluster.Spec{Nodes: 1, Args: []string{"--repl-diskless-sync-delay", "0"}})
			replica.follow(t, 0, n.Addrs()[node])
			replica.ask(t, 0, "REPLICAOF", "NO", "ONE")
			former = replica.Addrs()[0]
		},
		after: func(t testing.TB, n *nodes, node int, _ string) {
			n.follow(t, node, former)
			n.ask(t, node, "REPLICAOF", "NO", "ONE")
			if disconnecting {
				n.ask(t, node, "CLIENT", "KILL", "TYPE", "normal")
			}
		},
	}
}

// R6: a replica has no vote, and the error says so. Promoted again it waits until every lock that it could have forgotten
// is over, whether its master was a stranger or another node of the same lock, whose meta key it has copied. And what is
// promoted has forgotten, also where restarts forget nothing (DurableNodes).
func TestPromotedReplicaWaits(t *testing.T) {
	t.Parallel()
	for _, durable := range []bool{false, true} {
		t.Run(fmt.Sprintf("durable %v", durable), func(t *testing.T) {
			t.Parallel()
			c := counting(t, "memory")
			n := processes(t, cluster.Spec{Nodes: 3})
			cfg := short(redlock.Fenced)
			cfg.DurableNodes = durable
			l := dial(t, n.Addrs(), cfg)
			cycle(t, l, "key")
			lease := lock(t, l, "key")
			unlock(t, lease)

			n.ask(t, 2, "CONFIG", "SET", "repl-diskless-sync-delay", "0")
			n.follow(t, 0, spare(t))
			n.follow(t, 1, n.Addrs()[2])
			const replica = ": a replica, not a master"
			eventually(t, patience, func() error { // a master's first replica gives it another replication id, and a pause
				_, err := l.TryLock(t.Context(), "key")
				if err == nil || !strings.Contains(err.Error(), n.Addrs()[0]+replica) || !strings.Contains(err.Error(), n.Addrs()[1]+replica) {
					return fmt.Errorf("got %v, want both replicas named", err)
				}
				return nil
			})

			began := time.Now()
			n.tell(t, []int{0, 1}, "REPLICAOF", "NO", "ONE")
			next := lock(t, l, "key")
			if waited := time.Since(began); waited < cfg.MaxTTL {
				c.violated("got the lock %v after the promotion, want over the longest TTL, %v", waited, cfg.MaxTTL)
			}
			if next.Fence() <= lease.Fence() {
				c.violated("got the fence %d after %d", next.Fence(), lease.Fence())
			}
			unlock(t, next)
			c.count("promotions", 2)
			c.count("acquisitions", 3)
		})
	}
}
