package sim

import (
	"time"

	"github.com/quorumlock/quorumlock/internal/protocol"
)

// This file holds the checkers that stand beside the nodes.

// counted looks at a yes that is about to count: the node did in that round what it says (I7).
func (w *world) counted(s *lease, index int, round uint32, op protocol.Op) {
	w.report.Checked[7]++
	n := &s.facts.nodes[index]
	if op == protocol.Grant && !n.granted || op == protocol.Extend && n.extended < round {
		w.violated("I7", "%v of n%d counts for %s in round %d, which it never gave", op, index, s.owner, round)
	}
}

// beforeCommand notes who holds the key.
func (w *world) beforeCommand(n *server, c *command) {
	w.before.text, w.before.there = n.node.Get(c.Key)
	w.before.expires = n.node.values[c.Key].expires
}

// afterCommand looks at what a node did.
func (w *world) afterCommand(n *server, c *command, r Result, a arrival) {
	if w.telling() {
		w.tell(n.name(), c.Key, "%s", w.said(c, r, a.again))
	}
	w.report.Checked[5]++
	holder, there := n.node.Get(c.Key)
	was := &w.before
	if was.there && was.text != c.Owner && (!there || holder != was.text || n.node.values[c.Key].expires != was.expires) {
		w.violated("I5", "%s on n%d changed by %s of %s, while it was of %s", c.Key, n.index, opNames[c.Op], c.Owner, was.text)
	}
	switch r.Code {
	case CodeLate:
		w.report.Expired++
	case CodeUndone:
		w.report.Overtaken++
	}
	s := c.s
	if s == nil {
		return
	}
	f := &s.facts.nodes[n.index]
	switch {
	case c.Op == OpRelease && r.Code == 1:
		f.deleted = true
	case c.Op == OpRelease:
		f.undone, f.buried = w.now, f.buried || a.r.grace > 0
		if a.r.grace > 0 {
			w.report.Buried++
		} else {
			w.report.Unburied++
		}
	case c.Op == OpRaise && r.Code == 1:
		f.fence = max(f.fence, c.Fence)
	case c.Op == OpGrant && r.Code == 1:
		if !f.granted {
			w.grants++
			f.granted, f.seq, f.fence = true, w.grants, uint64(r.Value)
			if r.Value == 0 {
				f.fence = c.Fence
			}
		}
		unburied := a.again && !f.buried // R4 leaves no tombstone where nothing can come but what is sent twice
		if a.again && f.deleted || unburied && f.undone != 0 {
			w.report.Revived++
		}
		// A deadline and a tombstone are in the node's time, so that they mean nothing once that was set back.
		if !unburied && f.undone != 0 && n.setBack == 0 && n.lost < f.undone && w.assumed() {
			w.violated("I10", "n%d granted %s to %s after it was undone there", n.index, c.Key, c.Owner)
		}
	}
	if c.Op == OpExtend && r.Code == 1 {
		f.extended = max(f.extended, c.round)
	}
	if c.Op == OpExtend && r.Code == 1 && !was.there {
		w.violated("I5", "n%d extended %s that was not there", n.index, c.Key)
	}
}

// tidied looks whether the attempt has left its key somewhere, when it is over and its releases have had the time to
// arrive; while there are faults, nobody can say when that is (I10).
func (w *world) tidied(s *lease) {
	if w.now < w.cfg.calm()+w.cfg.settled() {
		return
	}
	w.push(w.now+20*w.cfg.Delay+10*time.Millisecond, func() {
		w.report.Checked[10]++
		for _, n := range w.servers {
			if holder, there := n.node.Get(s.lock.key); there && holder == s.owner {
				w.violated("I10", "%s is left on n%d, of %s, which is over", s.lock.key, n.index, s.owner)
			}
		}
	})
}

// leftovers looks whether anything is left after everybody has released (I10).
func (w *world) leftovers() {
	for _, n := range w.servers {
		for _, l := range w.locks {
			if holder, there := n.node.Get(l.key); there {
				w.violated("I10", "%s is left on n%d, of %s", l.key, n.index, holder)
			}
		}
	}
}
