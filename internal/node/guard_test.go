package node

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// INFO's reply is read for what could have been forgotten.
func TestSurvey(t *testing.T) {
	const fine = "run_id:r\r\nuptime_in_seconds:100\r\nrole:master\r\nmaster_replid:a\r\nmaster_replid2:0\r\nmaxmemory:0\r\n" +
		"maxmemory_policy:noeviction\r\nevicted_keys:0\r\ncmdstat_get:calls=1\r\n"
	s := readSurvey(fine)
	if s.run != "r" || s.history != "a/0" || s.former != "0" || s.role != "master" || s.unfit(true) != nil || !s.remembers(90*time.Second) {
		t.Errorf("got %+v, unfit %v, want a server that remembers", s, s.unfit(true))
	}
	if s.remembers(100 * time.Second) {
		t.Error("got a server that remembers what was before its start")
	}
	for what, change := range map[string][2]string{
		"flushed":        {"cmdstat_get", "cmdstat_flushall"},
		"evicted":        {"evicted_keys:0", "evicted_keys:1"},
		"reset counters": {"cmdstat_get", "cmdstat_config|resetstat"},
		"no counters":    {"cmdstat_get:calls=1\r\n", ""},
		"no uptime":      {"uptime_in_seconds:100\r\n", ""},
	} {
		if s := readSurvey(strings.Replace(fine, change[0], change[1], 1)); s.remembers(time.Second) {
			t.Errorf("%s: got a server that remembers", what)
		}
	}
	if s := readSurvey(strings.Replace(fine, "role:master", "role:slave", 1)); s.unfit(false) == nil {
		t.Error("got a replica that may vote")
	}
	evicting := strings.NewReplacer("maxmemory:0", "maxmemory:100", "noeviction", "volatile-lru").Replace(fine)
	if s := readSurvey(evicting); s.unfit(true) == nil || s.unfit(false) != nil {
		t.Errorf("got %v with fences and %v without, want a server that may evict refused with fences alone", s.unfit(true), s.unfit(false))
	}
}

// R6: a vote counts only if the server that gave it is the one that was looked at, also when a connection was opened
// while the vote was under way.
func TestVoteOfAnotherServerDoesNotCount(t *testing.T) {
	for _, another := range []bool{false, true} {
		var run atomic.Value
		run.Store("first")
		s := serve(t, func(command []string) string {
			switch {
			case command[0] != "eval":
				return done(command)
			case command[1] == boot.source:
				meta := fmt.Sprintf("%016d 60000 1: %s -", 0, run.Load())
				return fmt.Sprintf("*3\r\n:1\r\n$%d\r\n%s\r\n:%d", len(meta), meta, time.Now().UnixMicro())
			}
			return done(command)
		})
		n := dial(t, s.addr, config(true))
		calls := callsFor(n, grant("a"))
		n.begin(n.life, calls)
		n.turn(n.life, calls)
		if !calls[0].reply.Yes {
			t.Fatalf("got %+v, want a vote", calls[0].reply)
		}
		if another {
			run.Store("second")
		}
		n.opened.Add(1)
		n.recheck(n.life, calls)
		if got := calls[0].reply; got.Yes == another || another && got.Untouched {
			t.Errorf("another server %v: got %+v", another, got)
		}
	}
}

// R6: a replica is refused by that name, and is not asked to write anything, which it would refuse with less to say.
func TestReplicaIsRefusedByName(t *testing.T) {
	s := serve(t, func(command []string) string {
		const info = "run_id:r\r\nrole:slave"
		if command[0] == "info" {
			return fmt.Sprintf("$%d\r\n%s", len(info), info)
		}
		return "-READONLY You can't write against a read only replica."
	})
	n := dial(t, s.addr, config(true))
	if r := ask(t, n, grant("a")); r.Err == nil || !strings.Contains(r.Err.Error(), "a replica, not a master") {
		t.Errorf("got %+v, want it refused as a replica", r)
	}
	if names := s.names(); strings.Contains(names, "EVAL") {
		t.Errorf("got the commands %s, want no script", names)
	}
}

// R4: a release that may have overtaken its grant, because it is owed or comes soon after trouble, leaves a tombstone, and
// the grant dies; it is for that owner alone, and for as long as the grant may come. Others leave none: their grant went
// before them by the same connection.
func TestTombstone(t *testing.T) {
	m, n := real(t, true)
	ask(t, n, Command{Op: Release, Key: "k", Owner: "zeroth"})
	if m.Exists(goneKey) {
		t.Error("got a tombstone of a release that overtook nothing")
	}
	owed := true
	for _, together := range []bool{false, true} {
		releases := []Command{{Op: Release, Key: "k", Owner: "first"}}
		if together {
			releases = append(releases, Command{Op: Release, Key: "other", Owner: "first"})
		}
		calls := callsFor(n, releases...)
		for _, c := range calls {
			c.owed = owed
		}
		if !owed {
			n.stray = time.Now().Add(time.Minute)
		}
		n.exchange(calls)
		n.stray = time.Time{}
		owed = !owed
		r := ask(t, n, grant("first"))
		if r.Yes || r.Err == nil || r.Untouched || m.Exists("k") {
			t.Errorf("together %v: got %+v for a grant after its undo, want it refused", together, r)
		}
		if r := ask(t, n, grant("second")); !r.Yes {
			t.Errorf("got %+v for another owner, want a grant", r)
		}
		ask(t, n, Command{Op: Release, Key: "k", Owner: "second"})
		if got, want := m.TTL(goneKey), n.grace; got != want {
			t.Errorf("got a tombstone for %v, want it for as long as the grant may come, %v", got, want)
		}
		m.FastForward(n.grace)
		if r := ask(t, n, grant("first")); !r.Yes {
			t.Errorf("got %+v when the tombstone is gone, want a grant", r)
		}
		ask(t, n, Command{Op: Release, Key: "k", Owner: "first"})
	}
}

// A2: a clock that has advanced by more or less than the exchanges and the drift explain has stepped.
func TestClockSteps(t *testing.T) {
	second := int64(time.Second / time.Microsecond)
	for _, c := range []struct {
		name  string
		shift time.Duration
		wide  time.Duration // for how long the second exchange took
		want  bool
	}{
		{"none", 0, 0, false},
		{"forward", 10 * time.Second, 0, true},
		{"back", -10 * time.Second, 0, true},
		{"within the drift", 900 * time.Millisecond, 0, false},
		{"back within a long exchange", -10 * time.Second, 11 * time.Second, false},
	} {
		k := &nodeClock{drift: clock.Drift{Floor: time.Second}}
		begin := now()
		if step := k.observe(1000*second, begin); step != 0 {
			t.Errorf("%s: got a step of %v at the first look", c.name, step)
		}
		sent := clock.At(now().Mono()-c.wide, 0)
		shown := 1000*second + c.shift.Microseconds()
		if step := k.observe(shown, sent); (step != 0) != c.want || step*c.shift < 0 {
			t.Errorf("%s: got a step of %v, want one: %v", c.name, step, c.want)
		}
	}
}
