package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
)

// This file holds the checkers: what they remember, and the invariants by their names. They look at the world from
// outside, in real time, and take nothing on trust from the machines that they check.

// lock is one key: who believes to hold it, which fences were handed out for it, and the storage that it guards.
type lock struct {
	key, counter string
	believers    []*lease
	highest      uint64 // fence handed out
	fences       map[uint64]*lease
	stored       uint64 // the storage refuses smaller fences
	writer       *lease
	order        [][]place // by node: the leases that were established there
	waiters      int
	starving     time.Duration // since when somebody waits for a key that nobody holds; 0: nobody does
}

// place is where a lease's grant stands in the order of a node's grants.
type place struct {
	seq   uint64
	fence uint64
}

// facts is what the checkers know of a lease.
type facts struct {
	open   bool          // handed out, and not ended
	since  clock.Instant // when its belief was last told, by the clock of its process
	left   time.Duration // for how long it believes from then on
	raised bool          // its fence had to be written down
	early  bool          // a node did not vote for it that was new, and not let vote yet
	nodes  [8]nodeFacts
}

// nodeFacts is what one node did for a lease.
type nodeFacts struct {
	granted bool
	seq     uint64        // of its first grant
	fence   uint64        // granted, or raised to
	undone  time.Duration // when its release found nothing; 0: never
	buried  bool          // and left a tombstone
	deleted bool          // its release found the key

	extended uint32 // the newest round in which it was extended
}

func newLock(w *world, index int) *lock {
	key := fmt.Sprintf("k%d", index)
	return &lock{key: key, counter: "quorumlock:fence:{" + key + "}", fences: make(map[uint64]*lease),
		order: make([][]place, w.cfg.Nodes)}
}

// believes reports whether the holder may believe that it holds the key, by its own clocks.
func (s *lease) believes() bool {
	return s.facts.open && !s.p.dead && s.p.now().Sub(s.facts.since) < s.facts.left
}

// trust notes for how long the holder believes.
func (s *lease) trust() {
	s.facts.since = s.p.now()
	s.facts.left = s.machine.Left(s.facts.since)
	if s.p.w.cfg.MaxHold == 0 {
		s.facts.left += s.p.params.Guard
	}
	// Keys expire: the last moment is the hardest. It is looked at from outside, whatever the process does then.
	w, since := s.p.w, s.facts.since
	w.push(max(w.now, s.p.clock.real(since.Mono()+s.facts.left)-1), func() {
		if s.facts.since == since && s.believes() {
			w.majority(s)
		}
	})
}

// handedOut looks at a lease that its caller gets.
func (w *world) handedOut(s *lease) {
	l, fence := s.lock, s.machine.Fence()
	s.facts.open = true
	s.trust()
	w.report.Acquired++
	if w.cfg.Beyond {
		w.report.AcquiredBeyond++
	}
	if w.telling() {
		w.tellHeld(s, "holds %s as %s with fence %d for %v", l.key, s.owner, fence, s.facts.left.Round(time.Microsecond))
	}
	switch {
	case s.p.skewed:
		w.violated("A4", "%s of a process with other members or a longer TTL holds %s", s.owner, l.key)
	case s.machine.Left(s.p.now()) == 0:
		w.violated("I1", "%s holds %s after its window", s.owner, l.key)
	}
	w.report.Checked[2]++
	if other := l.fences[fence]; other != nil {
		w.violated("I2", "%s and %s have fence %d of %s", other.owner, s.owner, fence, l.key)
	}
	l.fences[fence] = s
	if fence <= l.highest && w.assumed() {
		w.violated("I3", "%s has fence %d of %s after %d was handed out", s.owner, fence, l.key, l.highest)
	}
	l.highest = max(l.highest, fence)
	w.established(s, fence)
	l.believers = slices.DeleteFunc(l.believers, func(other *lease) bool { return !other.facts.open || other.p.dead })
	l.believers = append(l.believers, s)
	w.exclusion(l)
	w.majority(s)
	w.starve(l)
	l.starving = 0
	if w.cfg.Quiet {
		w.report.Checked[9]++
		if s.caller.tries > 1+s.caller.excused {
			w.violated("I9", "%s needed %d tries", s.owner, s.caller.tries)
		}
	}
}

// established looks whether fences have the order of grants on every node that has written this one down.
func (w *world) established(s *lease, fence uint64) {
	for i := range w.servers {
		n := &s.facts.nodes[i]
		if !n.granted || n.fence != fence {
			continue
		}
		order := s.lock.order[i]
		at, _ := slices.BinarySearchFunc(order, n.seq, func(p place, seq uint64) int {
			if p.seq < seq {
				return -1
			}
			return 1
		})
		w.report.Checked[3]++
		if at > 0 && order[at-1].fence >= fence || at < len(order) && order[at].fence <= fence {
			w.violated("I3", "%s has fence %d of %s against the order of grants on n%d", s.owner, fence, s.lock.key, i)
		}
		s.lock.order[i] = slices.Insert(order, at, place{n.seq, fence})
	}
}

// exclusion looks whether two leases believe to hold the key at this moment (I1).
func (w *world) exclusion(l *lock) {
	var holder *lease
	for _, s := range l.believers {
		if !s.believes() {
			continue
		}
		w.report.Checked[1]++
		switch {
		case holder == nil:
			holder = s
		case !w.assumed():
			w.report.Overlaps++
		default:
			w.violated("I1", "%s of %s and %s of %s hold %s", holder.owner, holder.p.name(), s.owner, s.p.name(), l.key)
		}
	}
}

// majority looks whether a majority of nodes holds the key, or will give it to nobody (I6): a node that forgot it does
// not vote until every lease of that time is over.
func (w *world) majority(s *lease) {
	if !w.assumed() || s.p.skewed {
		return
	}
	w.report.Checked[6]++
	count := 0
	for _, n := range w.servers {
		if holder, there := n.node.Get(s.lock.key); there && holder == s.owner || n.held[s.owner] > w.now {
			count++
		}
	}
	if need := w.cfg.Nodes/2 + 1; count < need {
		w.violated("I6", "%d nodes hold %s for %s while it is held, want %d", count, s.lock.key, s.owner, need)
	}
}

// renewed looks at a lease whose window has moved.
func (w *world) renewed(s *lease) {
	w.report.Renewed++
	s.trust()
	w.exclusion(s.lock)
	w.majority(s)
}

// ended looks at a held lease that is over.
func (w *world) ended(s *lease) {
	if s.believes() {
		w.majority(s)
	}
	s.facts.open = false
	if s.machine.End() == protocol.Forfeited {
		w.report.Lost++
	} else {
		w.report.Unlocked++
	}
	if w.telling() {
		w.tellHeld(s, "no longer holds %s as %s: %s", s.lock.key, s.owner, ends[s.machine.End()])
	}
	w.starve(s.lock)
	w.tidied(s)
}

var ends = [...]string{"not over", "taken", "no quorum", "late", "cancelled", "forfeited", "unlocked"}

// gaveUp looks at a try that failed.
func (w *world) gaveUp(s *lease) {
	w.report.GaveUp[s.machine.End()]++
	if s.machine.End() == protocol.Taken && !s.p.skewed {
		w.report.Contended++
	}
	if w.telling() {
		w.tell(s.p.name(), s.lock.key, "does not get %s as %s: %s", s.lock.key, s.owner, ends[s.machine.End()])
	}
	w.tidied(s)
	// Ways to lose a first round that are known: docs/simulation.md.
	switch {
	case !w.cfg.Quiet:
	case s.facts.early && w.cfg.Fresh:
		w.report.Early++
		s.caller.excused++
	case s.facts.raised:
		w.report.Stuck++
		s.caller.excused++
	case !w.ending:
		w.violated("I9", "%s did not get %s: %s", s.owner, s.lock.key, ends[s.machine.End()])
	}
}

// write is a fence at the storage (I4).
func (w *world) write(s *lease, fence uint64) {
	l := s.lock
	w.report.Checked[4]++
	switch {
	case fence < l.stored:
		w.report.Fenced++
		if s.believes() && fence%block == uint64(s.machine.Turn()) && w.assumed() {
			w.violated("I4", "the storage of %s refuses %s, which holds it", l.key, s.owner)
		}
		return
	case fence == l.stored && l.writer != s:
		w.violated("I4", "the storage of %s takes fence %d from %s and from %s", l.key, fence, l.writer.owner, s.owner)
	}
	w.report.Writes++
	l.stored, l.writer = fence, s
}

// starve keeps since when somebody waits in vain, and looks how long that was (I8).
func (w *world) starve(l *lock) {
	held := slices.ContainsFunc(l.believers, func(s *lease) bool { return s.believes() })
	if l.waiters > 0 && !held {
		if l.starving == 0 {
			l.starving = w.now
		}
	} else if l.starving != 0 && l.waiters == 0 {
		l.starving = 0
	}
	from := max(l.starving, w.cfg.calm()+w.cfg.settled())
	// Clocks that run too far apart seem to step all the time, so that the nodes have no vote.
	if l.starving != 0 && !w.ending && w.cfg.Apart <= apart && w.now-from >= w.cfg.patience() {
		w.violated("I8", "nobody got %s for %v", l.key, w.now-l.starving)
	}
	if held {
		l.starving = 0
	}
}
