package fencing_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/redlock/fencing"
	"github.com/quorumlock/quorumlock/redlock/redlocktest"
)

func wantIs(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got error %v, want one that matches %q", err, target)
	}
}

// A smaller fence is refused, also when nobody is inside any more; the same fence enters as often as it likes, also
// together; each key has fences of its own.
func TestGateRefusesSmallerFences(t *testing.T) {
	g := fencing.NewGate(&fencing.Memory{})
	enter := func(key string, fence uint64) (func(), error) { return g.Enter(t.Context(), key, fence) }
	for range 2 {
		leave, err := enter("k", 7)
		if err != nil {
			t.Fatal(err)
		}
		together, err := enter("k", 7)
		if err != nil {
			t.Fatal(err)
		}
		leave()
		leave() // once more changes nothing
		_, err = enter("k", 6)
		wantIs(t, err, fencing.ErrStale)
		together()
		_, err = enter("k", 6)
		wantIs(t, err, fencing.ErrStale)
	}
	if leave, err := enter("other", 1); err != nil {
		t.Error(err)
	} else {
		leave()
	}
	var stale *fencing.StaleError
	_, err := enter("k", 6)
	if !errors.As(err, &stale) || *stale != (fencing.StaleError{Key: "k", Fence: 6, Largest: 7}) {
		t.Errorf("got %v, want the fences named", err)
	}
	for _, none := range []uint64{0, 1 << 53} {
		_, err := enter("k", none)
		wantIs(t, err, fencing.ErrNoFence)
	}
}

// The next holder's write waits until the ones before are through; meanwhile those before are let in no more, and of two
// who wait the one with the smaller fence is refused.
func TestGateHasTheNextHolderWait(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		g := fencing.NewGate(&fencing.Memory{})
		leave, err := g.Enter(t.Context(), "k", 1)
		if err != nil {
			t.Fatal(err)
		}
		type entry struct {
			leave func()
			err   error
		}
		enter := func(fence uint64) chan entry {
			c := make(chan entry, 1)
			go func() {
				leave, err := g.Enter(t.Context(), "k", fence)
				c <- entry{leave, err}
			}()
			synctest.Wait()
			return c
		}
		second, third := enter(2), enter(3)
		if len(second)+len(third) != 0 {
			t.Fatal("got in while the holder before is writing")
		}
		_, err = g.Enter(t.Context(), "k", 1)
		wantIs(t, err, fencing.ErrStale)
		leave()
		wantIs(t, (<-second).err, fencing.ErrStale)
		if e := <-third; e.err != nil {
			t.Error(e.err)
		} else {
			e.leave()
		}
	})
}

// Who waits gives up when its context ends, and keeps nobody out by that.
func TestGateHeedsContexts(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		g := fencing.NewGate(&fencing.Memory{})
		leave, err := g.Enter(t.Context(), "k", 1)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = g.Enter(ctx, "k", 2)
		wantIs(t, err, context.DeadlineExceeded)
		leave()
		if leave, err := g.Enter(t.Context(), "k", 2); err != nil {
			t.Error(err)
		} else {
			leave()
		}
	})
}

// broken is a store that fails.
type broken struct{ err error }

func (b broken) Raise(context.Context, string, uint64) (uint64, error) { return 0, b.err }

// Where the largest fence is unknown nobody is let in, and nobody stays inside.
func TestGateWithAStoreThatFails(t *testing.T) {
	why := errors.New("no disk")
	g := fencing.NewGate(broken{why})
	for fence := range uint64(3) {
		_, err := g.Enter(t.Context(), "k", fence+1)
		wantIs(t, err, why)
		if errors.Is(err, fencing.ErrStale) {
			t.Errorf("got %v, which also says that the fence is stale", err)
		}
	}
}

// A gate that starts anew over a store that has not refuses what was stale before.
func TestGateStartsAnewOverItsStore(t *testing.T) {
	store := &fencing.Memory{}
	leave, err := fencing.NewGate(store).Enter(t.Context(), "k", 7)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	_, err = fencing.NewGate(store).Enter(t.Context(), "k", 6)
	wantIs(t, err, fencing.ErrStale)
}

// However writers of many fences race, the writes are grouped by fence, and the fences never decrease; nobody is lost.
func TestGateUnderRacingWriters(t *testing.T) {
	g := fencing.NewGate(&fencing.Memory{})
	var mu sync.Mutex
	var written []uint64 // at the beginning and the end of every write
	accepted, refused := 0, 0
	var all sync.WaitGroup
	for writer := range 8 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(writer)))
			for i := range 300 {
				fence := 1 + uint64(i)/10 + r.Uint64N(3)
				leave, err := g.Enter(t.Context(), "k", fence)
				mu.Lock()
				if err != nil {
					refused++
					mu.Unlock()
					wantIs(t, err, fencing.ErrStale)
					continue
				}
				accepted++
				written = append(written, fence)
				mu.Unlock()
				mu.Lock()
				written = append(written, fence)
				mu.Unlock()
				leave()
			}
		})
	}
	all.Wait()
	for i := 1; i < len(written); i++ {
		if written[i] < written[i-1] {
			t.Fatalf("got a write by fence %d after one by %d", written[i], written[i-1])
		}
	}
	if accepted < 100 || refused < 10 || accepted+refused != 8*300 {
		t.Errorf("got %d accepted and %d refused", accepted, refused)
	}
}
