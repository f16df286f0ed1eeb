package node

import (
	"fmt"
	"hash/maphash"
	"strings"
	"testing"
	"time"
)

// callsFor returns calls for the commands, each ready for its first step.
func callsFor(n *Node, commands ...Command) []*call {
	calls := make([]*call, len(commands))
	for i, c := range commands {
		calls[i] = new(call)
		calls[i].put(c)
		calls[i].step = n.firstStep(c.Op)
	}
	return calls
}

// Releases go first and together, but never ahead of an earlier command for their key.
func TestReleasesAreGathered(t *testing.T) {
	n := &Node{release: byHash, extend: byHash, seed: maphash.MakeSeed()}
	on := func(op Op, key string) Command { return Command{Op: op, Key: key, Owner: "o", TTL: time.Minute} }
	calls := callsFor(n, on(Grant, "a"), on(Release, "b"), on(Release, "a"), on(Grant, "b"), on(Release, "c"),
		on(Release, "b"), on(Extend, "d"), on(Release, "d"))
	var got []string
	first, rest := n.gather(calls)
	for _, c := range first {
		got = append(got, c.Key)
	}
	if len(first)+len(rest) != len(calls) {
		t.Errorf("got %d calls gathered and %d left of %d", len(first), len(rest), len(calls))
	}
	if strings.Join(got, " ") != "b c" {
		t.Errorf("got the releases of %v gathered, want those of b and c", got)
	}
	n.scattered = true
	if first, rest := n.gather(calls); len(first) > 0 || len(rest) != len(calls) {
		t.Errorf("got %d releases gathered on a server that spreads its keys, want none", len(first))
	}
}

// A whole batch is carried out in the order of each key, and each command once, although releases are gathered.
func TestGatheredReleasesKeepTheOrder(t *testing.T) {
	for _, fenced := range []bool{true, false} {
		m, n := real(t, fenced)
		for round := range 2 { // the second finds the scripts loaded
			for _, key := range []string{"held", "other"} {
				if err := m.Set(key, "first"); err != nil {
					t.Fatal(err)
				}
			}
			on := func(op Op, key, owner string) Command {
				return Command{Op: op, Key: key, Counter: Counter(key), Owner: owner, TTL: time.Minute}
			}
			calls := callsFor(n, on(Grant, "free", "second"), on(Release, "held", "first"), on(Grant, "held", "second"),
				on(Grant, "gone", "second"), on(Release, "gone", "second"), on(Release, "other", "first"))
			n.exchange(calls)
			for i, c := range calls {
				if !c.reply.Yes {
					t.Errorf("fenced %v, round %d: got %+v to command %d, want a yes", fenced, round, c.reply, i)
				}
			}
			if got, _ := m.Get("held"); got != "second" || m.Exists("gone") || m.Exists("other") {
				t.Errorf("fenced %v, round %d: got %q under held, and keys %v, want the second owner there", fenced, round, got, m.Keys())
			}
			m.Del("free")
			m.Del("held")
		}
	}
}

// A script that replies too little is an error, and no answer.
func TestShortReplyToReleases(t *testing.T) {
	n := dial(t, serve(t, func([]string) string { return "*2\r\n:1\r\n:0" }).addr, config(false))
	calls := callsFor(n, Command{Op: Release, Key: "a", Owner: "o"}, Command{Op: Release, Key: "b", Owner: "o"},
		Command{Op: Release, Key: "c", Owner: "o"})
	n.exchange(calls)
	if !calls[0].reply.Yes || calls[1].reply.Yes || calls[1].reply.Err != nil || calls[2].reply.Err == nil {
		t.Errorf("got %+v, %+v and %+v, want a yes, a no and an error", calls[0].reply, calls[1].reply, calls[2].reply)
	}
}

// A script that says that a command failed, and says so again when that comes alone, gives no answer, and is not asked for
// ever.
func TestFailureThatIsNotExplained(t *testing.T) {
	n := dial(t, serve(t, func(command []string) string {
		switch command[1] {
		case grants.hash:
			return "*5\r\n:1\r\n:-1\r\n:0\r\n:-1\r\n:0"
		case batch.hash:
			return "*2\r\n:1\r\n:-1"
		default:
			return done(command)
		}
	}).addr, config(true))
	calls := callsFor(n, grant("a"), grant("b"), Command{Op: Extend, Key: "k", Owner: "a", TTL: time.Minute})
	n.exchange(calls)
	for i, c := range calls {
		if c.reply.Yes || c.reply.Err == nil {
			t.Errorf("got %+v to command %d, want an error", c.reply, i)
		}
	}
}

// R4: a grant that failed among others may be stored all the same, so that it is undone also when it comes too late alone.
func TestFailedGrantIsNotUntouched(t *testing.T) {
	n := dial(t, serve(t, func(command []string) string {
		switch {
		case command[1] == grants.hash && command[2] == "6":
			return fmt.Sprintf("*5\r\n:%d\r\n:-1\r\n:0\r\n:1\r\n:7", time.Now().UnixMicro())
		case command[1] == grants.hash:
			return fmt.Sprintf("*2\r\n:%d\r\n:-2", time.Now().UnixMicro())
		default:
			return done(command)
		}
	}).addr, config(true))
	calls := callsFor(n, grant("a"), grant("b"))
	n.exchange(calls)
	if r := calls[0].reply; r.Err == nil || r.Untouched {
		t.Errorf("got %+v to a grant that failed first and was late then, want an error after which it is undone", r)
	}
	if r := calls[1].reply; !r.Yes || r.Fence != 7 {
		t.Errorf("got %+v to the other, want a grant with fence 7", r)
	}
}

// Grants of several TTLs in one batch each get their own.
func TestGrantsKeepTheirTTL(t *testing.T) {
	m, n := real(t, true)
	var commands []Command
	for i := range 6 {
		c := grant("o")
		c.Key = string(rune('a' + i))
		c.Counter, c.TTL = Counter(c.Key), time.Duration(1+i/2)*time.Minute
		commands = append(commands, c)
	}
	calls := callsFor(n, commands...)
	n.exchange(calls)
	for i, c := range calls {
		if got := m.TTL(c.Key); !c.reply.Yes || got != commands[i].TTL {
			t.Errorf("%s: got %+v and a TTL of %v, want %v", c.Key, c.reply, got, commands[i].TTL)
		}
	}
}
