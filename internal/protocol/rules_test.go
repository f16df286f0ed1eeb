package protocol_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// tell tells a story whose lines must all be understood, and returns what came of the last one.
func tell(t *testing.T, lines ...string) (s *story, last []string) {
	t.Helper()
	s = &story{}
	for _, line := range lines {
		var err error
		if last, err = s.tell(line); err != nil {
			t.Fatal(err)
		}
	}
	return s, last
}

// R2, and Redlock, step 3: "If and only if the client was able to acquire the lock in the majority of the instances (at
// least 3) [...] the lock is considered to be acquired": at that very grant, not before it, and with no further wait.
func TestR2WonAtTheGrantThatMakesTheMajority(t *testing.T) {
	for n := 1; n <= 9; n++ {
		s, _ := tell(t, fmt.Sprintf("lease nodes=%d", n), "0ms start")
		for node := range n/2 + 1 {
			if got := s.lease.Phase(); got != protocol.Asking {
				t.Errorf("%d nodes, %d grants: got %s want asking", n, node, phases[got])
			}
			if _, err := s.tell(fmt.Sprintf("1ms reply %d granted fence=1", node)); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.lease.Phase(); got != protocol.Held {
			t.Errorf("%d nodes, %d grants: got %s want held", n, n/2+1, phases[got])
		}
	}
}

// R2: a timeout is not a grant. One grant less than a majority, and silence from all others, is no lease.
func TestR2ATimeoutIsNotAGrant(t *testing.T) {
	for n := 2; n <= 9; n++ {
		for _, rest := range []string{"silent", "unasked", ""} {
			s, _ := tell(t, fmt.Sprintf("lease nodes=%d", n), "0ms start")
			for node := range n {
				line := fmt.Sprintf("1ms reply %d granted fence=1", node)
				if node >= n/2 {
					line = fmt.Sprintf("2ms reply %d %s", node, rest)
				}
				if node >= n/2 && rest == "" {
					line = "500ms tick"
				}
				if _, err := s.tell(line); err != nil {
					t.Fatal(err)
				}
			}
			if got := s.lease.End(); got != protocol.NoQuorum {
				t.Errorf("%d nodes, %d grants, the rest %q: got %s want no quorum", n, n/2, rest, ends[got])
			}
		}
	}
}

// R2, and Redlock, step 4: "its validity time is considered to be the initial validity time minus the time elapsed, as
// computed in step 3": whatever the votes took is missing from the window, to the nanosecond.
func TestR2TheWindowIsCountedFromTheStart(t *testing.T) {
	for _, took := range []time.Duration{0, 1, time.Millisecond, 499 * time.Millisecond} {
		s, _ := tell(t, "lease", "7s start", fmt.Sprintf("%v reply 0,1,2 granted fence=1", 7*time.Second+took))
		now := clock.At(7*time.Second+took, 7*time.Second+took)
		if got, want := s.lease.Left(now), 2900*time.Millisecond-took; got != want {
			t.Errorf("won after %v: got %v left want %v", took, got, want)
		}
	}
}

// R4, and Redlock, step 5: "If the client failed to acquire the lock for some reason [...], it will try to unlock all the
// instances (even the instances it believed it was not able to lock)": all that may have granted, whatever the others
// said, in whatever order. One that refused or was certainly not asked has nothing of ours.
func TestR4EveryNodeThatMayHaveGrantedIsUndone(t *testing.T) {
	answers := []string{"granted fence=1", "refused", "silent", "unasked", ""}
	lost := 0
	for code := range 5 * 5 * 5 * 5 * 5 {
		s, _ := tell(t, "lease", "0ms start")
		var said []string
		var undone, clean quorum.Set
		for node, rest := 0, code; node < 5 && s.lease.Phase() == protocol.Asking; node, rest = node+1, rest/5 {
			answer := answers[rest%5]
			if said = append(said, answer); answer == "" {
				continue
			}
			if answer == "refused" || answer == "unasked" {
				clean = clean.With(node)
			}
			effects := s.lease.Reply(clock.At(1, 1), node, 1, replyOf(t, answer))
			undone |= undoneBy(t, effects)
		}
		if s.lease.Phase() == protocol.Asking {
			undone |= undoneBy(t, s.lease.Cancel(clock.At(2, 2)))
		}
		if s.lease.Phase() == protocol.Held {
			continue
		}
		lost++
		if want := quorum.All(5).Without(clean); undone != want {
			t.Errorf("%q: undone on %v want %v", said, undone, want)
		}
	}
	if lost < 1000 {
		t.Errorf("only %d rounds were lost", lost)
	}
}

func replyOf(t *testing.T, answer string) protocol.Reply {
	t.Helper()
	word, _, _ := strings.Cut(answer, " ")
	vote, known := votes[word]
	if !known {
		t.Fatalf("an answer %q", answer)
	}
	return protocol.Reply{Vote: vote, Fence: 1}
}

// undoneBy returns the nodes that effects undo, and demands that this precedes the news (the caller may try again at
// once, and the undo of one try must not come after the grant of the next).
func undoneBy(t *testing.T, effects []protocol.Effect) (nodes quorum.Set) {
	t.Helper()
	over := false
	for _, e := range effects {
		over = over || e.Kind == protocol.GaveUp
		if e.Op == protocol.Undo {
			nodes |= e.Nodes
			if over {
				t.Error("the caller hears of the end before the undo is sent")
			}
		}
	}
	return nodes
}

// R7: once a window has closed the lease is lost for ever, whatever comes: nothing is granted or extended for it again.
func TestR7AClosedWindowNeverOpensAgain(t *testing.T) {
	s, last := tell(t, "lease", "0ms start", "1ms reply 0,1,2 granted fence=7", "1s tick", "2900ms tick")
	if want := []string{"ended: forfeited", "send undo to {0 1 2 3 4}"}; !slices.Equal(last, want) {
		t.Fatalf("at the end: got %q want %q", last, want)
	}
	for _, line := range []string{
		"2901ms reply 0,1,2,3,4 granted", "2901ms reply 3,4 #1 granted fence=7", "2901ms reply 0,1,2 #0 granted fence=9",
		"2902ms extend", "2903ms reply 0,1,2,3,4 refused", "2904ms tick", "2905ms start", "2906ms release", "2907ms cancel",
		"3100ms tick", "1h tick",
	} {
		answer, err := s.tell(line)
		if err != nil {
			t.Fatal(err)
		}
		if len(answer) > 0 && answer[0] != "nothing to extend" {
			t.Errorf("%s: got %q want nothing", line, answer)
		}
		if s.lease.Left(clock.At(0, 0)) != 0 || s.lease.End() != protocol.Forfeited {
			t.Errorf("%s: got %s, want forfeited", line, s.show(clock.At(0, 0)))
		}
	}
}

// R8: a holder whose nodes have all gone is told exactly a guard before the end of its window, by a driver that does no
// more than tick when it is asked to. In other words it is told a drift and a guard before the first node can give the
// key to somebody else.
func TestR8TheHolderKnowsFirst(t *testing.T) {
	for _, ttl := range []time.Duration{10 * time.Millisecond, time.Second, 10 * time.Second, time.Hour} {
		for _, guard := range []time.Duration{time.Millisecond, ttl / 100, ttl / 10} {
			p := &protocol.Params{
				Rule:   quorum.Majority(3),
				TTL:    ttl,
				Drift:  clock.DefaultDrift,
				Guard:  guard,
				Budget: 500 * time.Millisecond,
				Renew:  true,
			}
			lease := protocol.NewLease(p, 0.3)
			start := clock.At(time.Minute, time.Hour)
			lease.Start(start)
			lease.Reply(start, 0, 1, protocol.Reply{Vote: protocol.Granted})
			lease.Reply(start, 1, 1, protocol.Reply{Vote: protocol.Granted})
			var told clock.Instant
			for ticks := 0; told == (clock.Instant{}); ticks++ {
				next, some := lease.Next()
				if !some || ticks > 1000 {
					t.Fatalf("ttl %v, guard %v: not told after %d ticks, asks for another: %t", ttl, guard, ticks, some)
				}
				for _, e := range lease.Tick(next) {
					if e.Kind == protocol.Ended {
						told = next
					}
				}
			}
			want := ttl - clock.DefaultDrift.Of(ttl) - guard
			if got := told.Sub(start); got != want {
				t.Errorf("ttl %v, guard %v: told after %v want %v", ttl, guard, got, want)
			}
		}
	}
}

// Ops read in words, also one that does not exist.
func TestOpsHaveNames(t *testing.T) {
	for op, want := range map[protocol.Op]string{
		protocol.Grant:   "grant",
		protocol.Raise:   "raise",
		protocol.Extend:  "extend",
		protocol.Release: "release",
		protocol.Undo:    "undo",
		protocol.Op(99):  "op?",
	} {
		if got := op.String(); got != want {
			t.Errorf("got %q want %q", got, want)
		}
	}
}
