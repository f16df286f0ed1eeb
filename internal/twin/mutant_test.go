package twin

import (
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/sim"
)

// tries is how many seeds a mutant may survive.
const tries = 100

// A twin that is broken is told apart from the scripts.
func TestBrokenTwinsAreCaught(t *testing.T) {
	t.Parallel()
	intact := embedded(t, node.Scripts())
	for m := sim.Canary; m < sim.ClientExpiry; m++ {
		first := simulate(m)
		caught(t, m.String(), &replay{first: first, sides: []side{first, intact}})
	}
}

// A script that is changed is told apart from its twin, also where the change is as small as it can be.
func TestChangedScriptsAreCaught(t *testing.T) {
	t.Parallel()
	for _, change := range []struct{ from, to string }{
		{"tonumber(stored or ticks) + 1", "tonumber(stored or ticks)"},
		{"'%.0f', ticks + 937500)", "'%.0f', ticks + 937501)"},
		{"tonumber(proposal), ticks + 937500)", "tonumber(proposal), ticks + 937501)"},
		{"86400000, 'GET'", "86400001, 'GET'"},
		{"string.format('%.0f', own), 'PX', 86400000", "string.format('%.0f', own), 'PX', 86400001"},
		{"'SET', counter, fence, 'PX', 86400000", "'SET', counter, fence, 'PX', 86400001"},
		{"proposal <= ceiling", "proposal < ceiling"},
		{"stored < oldest", "stored <= oldest"},
		{"stored < proposal", "stored <= proposal"},
		{"present < proposal", "present <= proposal"},
		{"math.floor(now() / 64)", "math.floor(now() / 64 + 0.5)"},
		{"if withdrawn and", "if false and"},
		{"  redis.call('PEXPIRE', key, ttl)\n  local", "  local"},
		{"stored and tonumber(stored) or fence", "fence"},
		{"> tonumber(fence)", ">= tonumber(fence)"},
		{"if holder == owner then", "if holder then"},
		{"if gone then", "if false then"},
		{"-32768", "-32767"},
		{"'PX', grace", "'PX', grace + 1"},
		{"if late > 0", "if late >= 0"},
		{"if wait > 0", "if wait >= 0"},
		{"return -3, 0", "return -4, 0"},
		{"code, value = -1, 0", "code, value = 0, 0"},
		{"fine and code or -1", "fine and code or 0"},
		{"if #mine > 0", "if #mine > 1"},
		{"local count, gone, grace = #KEYS\n", "local count, gone, grace = #KEYS, 'gone', 10\n"},
		{"+ 10000", "+ 9999"},
		{"* tonumber(ARGV[6])", ""},
		{"ARGV[7] == '1' and 0", "0"},
		{"others ~= members", "false"},
		{"tonumber(longest) > tonumber(allowed)", "tonumber(longest) >= tonumber(allowed)"},
		{"run == '-' or", ""},
		{"and replication == history", ""},
		{"'^[0-]*$'", "'^0*$'"},
		{"keep(tonumber(ready), allowed)", "keep(0, allowed)"},
		{"math.max(tonumber(ready), quarantine(allowed))", "quarantine(allowed)"},
	} {
		scripts, changed := node.Scripts(), 0
		for name, text := range scripts {
			changed += strings.Count(text, change.from)
			scripts[name] = strings.ReplaceAll(text, change.from, change.to)
		}
		if changed == 0 {
			t.Errorf("%q is in no script any more", change.from)
			continue
		}
		first := simulate(sim.Intact)
		caught(t, change.from+" -> "+change.to, &replay{first: first, sides: []side{first, embedded(t, scripts)}})
	}
}

// caught fails the test if no sequence ends in a difference.
func caught(t *testing.T, what string, p *replay) {
	t.Helper()
	for s := uint64(1); s <= tries; s++ {
		d, err := p.run(draw(s, length))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		if d != nil {
			t.Logf("%s: by seed %d, command %d", what, s, d.at)
			return
		}
	}
	t.Errorf("%s: no difference in %d sequences", what, tries)
}

// What is told of a difference are the few commands that it takes: here a boot, a release that finds nothing, and the
// grant that it has overtaken.
func TestDifferencesAreShrunk(t *testing.T) {
	t.Parallel()
	first := simulate(sim.NoTombstones)
	p := &replay{first: first, sides: []side{first, embedded(t, node.Scripts())}}
	for s := uint64(1); s <= tries; s++ {
		q := draw(s, length)
		d, err := p.run(q)
		if err != nil {
			t.Fatal(err)
		}
		if d == nil {
			continue
		}
		short := shrink(q, d.at, p.differs)
		if !p.differs(short) {
			t.Fatal("got a sequence that ends in no difference")
		}
		if len(short.commands) > 5 {
			t.Errorf("got %d commands of %d, want about three:\n%s", len(short.commands), len(q.commands), story(p, q, d.at))
		}
		return
	}
	t.Error("no difference to shrink")
}
