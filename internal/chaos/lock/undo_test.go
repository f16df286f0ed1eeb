package lock

import (
	"errors"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// R4: what a node is asked for while it hangs does not appear when it goes on, however long that takes.
func TestHungNodesKeepNothing(t *testing.T) {
	for _, what := range []string{"goes on at once", "goes on when it was given up"} {
		t.Run(what, func(t *testing.T) {
			n := start(t, processes)
			l := n.open(t, "simple")
			unlock(t, lock(t, l, "k"))
			n.each(t, (*cluster.Node).Pause, 0)
			held := lock(t, l, "k").(*lease)
			if what != "goes on at once" {
				<-held.round.votes[l.(*simple).nodes[0]].answered
			}
			unlock(t, held)
			n.each(t, (*cluster.Node).Resume, 0)
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if left := n.locks(t); left != 0 {
				t.Errorf("got %d keys left, want none", left)
			}
		})
	}
}

// R4: a grant that is carried out after its undo has found nothing is undone again.
func TestUndoOutlastsLateGrants(t *testing.T) {
	n := start(t, embedded(1))
	l := n.open(t, "simple").(*simple)
	first := l.nodes[0]
	deadline, err := first.deadline(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := &vote{answered: make(chan struct{}), grant: grant{deadline: deadline, err: errors.New("i/o timeout")}}
	close(v.answered)
	r := &round{locker: l, key: "k", owner: "me", votes: map[*node]*vote{first: v}}
	freed := make(chan error, 1)
	asked := first.asked
	go func() { freed <- r.freeOn(first, time.Now().Add(time.Minute)) }()
	for ; ; time.Sleep(time.Millisecond) {
		first.mu.Lock()
		found := first.asked != asked // the first release has found nothing
		first.mu.Unlock()
		if found {
			break
		}
	}
	n.plant(t, "k", "me", 0)
	if err := <-freed; err != nil {
		t.Error(err)
	}
	if left := n.locks(t); left != 0 {
		t.Errorf("got %d keys left, want none", left)
	}
}

// R4: a grant that is carried out after its deadline is none. The refusal tells the node's clock, so that the next is one.
func TestLateGrantsAreRefused(t *testing.T) {
	n := start(t, embedded(1))
	l := n.open(t, "simple").(*simple)
	first := l.nodes[0]
	if _, err := first.deadline(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.mu.Lock()
	first.shown -= time.Minute.Microseconds() // as if the grant had been under way for so long
	first.mu.Unlock()
	if g := first.grant(t.Context(), "k", "me", time.Minute, l.cfg.quarantine(), true); !errors.Is(g.err, refusedLate) {
		t.Errorf("got %v, want %v", g.err, refusedLate)
	}
	if left := n.locks(t); left != 0 {
		t.Errorf("got %d keys left, want none", left)
	}
	unlock(t, lock(t, l, "k"))
}
