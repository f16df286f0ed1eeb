package integration

import (
	"fmt"
	"testing"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// slips are losses that connected clients do not notice: the server's process, its connections and its meta key stay.
var slips = []loss{
	{name: "evicted, and mended", after: func(t testing.TB, n *nodes, node int, _ string) {
		n.ask(t, node, "CONFIG", "SET", "maxmemory-policy", "volatile-lru") // the meta key has no TTL
		n.ask(t, node, "CONFIG", "SET", "maxmemory", "1")
		n.ask(t, node, "GET", "key") // evicts
		n.ask(t, node, "CONFIG", "SET", "maxmemory", "0")
		n.ask(t, node, "CONFIG", "SET", "maxmemory-policy", "noeviction")
	}},
	{name: "evicted, and not mended", after: func(t testing.TB, n *nodes, node int, _ string) {
		n.ask(t, node, "CONFIG", "SET", "maxmemory-policy", "volatile-lru")
		n.ask(t, node, "CONFIG", "SET", "maxmemory", "1")
		n.ask(t, node, "GET", "key")
		n.ask(t, node, "CONFIG", "SET", "maxmemory", "1gb")
	}},
	failedBack(false),
}

// What the rules as they are built do not give is shown here, so that whoever mends it is told to take it out of this file
// and of docs/how-it-works.md: clients that stay connected do not notice that a server has forgotten votes.
func TestKnownSlips(t *testing.T) {
	t.Parallel()
	for i, l := range slips {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			l.spec.Kind, l.spec.Nodes = cluster.Process, 3
			if _, second, _ := l.strike(t, dial); second == nil {
				t.Errorf("%s: got no second holder: is it mended?", l.name)
			}
		})
	}
}
