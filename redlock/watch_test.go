package redlock

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/internal/faketime"
	"github.com/quorumlock/quorumlock/internal/memory"
)

// story is what an observer was told of one call.
type story struct {
	began    Began
	answers  []Answer
	locked   []Locked
	extended []Extended
	ended    []Ended
	early    bool // ended before locked
}

// stories gathers them by the context that the observer has made.
type stories struct {
	mu  sync.Mutex
	all []*story // guarded by mu; in the order in which the calls began
}

type storyKey struct{}

func (s *stories) observer() *Observer {
	in := func(ctx context.Context, note func(*story)) {
		s.mu.Lock()
		defer s.mu.Unlock()
		note(ctx.Value(storyKey{}).(*story))
	}
	return &Observer{
		Began: func(ctx context.Context, b Began) context.Context {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.all = append(s.all, &story{began: b})
			return context.WithValue(ctx, storyKey{}, s.all[len(s.all)-1])
		},
		Answered: func(ctx context.Context, a Answer) {
			in(ctx, func(one *story) { one.answers = append(one.answers, a) })
		},
		Locked: func(ctx context.Context, l Locked) { in(ctx, func(one *story) { one.locked = append(one.locked, l) }) },
		Extended: func(ctx context.Context, e Extended) {
			in(ctx, func(one *story) { one.extended = append(one.extended, e) })
		},
		Ended: func(ctx context.Context, e Ended) {
			in(ctx, func(one *story) {
				one.ended = append(one.ended, e)
				one.early = one.early || len(one.locked) == 0
			})
		},
	}
}

// calls returns what was told so far; those who tell it have come to rest.
func (s *stories) calls() []*story {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// of returns what was told of one call so far.
func (s *stories) of(index int) *story { return s.calls()[index] }

// asked returns how many answers to grants the story has.
func (s *story) asked() int {
	count := 0
	for _, a := range s.answers {
		if a.Op == opLock {
			count++
		}
	}
	return count
}

// What comes of a call is told with the context that the observer has made for it, from its beginning to the lease's end.
func TestObserverFollowsACall(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		nodes := memories(t, 3)
		var told stories
		l := on(t, nodes, Config{TTL: 3 * time.Second, Observer: told.observer()})
		for _, m := range nodes {
			m.Slow(5*time.Millisecond, 0)
		}
		mustLock(t, l, "other").Unlock(t.Context()) // it has looked at the nodes
		time.Sleep(time.Second)
		lease := mustLock(t, l, "k")
		time.Sleep(1500 * time.Millisecond) // one renewal
		if err := lease.Unlock(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		time.Sleep(soon)
		got := told.of(1)
		if want := (Began{Key: "k", TTL: 3 * time.Second, Nodes: 3, Need: 2}); got.began != want {
			t.Errorf("got %+v as its beginning, want %+v", got.began, want)
		}
		if want := (Locked{Began: got.began, Waited: 10 * time.Millisecond, Took: 10 * time.Millisecond, Rounds: 1, Asked: 3}); len(got.locked) != 1 || got.locked[0] != want {
			t.Errorf("got %+v, want one %+v", got.locked, want)
		}
		if len(got.extended) != 1 || got.extended[0] != (Extended{Key: "k"}) {
			t.Errorf("got %+v as extends, want one that moved the window", got.extended)
		}
		if want := (Ended{Key: "k", Held: 1500 * time.Millisecond, Err: ErrUnlocked}); len(got.ended) != 1 || got.ended[0] != want {
			t.Errorf("got %+v, want one %+v", got.ended, want)
		}
		if len(got.answers) != 9 {
			t.Errorf("got %d answers, want 3 each to lock, extend and unlock", len(got.answers))
		}
	})
}

// A lease that is handed over ends for one call and begins for another, each under its own context.
func TestObserverIsToldOfHandOvers(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		nodes := memories(t, 3)
		var told stories
		l := on(t, nodes, Config{Observer: told.observer()})
		warm := mustLock(t, l, "k")
		first, second := lockLater(t, t.Context(), l), lockLater(t, t.Context(), l)
		synctest.Wait()
		_ = warm.Unlock(t.Context()) // which nobody waited for when it was won
		one := <-first
		_ = one.Unlock(t.Context())
		two := <-second
		time.Sleep(time.Second)
		_ = two.Unlock(t.Context())
		synctest.Wait()
		if got := told.of(1).ended; len(got) != 1 || !got[0].HandOver || !errors.Is(got[0].Err, ErrUnlocked) {
			t.Errorf("got %+v as the first's end, want a hand-over", got)
		}
		got := told.of(2)
		if len(got.locked) != 1 || !got.locked[0].HandOver || got.locked[0].Rounds != 0 || got.locked[0].Took != 0 || got.locked[0].Asked != 0 {
			t.Errorf("got %+v as the second's lock, want a hand-over", got.locked)
		}
		if len(got.ended) != 1 || got.ended[0].HandOver || got.ended[0].Held != time.Second {
			t.Errorf("got %+v as the second's end, want it unlocked after 1s", got.ended)
		}
		if len(got.answers) != 3 || got.answers[0].Op != opUnlock {
			t.Errorf("got %+v for the second, want the answers of 3 nodes to the unlock", got.answers)
		}
	})
}

// A lease that cannot be kept: extends that fail, then its loss.
func TestObserverIsToldOfLosses(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		nodes := memories(t, 3)
		var told stories
		l := on(t, nodes, Config{TTL: 3 * time.Second, NodeTimeout: 100 * time.Millisecond, Observer: told.observer()})
		lease := mustLock(t, l, "k")
		fail(nodes, 2, memory.Dead)
		<-lease.Done()
		synctest.Wait()
		got := told.of(0)
		if len(got.extended) == 0 || !errors.Is(got.extended[0].Err, ErrNoQuorum) {
			t.Errorf("got %+v as extends, want some without a quorum", got.extended)
		}
		if len(got.ended) != 1 || !errors.Is(got.ended[0].Err, ErrLost) || got.ended[0].Held < 2*time.Second {
			t.Errorf("got %+v, want one lost lease", got.ended)
		}
	})
}

// A call that does not get its key is told of with what it returns, and every node that it has asked answers in the end,
// whatever is wrong with it and whether the call has waited for that.
func TestObserverIsToldOfFailures(t *testing.T) {
	for name, test := range map[string]struct {
		fault  memory.Fault
		within time.Duration
		close  bool // the locker, right after
	}{
		"dead":              {memory.Dead, time.Second, false},
		"hung":              {memory.Hung, time.Second, false},
		"mute":              {memory.Mute, time.Second, false},
		"hung, impatient":   {memory.Hung, 10 * time.Millisecond, false},
		"hung, then closed": {memory.Hung, 10 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			faketime.Test(t, func(t *testing.T) {
				nodes := memories(t, 3)
				var told stories
				l := on(t, nodes, Config{NodeTimeout: 100 * time.Millisecond, Observer: told.observer()})
				fail(nodes, 2, test.fault)
				ctx, cancel := context.WithTimeout(t.Context(), test.within)
				defer cancel()
				_, err := l.TryLock(ctx, "k")
				wantIs(t, err, ErrNoQuorum)
				if test.close {
					_ = l.Close()
				}
				time.Sleep(soon)
				got := told.of(0)
				if len(got.locked) != 1 || !got.began.Try || got.locked[0].Err != err || got.locked[0].Rounds != 1 {
					t.Fatalf("got %+v, want one with the error %v", got.locked, err)
				}
				if got.locked[0].Asked != 3 || got.asked() != 3 {
					t.Errorf("got %d answers of %d nodes, want 3 of 3", got.asked(), got.locked[0].Asked)
				}
			})
		})
	}
}

// A lease that Close ends is told of as that.
func TestObserverIsToldOfClose(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		var told stories
		l := on(t, memories(t, 3), Config{Observer: told.observer()})
		mustLock(t, l, "k")
		_ = l.Close()
		if got := told.of(0).ended; len(got) != 1 || got[0].Err != ErrClosed {
			t.Errorf("got %+v, want one end by Close", got)
		}
	})
}

// A lease that ends while the observer is being told of it has its end told after that.
func TestObserverIsToldOfTheEndLast(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		var told stories
		o := told.observer()
		note := o.Locked
		var l *Locker
		o.Locked = func(ctx context.Context, locked Locked) {
			go l.Close()
			time.Sleep(time.Second)
			note(ctx, locked)
		}
		l = on(t, memories(t, 3), Config{Observer: o})
		lease := mustLock(t, l, "k")
		if got := told.of(0); len(got.ended) != 1 || got.early || lease.Err() == nil {
			t.Errorf("got %+v, want the end once, and after the lock", got)
		}
	})
}

// In a storm every call ends once, every lease ends once, after its call, and every node that was asked is heard of.
func TestObserverMissesNothing(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		nodes := memories(t, 3)
		var told stories
		l := on(t, nodes, Config{TTL: time.Second, MaxHold: 30 * time.Millisecond, NodeTimeout: 50 * time.Millisecond, Observer: told.observer()})
		for _, m := range nodes {
			m.Slow(time.Millisecond, 0)
		}
		var all sync.WaitGroup
		for i := range 60 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 7 * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+i*5)*time.Millisecond)
				defer cancel()
				lease, err := l.Lock(ctx, strconv.Itoa(i%2))
				if err == nil {
					time.Sleep(time.Duration(i%50) * time.Millisecond) // some for longer than they may
					_ = lease.Unlock(ctx)
				}
			})
		}
		time.Sleep(200 * time.Millisecond)
		fail(nodes, 2, memory.Hung)
		time.Sleep(60 * time.Millisecond)
		fail(nodes, 0, memory.Healthy)
		all.Wait()
		_ = l.Close()
		time.Sleep(soon)
		leases, lost, failed := 0, 0, 0
		for _, one := range told.calls() {
			if len(one.locked) != 1 || one.early || one.locked[0].Asked != one.asked() {
				t.Fatalf("got %+v, want one end of the call, and as many answers as nodes were asked", one)
			}
			want := 0
			if one.locked[0].Err == nil {
				want, leases = 1, leases+1
			} else {
				failed++
			}
			if len(one.ended) != want {
				t.Errorf("got %+v, want %d ends of a lease", one, want)
			}
			if want == 1 && errors.Is(one.ended[0].Err, ErrLost) {
				lost++
			}
		}
		if len(told.calls()) != 60 || leases < 10 || lost == 0 || failed == 0 {
			t.Errorf("got %d calls, %d leases, %d lost, %d failed: want 60, and some of each", len(told.calls()), leases, lost, failed)
		}
	})
}
