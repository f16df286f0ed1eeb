package redlock

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/internal/faketime"
	"github.com/quorumlock/quorumlock/internal/memory"
)

// answers gathers what an observer is told.
type answers struct {
	mu  sync.Mutex
	all []Answer // guarded by mu
}

func (a *answers) observer() *Observer {
	return &Observer{Answered: func(_ context.Context, one Answer) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.all = append(a.all, one)
	}}
}

// of returns the answers to op.
func (a *answers) of(op string) []Answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	var some []Answer
	for _, one := range a.all {
		if one.Op == op {
			some = append(some, one)
		}
	}
	return some
}

// An observer is told of every node's answer: of the vote that decides, of the slowest node, and of the nodes that fail.
func TestObserverIsToldOfEveryAnswer(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		nodes := memories(t, 5)
		var told answers
		l := on(t, nodes, Config{Observer: told.observer(), NodeTimeout: 100 * time.Millisecond})
		fail(nodes, 1, memory.Hung)
		lease := mustLock(t, l, "k")
		if err := lease.Unlock(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(soon)
		for _, op := range []string{"lock", "unlock"} {
			got := told.of(op)
			if len(got) != 5 {
				t.Fatalf("%s: got %d answers, want one for each of 5 nodes: %+v", op, len(got), got)
			}
			decided := 0
			for i, a := range got {
				if a.Answers != i+1 || a.Need != 3 || a.Addr != nodes[a.Node].Name {
					t.Errorf("%s: got %+v as answer %d", op, a, i+1)
				}
				if a.Yes != (a.Err == nil) || (a.Node == 0) != (a.Err != nil) {
					t.Errorf("%s: got %+v, want a yes from all nodes but the first", op, a)
				}
				if a.Yes && a.Votes == a.Need {
					decided++
				}
			}
			if decided != 1 {
				t.Errorf("%s: got %d deciding votes, want 1", op, decided)
			}
		}
		if got := told.of("lock")[4]; got.Node != 0 || got.After != 100*time.Millisecond {
			t.Errorf("got %+v as the slowest answer, want the hung node after its timeout", got)
		}
	})
}

// A refusal is an answer without a yes and without an error.
func TestObserverIsToldOfRefusals(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		nodes := memories(t, 3)
		mustLock(t, on(t, nodes, Config{}), "k")
		synctest.Wait() // every node has granted
		var told answers
		l := on(t, nodes, Config{Observer: told.observer()})
		_, err := l.TryLock(t.Context(), "k")
		wantIs(t, err, ErrHeld)
		synctest.Wait()
		got := told.of("lock")
		if len(got) != 3 {
			t.Fatalf("got %+v, want 3 answers", got)
		}
		for _, a := range got {
			if a.Yes || a.Err != nil || a.Votes != 0 {
				t.Errorf("got %+v, want a refusal", a)
			}
		}
	})
}

// What nobody observes allocates nothing for it.
func TestNoObserverCostsNothing(t *testing.T) {
	for name, o := range map[string]*Observer{"none": nil, "one without functions": {}} {
		l := &Locker{cfg: Config{Observer: o}} // without a clock, which must not be read
		allocated := testing.AllocsPerRun(100, func() {
			c := l.begin(t.Context(), "k", false)
			if w := c.watching(); c != nil || w != nil {
				t.Errorf("%s: got %v and %v, want nothing to be kept", name, c, w)
			}
			l.locked(c, nil, nil)
		})
		if allocated != 0 {
			t.Errorf("%s: got %v allocations, want none", name, allocated)
		}
	}
}
