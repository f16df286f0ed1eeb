package node

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// teller is a server whose memory can be lost under connections that stay: a real one as far as the scripts can tell, but
// for INFO, which says what it is told to.
type teller struct {
	mu    sync.Mutex
	lines []string          // of INFO; guarded by mu
	told  func(answers int) // guarded by mu; called behind every answer to INFO
	asked int               // guarded by mu
}

const steadfast = "run_id:r role:master master_replid:a master_replid2:0 maxmemory:0 maxmemory_policy:noeviction " +
	"uptime_in_seconds:100000 evicted_keys:0 cmdstat_get:calls=1"

// tells returns a node over a server that knows scripts and INFO, with what is done behind its answers to INFO.
func tells(t *testing.T, fresh bool, told func(s *teller, forget func(), answers int)) (*teller, *Node) {
	t.Helper()
	m, _ := real(t, true)
	m.FlushAll() // what the first node wrote
	s := &teller{lines: strings.Fields(steadfast)}
	s.told = func(answers int) { told(s, m.FlushAll, answers) }
	front := serve(t, func(command []string) string {
		if strings.EqualFold(command[0], "INFO") {
			return s.info()
		}
		return forward(t, m.Addr(), command)
	})
	cfg := config(true)
	cfg.Policy.Fresh = fresh
	return s, dial(t, front.addr, cfg)
}

func (s *teller) info() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.Join(s.lines, "\r\n")
	s.asked++
	s.told(s.asked)
	return fmt.Sprintf("$%d\r\n%s", len(text), text)
}

// say replaces a line of INFO.
func (s *teller) say(line string) {
	name, _, _ := strings.Cut(line, ":")
	for i := range s.lines {
		if strings.HasPrefix(s.lines[i], name+":") {
			s.lines[i] = line
		}
	}
}

// R6: a server that has been up for long, and has dropped nothing, votes at once, although it remembers no meta key.
func TestServerThatRemembersVotesAtOnce(t *testing.T) {
	_, n := tells(t, false, func(*teller, func(), int) {})
	if r := ask(t, n, grant("a")); !r.Yes {
		t.Errorf("got %+v, want a vote", r)
	}
}

// R6: what a server told before its meta key was there proves nothing: it may have lost its memory between the two.
func TestMemoryLostBehindALookIsNoticed(t *testing.T) {
	for at := 1; at <= 2; at++ {
		_, n := tells(t, false, func(s *teller, forget func(), answers int) {
			if answers == at {
				forget()
				s.lines = append(s.lines, "cmdstat_flushall:calls=1")
			}
		})
		if r := ask(t, n, grant("a")); r.Yes || r.Err == nil || !strings.Contains(r.Err.Error(), "may have forgotten votes") {
			t.Errorf("flushed behind look %d: got %+v, want no vote", at, r)
		}
	}
}

// R6: keys that were evicted, and a history that is another, are noticed under a connection that stays, and the votes of
// that moment do not count.
func TestReviewPutsVotesInDoubt(t *testing.T) {
	for _, line := range []string{"evicted_keys:1", "master_replid:b", "run_id:q"} {
		s, n := tells(t, true, func(*teller, func(), int) {})
		if r := ask(t, n, grant("a")); !r.Yes {
			t.Fatalf("got %+v, want a vote", r)
		}
		ask(t, n, Command{Op: Release, Key: "k", Owner: "a"})
		s.mu.Lock()
		s.say(line)
		looks := s.asked
		s.mu.Unlock()
		if r := ask(t, n, grant("b")); !r.Yes {
			t.Errorf("%s: got %+v within the interval of a look, want a vote", line, r)
		}
		ask(t, n, Command{Op: Release, Key: "k", Owner: "b"})
		s.mu.Lock()
		if s.asked != looks {
			t.Errorf("%s: got %d looks within their interval", line, s.asked-looks)
		}
		s.mu.Unlock()
		n.guard.at = n.guard.at.Add(-interval)
		if r := ask(t, n, grant("c")); r.Yes || r.Err == nil {
			t.Errorf("%s: got %+v, want no vote", line, r)
		}
		if r := ask(t, n, grant("d")); r.Yes || r.Err == nil || !strings.Contains(r.Err.Error(), "may have forgotten votes") {
			t.Errorf("%s: got %+v, want to be told when the node votes again", line, r)
		}
	}
}

// R6: a server that may evict keys from now on is refused by that name, under a connection that stays.
func TestReviewSeesThePolicy(t *testing.T) {
	s, n := tells(t, true, func(*teller, func(), int) {})
	if r := ask(t, n, grant("a")); !r.Yes {
		t.Fatalf("got %+v, want a vote", r)
	}
	s.mu.Lock()
	s.say("maxmemory:100")
	s.say("maxmemory_policy:allkeys-lru")
	s.mu.Unlock()
	n.guard.at = n.guard.at.Add(-interval)
	if r := ask(t, n, grant("a")); r.Yes || r.Err == nil || !strings.Contains(r.Err.Error(), "may evict keys") {
		t.Errorf("got %+v, want the policy named", r)
	}
}

// What a look along with votes has told counts once: a batch that asks nothing is no look.
func TestReviewTakesNothingTwice(t *testing.T) {
	_, n := tells(t, true, func(*teller, func(), int) {})
	n.exchange(callsFor(n, grant("a")))
	n.guard.at = n.guard.at.Add(-interval)
	n.exchange(callsFor(n, grant("b")))
	at := n.guard.at.Add(-interval)
	n.guard.at, n.guard.steady = at, time.Now().Add(time.Hour)
	calls := callsFor(n, grant("c"))
	n.exchange(calls)
	if calls[0].reply.Err == nil || n.guard.at != at {
		t.Errorf("got %+v and a look at %v, want a refusal without a look", calls[0].reply, n.guard.at)
	}
}

// The server that is looked at is the one that votes: the lane asks both by one connection, whatever others the pool has.
func TestLookGoesByTheConnectionThatVotes(t *testing.T) {
	_, n := tells(t, true, func(*teller, func(), int) {})
	for _, owner := range []string{"a", "a", "a"} {
		n.guard.looked = never
		calls := callsFor(n, grant(owner))
		n.exchange(calls)
		if !calls[0].reply.Yes {
			t.Errorf("got %+v, want a vote", calls[0].reply)
		}
	}
	if got := n.opened.Load(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
}

// A connection that died while nobody used it costs no vote, and no Check says that its node is ill.
func TestConnectionsThatAreCutWhileIdleCostNothing(t *testing.T) {
	m, n := real(t, true)
	for round := range 3 {
		calls := callsFor(n, grant("a"))
		if n.exchange(calls); !calls[0].reply.Yes {
			t.Errorf("round %d: got %+v, want a vote", round, calls[0].reply)
		}
		if h := n.Check(t.Context()); h.Err != nil {
			t.Errorf("round %d: got %v from Check", round, h.Err)
		}
		m.Close() // cuts every connection
		if err := m.Restart(); err != nil {
			t.Fatal(err)
		}
		n.guard.looked = never
		n.troubles.Add(1) // as time would: connections are looked at before they are used
	}
}
