package twin

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/sim"
)

var (
	seed     = flag.Uint64("seed", 1, "the first seed")
	duration = flag.Duration("duration", 0, "for how long sequences are drawn; 0: a few seconds' worth")
)

// length is how many commands a sequence has.
const length = 60

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The simulator's node and the scripts on miniredis reply the same to whatever they are asked, and hold the same.
func TestTwinSaysWhatTheScriptsSay(t *testing.T) {
	t.Parallel()
	first := simulate(sim.Intact)
	compare(t, &replay{first: first, sides: []side{first, embedded(t, node.Scripts())}}, 100)
}

// So do the scripts on a real server.
func TestTwinSaysWhatRedisSays(t *testing.T) {
	t.Parallel()
	first := simulate(sim.Intact)
	total := compare(t, &replay{first: first, sides: []side{first, redisServer(t, node.Scripts()), embedded(t, node.Scripts())}}, 300)
	if err := total.record(); err != nil {
		t.Error(err)
	}
}

// A server that does not know SET with GET, as before Redis 6.2, gives the same fences. It names also those that were
// proposed.
func TestOldServersSayTheSame(t *testing.T) {
	t.Parallel()
	scripts := node.Scripts()
	scripts["grants"] = outdated(t, scripts["grants"])
	first := simulate(sim.Intact)
	compare(t, &replay{first: first, sides: []side{first, redisServer(t, scripts)}, spelled: true}, 100)
}

// Many grants have no error of a single command in their reply, where a client would take what comes after it for the next
// reply: who may not ask for how long a key stays is refused all the same.
func TestForbiddenCommandIsNoPartOfAReply(t *testing.T) {
	t.Parallel()
	const now = 1_790_000_000_000_000
	s := redisServer(t, node.Scripts())
	if err := s.reset(now); err != nil {
		t.Fatal(err)
	}
	looked, err := s.do(call{kind: boot, boot: sim.BootArgs{Run: "run1", History: "history1", Longest: 100, Members: "3:"}})
	if err != nil {
		t.Fatal(err)
	}
	if looked, err = s.do(call{kind: lift, meta: looked.text}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.do(call{kind: store, key: "k1", text: owners[1], ttl: 100}); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Do(t.Context(), "ACL", "SETUSER", "default", "-pttl").Err(); err != nil {
		t.Fatal(err)
	}
	c := call{kind: grant, meta: looked.text, deadline: now}
	for _, key := range []string{"k1", "k2"} {
		c.parts = append(c.parts, sim.Command{Op: sim.OpGrant, Key: key, Counter: node.Counter(key), Owner: owners[0], TTL: 100})
	}
	got, err := s.do(c)
	want := fmt.Sprintf("%d 0 0 1 %d", int64(now), int64(now/64+1))
	if err != nil || got.String() != want {
		t.Errorf("got %v, %v want %s", got, err, want)
	}
}

// A server whose memory is full deletes what is released, and keeps the tombstones that the same script leaves: once a
// script has written, Redis refuses it nothing any more. One that leaves them first is refused that.
func TestFullServerKeepsTombstones(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		deletesFirst bool
		want         string
		left         bool
	}{{true, "1 0", true}, {false, "1 -1", false}} {
		scripts := node.Scripts()
		if !c.deletesFirst {
			scripts["withdrawals"] = buriesFirst(t, scripts["withdrawals"])
		}
		s := redisServer(t, scripts)
		if err := s.reset(1_790_000_000_000_000); err != nil {
			t.Fatal(err)
		}
		if _, err := s.do(call{kind: store, key: "k1", text: owners[0], ttl: 100}); err != nil {
			t.Fatal(err)
		}
		if err := s.client.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
			t.Fatal(err)
		}
		releases := call{kind: withdraw, grace: 50}
		for _, key := range []string{"k1", "k2"} {
			releases.parts = append(releases.parts, sim.Command{Op: sim.OpRelease, Key: key, Owner: owners[0]})
		}
		if got, err := s.do(releases); err != nil || got.String() != c.want {
			t.Errorf("deletes first %v: got %v, %v want %s", c.deletesFirst, got, err, c.want)
		}
		got, err := s.client.Keys(t.Context(), "*").Result()
		if err != nil || slices.Contains(got, gone) != c.left || slices.Contains(got, "k1") {
			t.Errorf("deletes first %v: got the keys %q, %v", c.deletesFirst, got, err)
		}
	}
}

// buriesFirst returns the script with the two steps the other way round.
func buriesFirst(t *testing.T, text string) string {
	t.Helper()
	const deletes = "  if #free > 0 then\n    redis.call('DEL', unpack(free))\n  end\n"
	const end = "  return given == count"
	if !strings.Contains(text, deletes) || !strings.Contains(text, end) {
		t.Fatal("releases do not delete as they did any more")
	}
	return strings.Replace(strings.Replace(text, deletes, "", 1), end, deletes+end, 1)
}

// outdated returns the script with an option instead of GET that no server knows.
func outdated(t *testing.T, text string) string {
	t.Helper()
	old := strings.Replace(text, "'86400000', 'GET')", "'86400000', 'an option from later')", 1)
	if old == text {
		t.Fatal("grants do not use SET with GET any more")
	}
	return old
}

// compare puts the sides through so many sequences, or as many as there is time for.
func compare(t *testing.T, p *replay, sequences uint64) *tally {
	t.Helper()
	t.Logf("seed %d", *seed)
	total, began := newTally(), time.Now()
	p.tally = total
	for s := *seed; *duration == 0 && s < *seed+sequences || *duration > 0 && time.Since(began) < *duration; s++ {
		q := draw(s, length)
		d, err := p.run(q)
		if err != nil {
			t.Fatalf("seed %d: %v", s, err)
		}
		if d != nil {
			t.Fatalf("seed %d: %v\n%s\nagain with: go test ./internal/twin -run '%s$' -seed %d", s, d, story(p, q, d.at), t.Name(), s)
		}
	}
	t.Logf("%v in %v", total, time.Since(began).Round(time.Millisecond))
	if err := total.enough(); err != nil {
		t.Error(err)
	}
	return total
}

// story tells the shortest sequence that is found to end in a difference as well.
func story(p *replay, q sequence, at int) string {
	p.tally = nil
	q = shrink(q, at, p.differs)
	var b strings.Builder
	b.WriteString("\nwhat is left of it:\n")
	p.story = &b
	d, err := p.run(q)
	p.story = nil
	if err != nil {
		b.WriteString(err.Error())
	} else if d != nil {
		b.WriteString(d.String())
	}
	return b.String()
}
