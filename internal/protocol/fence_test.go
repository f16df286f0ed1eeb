package protocol_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// counter is all of a node that fences need (R5): its largest fence, and who has its key.
type counter struct {
	fence uint64
	owner int
}

// carryOut answers a command as the scripts do: a grant is one more than the largest fence, and a raise counts only for
// the owner that still has the key.
func (c *counter) carryOut(owner int, m message) protocol.Reply {
	switch {
	case m.op == protocol.Grant && (c.owner == 0 || c.owner == owner):
		c.owner = owner
		c.fence++
		return protocol.Reply{Vote: protocol.Granted, Fence: c.fence}
	case m.op == protocol.Raise && c.owner == owner:
		c.fence = max(c.fence, m.fence)
		return protocol.Reply{Vote: protocol.Granted}
	}
	return protocol.Reply{Vote: protocol.Refused}
}

// message is one command on its way to one node.
type message struct {
	op    protocol.Op
	round uint32
	node  int
	fence uint64
}

// R5: every lease has a larger fence than all before it, although the counters of the nodes have parted, commands and
// answers come in any order or get lost, and keys vanish at any time, so that exclusion itself is lost.
func TestR5EveryLaterLeaseHasALargerFence(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("again with: go test -run '^%s$' -seed %d", t.Name(), s)
	r := rand.New(rand.NewPCG(s, 0))
	opened, raised := 0, 0
	for range 500 {
		nodes := make([]counter, 3+2*r.IntN(2))
		for i := range nodes {
			nodes[i].fence = uint64(r.IntN(6))
		}
		var largest uint64
		for owner := 1; owner <= 10; owner++ {
			lease, again := acquire(r, nodes, owner)
			if again {
				raised++
			}
			if lease.Phase() != protocol.Held {
				continue
			}
			opened++
			if got := lease.Fence(); got <= largest {
				t.Fatalf("owner %d of %d nodes: got fence %d after %d", owner, len(nodes), got, largest)
			}
			largest = lease.Fence()
		}
	}
	if opened < 1000 || raised < 500 {
		t.Errorf("only %d leases and %d raises; the test proves too little", opened, raised)
	}
}

// acquire lets owner try once, and reports whether a fence had to be raised. Afterwards some nodes have forgotten it.
func acquire(r *rand.Rand, nodes []counter, owner int) (lease protocol.Lease, raised bool) {
	p := &protocol.Params{
		Rule:   quorum.Majority(len(nodes)),
		TTL:    time.Hour,
		Budget: time.Hour,
		Fenced: true,
	}
	lease = protocol.NewLease(p, 0)
	now := clock.At(0, 0)
	var way []message
	send := func(effects []protocol.Effect) {
		for _, e := range effects {
			if e.Kind == protocol.Send && e.Op != protocol.Undo {
				raised = raised || e.Op == protocol.Raise
				e.Nodes.Each(func(node int) {
					way = append(way, message{op: e.Op, round: e.Round, node: node, fence: e.Fence})
				})
			}
		}
	}
	send(lease.Start(now))
	for len(way) > 0 && lease.Phase() != protocol.Held {
		i := r.IntN(len(way))
		m := way[i]
		way[i] = way[len(way)-1]
		way = way[:len(way)-1]
		reply := nodes[m.node].carryOut(owner, m)
		switch r.IntN(12) {
		case 0: // the answer gets lost
			reply = protocol.Reply{Vote: protocol.Silent}
		case 1: // the key vanishes, and somebody else comes by
			nodes[m.node].owner = 0
			nodes[r.IntN(len(nodes))].carryOut(-1, message{op: protocol.Grant})
		}
		send(lease.Reply(now, m.node, m.round, reply))
	}
	for i := range nodes {
		nodes[i].owner = 0
	}
	return lease, raised
}
