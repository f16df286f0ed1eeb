package redlocktest

import (
	"time"

	"github.com/quorumlock/quorumlock/internal/memory"
	"github.com/quorumlock/quorumlock/redlock"
)

// Nodes are counted from 0. Where a fault is given no numbers, it happens to all nodes. A number that no node has ends
// the test. A node has one fault at a time; the next one replaces it.

// Kill kills the servers of these nodes: their connections are cut, and new ones refused, until Restart, Forget or Heal
// starts them again.
func (c *Cluster) Kill(nodes ...int) {
	c.t.Helper()
	c.each(nodes, func(i int, node *memory.Node) {
		c.killed[i] = true
		node.Set(memory.Dead)
	})
}

// Unplug takes these nodes off the network: their connections are cut, and new ones refused, until Heal. Their servers go
// on, and forget nothing.
func (c *Cluster) Unplug(nodes ...int) {
	c.t.Helper()
	c.each(nodes, func(i int, node *memory.Node) { node.Set(memory.Dead) })
}

// Hang stops the servers of these nodes: what is sent to them gathers, and nothing comes back, until Heal. Then they
// carry out what has gathered, also what was sent by those who have given up.
func (c *Cluster) Hang(nodes ...int) {
	c.t.Helper()
	c.each(nodes, func(i int, node *memory.Node) { node.Set(memory.Hung) })
}

// DropReplies has these nodes carry out what they are asked, and loses what they reply, until Heal.
func (c *Cluster) DropReplies(nodes ...int) {
	c.t.Helper()
	c.each(nodes, func(i int, node *memory.Node) { node.Set(memory.Mute) })
}

// Restart starts the servers of these nodes anew, which remember everything. In mode Fenced they do not vote before every
// lock is over that they could have forgotten, for they cannot know that they have not; see [redlock.Config.DurableNodes].
func (c *Cluster) Restart(nodes ...int) { c.t.Helper(); c.start(nodes, false) }

// Forget starts the servers of these nodes anew, which remember nothing. In mode Fenced they do not vote before every
// lock is over that they could have forgotten; in mode Plain nobody notices.
func (c *Cluster) Forget(nodes ...int) { c.t.Helper(); c.start(nodes, true) }

func (c *Cluster) start(nodes []int, forget bool) {
	c.t.Helper()
	c.each(nodes, func(i int, node *memory.Node) {
		delete(c.killed, i)
		node.Set(memory.Dead) // what hangs is lost
		node.Restart(forget)
		node.Set(memory.Healthy)
	})
}

// Heal ends the faults of these nodes, Slow and ClockAhead included; those that were killed are started again, as by Restart.
// Without numbers it heals all nodes, and ends every CutOff.
func (c *Cluster) Heal(nodes ...int) {
	c.t.Helper()
	c.each(nodes, func(i int, node *memory.Node) {
		if c.killed[i] {
			node.Restart(false)
			delete(c.killed, i)
		}
		node.Slow(0, 0)
		node.Ahead(0)
		node.Set(memory.Healthy)
	})
	if len(nodes) > 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.lockers {
		w.mend()
	}
}

// Slow has what goes to these nodes, what comes back, and the opening of connections take that long each, until Heal. The
// longer of it and Config.NodeTimeout decides whether they are heard at all.
func (c *Cluster) Slow(delay time.Duration, nodes ...int) {
	c.t.Helper()
	c.each(nodes, func(i int, node *memory.Node) { node.Slow(delay, delay) })
}

// ClockAhead sets the clocks of these nodes to be that far ahead of the test's, or behind when negative, until Heal. Keys
// expire early on a clock that is set forward, as on a real server.
func (c *Cluster) ClockAhead(by time.Duration, nodes ...int) {
	c.t.Helper()
	c.each(nodes, func(i int, node *memory.Node) { node.Ahead(by) })
}

// CutOff cuts one locker off from all nodes, as if its process had lost the network: what it has just sent still arrives,
// nothing comes back, and it cannot connect any more, until Heal. Everybody else goes on. The locker is one that [Cluster.Locker] returned.
func (c *Cluster) CutOff(l *redlock.Locker) {
	c.t.Helper()
	c.mu.Lock()
	w := c.lockers[l]
	c.mu.Unlock()
	if w == nil {
		c.t.Fatal("redlocktest: CutOff of a locker that did not come from this cluster's Locker")
	}
	w.sever()
}

// each does something to the nodes of these numbers.
func (c *Cluster) each(numbers []int, do func(i int, node *memory.Node)) {
	c.t.Helper()
	for _, i := range numbers {
		if i < 0 || i >= len(c.nodes) {
			c.t.Fatalf("redlocktest: node %d of a cluster of %d: they are counted from 0", i, len(c.nodes))
		}
	}
	if len(numbers) == 0 {
		for i := range c.nodes {
			numbers = append(numbers, i)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range numbers {
		do(i, c.nodes[i])
	}
}
