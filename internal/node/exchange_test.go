package node

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func grant(owner string) Command {
	return Command{Op: Grant, Key: "k", Counter: Counter("k"), Owner: owner, TTL: time.Minute}
}

// R3: asked again by the owner that holds the key, a node says yes again, with the same fence and a fresh TTL; another
// owner is refused with the time that is left.
func TestGrantIsIdempotent(t *testing.T) {
	for _, fenced := range []bool{true, false} {
		m, n := real(t, fenced)
		first := ask(t, n, grant("a"))
		m.FastForward(50 * time.Second)
		again := ask(t, n, grant("a"))
		if !first.Yes || !again.Yes || first.Fence != again.Fence || fenced != (first.Fence > 0) {
			t.Errorf("fenced %v: got %+v, then %+v; want yes twice with one fence", fenced, first, again)
		}
		if got := m.TTL("k"); fenced && got != time.Minute {
			t.Errorf("got a TTL of %v after the second grant, want 1m", got)
		}
		other := ask(t, n, grant("b"))
		if other.Yes || other.Err != nil || other.Left <= 0 || other.Left > time.Minute {
			t.Errorf("fenced %v: got %+v for another owner, want a refusal with at most 1m left", fenced, other)
		}
	}
}

// R5: a node's fences for a key only rise: past the floor, past a raise, and past its clock when the counter is gone;
// a floor from a broken clock is cut.
func TestFencesRise(t *testing.T) {
	m, n := real(t, true)
	now := time.Now()
	m.SetTime(now)
	clock := uint64(now.UnixMicro() / Tick)
	next := func(floor uint64) uint64 {
		t.Helper()
		c := grant("a")
		c.Fence = floor
		r := ask(t, n, c)
		if !r.Yes {
			t.Fatalf("got %+v, want a grant", r)
		}
		ask(t, n, Command{Op: Release, Key: "k", Owner: "a"})
		return r.Fence
	}
	if got := next(0); got != clock+1 {
		t.Errorf("got %d without a counter, want the node's clock and 1, %d", got, clock+1)
	}
	if got := next(0); got != clock+2 {
		t.Errorf("got %d, want %d", got, clock+2)
	}
	if got := next(clock + 781); got != clock+781 {
		t.Errorf("got %d with that proposed, want %d", got, clock+781)
	}
	if got := next(clock + 56_250_000); got != clock+937_500 {
		t.Errorf("got %d with one of an hour ahead, want it cut at 60s, %d", got, clock+937_500)
	}
	if got := next(clock + 781); got != clock+937_501 {
		t.Errorf("got %d with one that is too small, want the next after the last, %d", got, clock+937_501)
	}
	if got, err := m.Get(Counter("k")); got != fmt.Sprint(clock+937_501) {
		t.Errorf("got the counter %q (%v), want the last fence", got, err)
	}
	m.Del(Counter("k"))
	if got := next(clock - 781); got != clock+1 {
		t.Errorf("got %d without a counter and with a proposal of the past, want the node's clock and 1, %d", got, clock+1)
	}
	ask(t, n, grant("a"))
	if r := ask(t, n, Command{Op: Raise, Key: "k", Counter: Counter("k"), Owner: "b", Fence: clock + 14_062_500}); r.Yes {
		t.Error("got yes to a raise by an owner that does not hold the key")
	}
	if r := ask(t, n, Command{Op: Raise, Key: "k", Counter: Counter("k"), Owner: "a", Fence: clock + 1_093_750}); !r.Yes {
		t.Errorf("got %+v, want the fence raised", r)
	}
	for fence, want := range map[uint64]bool{5: false, clock + 1_093_750: true} {
		if r := ask(t, n, Command{Op: Raise, Key: "k", Counter: Counter("k"), Owner: "a", Fence: fence}); r.Yes != want {
			t.Errorf("got %+v for a raise to %d, want %v: the counter is at %d", r, fence, want, clock+1_093_750)
		}
	}
	ask(t, n, Command{Op: Release, Key: "k", Owner: "a"})
	if got := next(0); got != clock+1_093_751 {
		t.Errorf("got %d after a raise, want %d", got, clock+1_093_751)
	}
	if got := m.TTL(Counter("k")); got != 24*time.Hour {
		t.Errorf("got a TTL of %v on the counter, want 24h", got)
	}
}

// Only the owner extends and releases.
func TestOnlyTheOwnerMayTouchTheKey(t *testing.T) {
	m, n := real(t, true)
	ask(t, n, grant("a"))
	extend := Command{Op: Extend, Key: "k", Owner: "b", TTL: time.Hour}
	if r := ask(t, n, extend); r.Yes || r.Err != nil {
		t.Errorf("got %+v for another owner's extend, want no", r)
	}
	if r := ask(t, n, Command{Op: Release, Key: "k", Owner: "b"}); r.Yes || r.Err != nil {
		t.Errorf("got %+v for another owner's release, want no", r)
	}
	extend.Owner = "a"
	if r := ask(t, n, extend); !r.Yes || m.TTL("k") != time.Hour {
		t.Errorf("got %+v and a TTL of %v, want the key extended to 1h", r, m.TTL("k"))
	}
	if r := ask(t, n, Command{Op: Release, Key: "k", Owner: "a"}); !r.Yes || m.Exists("k") {
		t.Errorf("got %+v, want the key deleted", r)
	}
	if r := ask(t, n, extend); r.Yes || m.Exists("k") {
		t.Errorf("got %+v, want an extend of nothing to create nothing", r)
	}
}

// A server that forgot the scripts is told them again, without anybody noticing.
func TestForgottenScriptIsLoadedAgain(t *testing.T) {
	_, n := real(t, true)
	for range 3 {
		if r := ask(t, n, grant("a")); !r.Yes {
			t.Errorf("got %+v, want a grant", r)
		}
		if err := n.client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		if r := ask(t, n, Command{Op: Release, Key: "k", Owner: "a"}); !r.Yes {
			t.Errorf("got %+v, want a release", r)
		}
	}
}

// Where scripts are forbidden, plain mode finds the server's own way to compare and delete, or WATCH, and remembers it.
func TestServersWithoutScripts(t *testing.T) {
	const never = "-NOPERM this user has no permissions to run the 'evalsha' command"
	const unknown = "-ERR unknown command 'DELEX', with args beginning with:"
	replies := func(own map[string]string) func(command []string) string {
		return func(command []string) string {
			name := strings.ToUpper(command[0])
			if reply, ok := own[name]; ok {
				return reply
			}
			switch {
			case strings.HasPrefix(name, "EVAL"):
				return never
			case name == "SET" && strings.Contains(strings.Join(command, " "), "IFEQ"):
				return "-ERR syntax error"
			case name == "GET":
				return "$1\r\na"
			case name == "WATCH", name == "UNWATCH", name == "MULTI":
				return "+OK"
			case name == "DEL", name == "PEXPIRE":
				return "+QUEUED"
			case name == "EXEC":
				return "*1\r\n:1"
			}
			return unknown
		}
	}
	for _, test := range []struct {
		name         string
		op           Op
		own          map[string]string
		first, later string
	}{
		{"Redis 8.4 release", Release, map[string]string{"DELEX": ":1"}, "EVALSHA DELEX", "DELEX"},
		{"Valkey 9 release", Release, map[string]string{"DELIFEQ": ":1"}, "EVALSHA DELEX DELIFEQ", "DELIFEQ"},
		{"old release", Release, nil, "EVALSHA DELEX DELIFEQ WATCH GET MULTI DEL EXEC", "WATCH GET MULTI DEL EXEC"},
		{"Redis 8.4 extend", Extend, map[string]string{"SET": "+OK"}, "EVALSHA SET", "SET"},
		{"old extend", Extend, nil, "EVALSHA SET WATCH GET MULTI PEXPIRE EXEC", "WATCH GET MULTI PEXPIRE EXEC"},
	} {
		s := serve(t, replies(test.own))
		n := dial(t, s.addr, config(false))
		for i, want := range []string{test.first, test.first + " " + test.later} {
			r := ask(t, n, Command{Op: test.op, Key: "k", Owner: "a", TTL: time.Minute})
			if got := strings.ReplaceAll(s.names(), " UNWATCH", ""); !r.Yes || got != want {
				t.Errorf("%s, time %d: got %+v by %q, want yes by %q", test.name, i+1, r, got, want)
			}
		}
	}
}

// Another owner's key is neither deleted nor extended without scripts, and neither is one that changes meanwhile.
func TestWatchComparesTheOwner(t *testing.T) {
	for name, replies := range map[string]map[string]string{
		"another owner": {"GET": "$1\r\nb"},
		"nobody":        {"GET": "$-1"},
		"changed":       {"GET": "$1\r\na", "EXEC": "*-1"},
	} {
		s := serve(t, func(command []string) string {
			command[0] = strings.ToUpper(command[0])
			if reply, ok := replies[command[0]]; ok {
				return reply
			}
			switch command[0] {
			case "WATCH", "UNWATCH", "MULTI":
				return "+OK"
			case "DEL":
				return "+QUEUED"
			}
			return "-ERR unknown command"
		})
		n := dial(t, s.addr, config(false))
		if r := ask(t, n, Command{Op: Release, Key: "k", Owner: "a"}); r.Yes || r.Err != nil {
			t.Errorf("%s: got %+v, want a plain no", name, r)
		}
	}
}

// A fence needs scripts: without them the grant fails, for good, and says why.
func TestFencedGrantNeedsScripts(t *testing.T) {
	s := serve(t, func([]string) string { return "-NOPERM no permissions to run the 'evalsha' command" })
	r := ask(t, dial(t, s.addr, config(true)), grant("a"))
	if why, ok := r.Err.(*Error); !ok || !why.Permanent || !strings.Contains(why.Error(), "evalsha") {
		t.Errorf("got %+v, want a permanent error that names evalsha", r)
	}
}

// A plain SET that stored nothing looks who is there: our own owner, after a reply was lost, is a grant.
func TestLostReplyOfSetIsNotARefusal(t *testing.T) {
	for holder, want := range map[string]bool{"a": true, "b": false} {
		s := serve(t, func(command []string) string {
			switch strings.ToUpper(command[0]) {
			case "GET":
				return "$1\r\n" + holder
			case "PTTL":
				return ":1500"
			}
			return "$-1"
		})
		r := ask(t, dial(t, s.addr, config(false)), grant("a"))
		if r.Yes != want || r.Err != nil || !want && r.Left != 1500*time.Millisecond {
			t.Errorf("got %+v while %q holds the key, want yes: %v", r, holder, want)
		}
	}
}

// Commands that share a batch are carried out in order, each for itself, also by a server that does not know the
// scripts yet: one that fails is told its own error, and spoils no other.
func TestOneFailureSpoilsNoOther(t *testing.T) {
	for _, fenced := range []bool{true, false} {
		m, n := real(t, fenced)
		if _, err := m.Push("list", "an element"); err != nil {
			t.Fatal(err)
		}
		commands := []Command{
			grant("a"),
			{Op: Extend, Key: "list", Owner: "a", TTL: time.Minute},
			{Op: Release, Key: "k", Owner: "a"},
			grant("b"),
			{Op: Release, Key: "list", Owner: "a"},
			grant("c"),
			{Op: Extend, Key: "k", Owner: "b", TTL: time.Hour},
		}
		calls := make([]*call, len(commands))
		for i, c := range commands {
			calls[i] = new(call)
			calls[i].put(c)
		}
		n.exchange(calls)
		for i, want := range []string{"yes", "WRONGTYPE", "yes", "yes", "WRONGTYPE", "no", "yes"} {
			r := calls[i].reply
			got := map[bool]string{true: "yes", false: "no"}[r.Yes]
			if r.Err != nil {
				got, _, _ = strings.Cut(r.Err.Error(), " ")
			}
			if got != want {
				t.Errorf("fenced %v, command %d: got %s (%+v), want %s", fenced, i, got, r, want)
			}
		}
		if !m.Exists("list") {
			t.Error("got the list deleted")
		}
	}
}

// R4: a grant that is carried out after its client has given up is refused, and says so; one in time is not.
func TestLateGrantIsRefused(t *testing.T) {
	m, n := real(t, true)
	now := time.Now()
	m.SetTime(now)
	if r := ask(t, n, grant("a")); !r.Yes { // before the node's clock is known, there is no deadline
		t.Fatalf("got %+v, want a grant", r)
	}
	ask(t, n, Command{Op: Release, Key: "k", Owner: "a"})
	m.SetTime(now.Add(n.cfg.Timeout + grace + time.Second))
	r := ask(t, n, grant("b"))
	if r.Yes || r.Err == nil || !strings.Contains(r.Err.Error(), "too late") || m.Exists("k") {
		t.Errorf("got %+v from a clock that is past the deadline, want the grant refused", r)
	}
	if down, _ := n.lane.state(); down != nil {
		t.Errorf("got a lane that is down: %v", down)
	}
	if r := ask(t, n, grant("c")); !r.Yes {
		t.Errorf("got %+v once the node has told its time again, want a grant", r)
	}
}

// Two scripts in one pipeline keep their arguments apart: go-redis keeps the slice until the pipeline is answered.
func TestScriptsInOnePipelineShareNoArguments(t *testing.T) {
	var calls [4]*call
	for i, key := range []string{"a", "b", "c", "d"} {
		calls[i] = &call{step: byHash}
		calls[i].put(Command{Op: Grant, Key: key, Counter: Counter(key), Owner: "o", TTL: time.Minute})
	}
	n := &Node{args: make([]any, 0, 100)}
	n.cfg.Fenced = true
	n.together(byGrants, calls[:2])
	want := fmt.Sprint(n.commands[0].Args())
	n.together(byGrants, calls[2:])
	if got := fmt.Sprint(n.commands[0].Args()); got != want || fmt.Sprint(n.commands[1].Args()) == want {
		t.Errorf("got the first script as %s after the second was made, want %s", got, want)
	}
}

// A key that an ACL forbids, or that is in another slot, fails alone: the others of its batch are carried out.
func TestRefusedBatchIsCarriedOutOneByOne(t *testing.T) {
	for _, refusal := range []string{"-NOPERM No permissions to access a key", "-CROSSSLOT Keys in request don't hash"} {
		s := serve(t, func(command []string) string {
			switch {
			case len(command) > 1 && command[1] == grants.hash && len(command) > 13:
				return refusal
			case len(command) > 5 && command[5] == "forbidden":
				return "-NOPERM No permissions to access a key"
			default:
				return done(command)
			}
		})
		n := dial(t, s.addr, config(true))
		var calls []*call
		for _, key := range []string{"a", "forbidden", "b"} {
			c := new(call)
			c.put(Command{Op: Grant, Key: key, Counter: Counter(key), Owner: "o", TTL: time.Minute})
			calls = append(calls, c)
		}
		n.exchange(calls)
		if !calls[0].reply.Yes || calls[1].reply.Err == nil || !calls[2].reply.Yes {
			t.Errorf("%s: got %+v, %+v and %+v, want only the second to fail", refusal, calls[0].reply, calls[1].reply, calls[2].reply)
		}
		if want := strings.Contains(refusal, "CROSSSLOT"); n.scattered != want {
			t.Errorf("%s: got scattered %v, want %v", refusal, n.scattered, want)
		}
	}
}

// A command that is asked again is not overtaken by a later one for its key: an undo that found nothing is asked again
// after its grant.
func TestRepeatedGrantIsUndone(t *testing.T) {
	held, failed := map[string]bool{}, false
	n := dial(t, serve(t, func(command []string) string {
		switch command[1] {
		case grants.hash:
			if len(held) == 0 && !failed {
				failed = true
				return "-NOSCRIPT No matching script"
			}
			held[command[5]] = true
		case grants.source:
			held[command[5]] = true
		case release.hash, release.source:
			if !held[command[3]] {
				return ":0"
			}
			delete(held, command[3])
		}
		return done(command)
	}).addr, config(true))
	calls := []*call{new(call), new(call)}
	calls[0].put(grant("a"))
	calls[1].put(Command{Op: Release, Key: "k", Owner: "a"})
	n.exchange(calls)
	if held["k"] || !calls[0].reply.Yes || !calls[1].reply.Yes {
		t.Errorf("got held %v, %+v and %+v, want the grant undone", held, calls[0].reply, calls[1].reply)
	}
}

// A release that was carried out stays so, whatever a rival's earlier grant for the same key takes as its next step.
func TestReleaseIsNotAskedAgainForARival(t *testing.T) {
	m, n := real(t, false)
	ask(t, n, Command{Op: Release, Key: "other", Owner: "holder"}) // the server knows the script from then on
	if err := m.Set("k", "holder"); err != nil {
		t.Fatal(err)
	}
	calls := callsFor(n, grant("rival"), Command{Op: Release, Key: "k", Owner: "holder"}) // the release is not gathered
	n.exchange(calls)
	if !calls[1].reply.Yes {
		t.Errorf("got %+v, want the release done", calls[1].reply)
	}
}
