package twin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/sim"
)

// tries is how many seeds a mutant may survive.
const tries = 1500

// A twin that is broken is told apart from the scripts.
func TestBrokenTwinsAreCaught(t *testing.T) {
	t.Parallel()
	intact := embedded(t, node.Scripts())
	for m := sim.Canary; m < sim.ClientExpiry; m++ {
		first := simulate(m)
		caught(t, m.String(), &replay{first: first, sides: []side{first, intact}})
	}
}

// change is a small change of a script.
type change struct{ from, to string }

// changes has one for each comparison, constant and code of the scripts that a reply or the contents depend on.
var changes = []change{
	// grants.lua
	{"#KEYS == 4 and redis.call", "#KEYS > 0 and redis.call"},
	{"#KEYS == 4 and redis.call", "false and redis.call"},
	{"if now - ARGV[2] > 0", "if now - ARGV[2] >= 0"},
	{"return {now, -2}", "return {now, -3}"},
	{"kept[1] ~= expected", "not kept[1]"},
	{"return {now, -3}", "return {now, -4}"},
	{"(expected >= time[1] or #time[1] ~= 10) and now <", "expected >= time[1] and now <"},
	{"#time[1] ~= 10", "#time[1] == 9"},
	{"#time[1] ~= 10", "#time[1] < 9"},
	{"and now < tonumber(", "and now <= tonumber("},
	{"and now < tonumber(", "and now + 1 < tonumber("},
	{"expected, 1, 16", "expected, 1, 15"},
	{"return {now, -4}", "return {now, -3}"},
	{"local present, ttl = now / 64", "local present, ttl = now / 64 + 1"},
	{"local present, ttl = now / 64", "local present, ttl = math.floor(now / 64 + 0.5)"},
	{"ceiling = present + 937500", "ceiling = present + 937501"},
	{"ceiling = present + 937500", "ceiling = present + 937499"},
	{"code, value = -5, 0", "code, value = 0, 0"},
	{"if not undone or", "if true or"},
	{"string.find(undone, owner, 1, true)", "string.find(undone, owner .. ' ', 1, true)"},
	{"string.find(undone, owner, 1, true)", "string.find(undone, owner, 2, true)"},
	{"'NX', 'PX', ttl", "'PX', ttl"},
	{"'NX', 'PX', ttl", "'NX', 'PX', ttl + 1"},
	{"      if holder == owner then", "      if holder then"},
	{"call('PEXPIRE', key, ttl) == 1", "call('EXISTS', key) == 1"},
	{"value = tonumber(call('GET', counter))", "value = 0"},
	{"value = tonumber(call('GET', counter))", "value = nil"},
	{"elseif type(holder) == 'table' then", "elseif false then"},
	{"code, value = 0, tonumber(call('PTTL', key))", "code, value = 0, 0"},
	{"code, value = 0, tonumber(", "code, value = -5, tonumber("},
	{"proposed > present", "proposed >= present"},
	{"proposed <= ceiling", "proposed < ceiling"},
	{"proposed <= ceiling", "true"},
	{"proposed > present", "true"},
	{"proposal > low", "proposal >= low"},
	{"proposal > low and", ""},
	{"proposal <= high", "proposal < high"},
	{"and proposal <= high", ""},
	{"fits = #proposal == #low and", "fits ="},
	{"if low and #low == #high then", "if low then"},
	{"reply = {now}\n", "reply = {now + 1}\n"},
	{"for n = 2, i - 3, 2 do", "for n = 4, i - 3, 2 do"},
	{"for n = 2, i - 3, 2 do", "for n = 2, i - 5, 2 do"},
	{"reply[n], reply[n + 1] = 1, 0", "reply[n], reply[n + 1] = 0, 0"},
	{"(code ~= 1 or value ~= 0)", "code ~= 1"},
	{"(code ~= 1 or value ~= 0)", "value ~= 0"},
	{"return reply or {now, 0}", "return reply or {now, 1}"},
	{"'86400000', 'GET'", "'86400001', 'GET'"},
	{"stored == false or", ""},
	{"#stored == #proposal and", ""},
	{"#stored == #proposal", "#stored <= #proposal"},
	{"stored < proposal", "stored <= proposal"},
	{"stored < proposal", "false"},
	{"= fence(call, counter, proposal, stored,", "= fence(call, counter, proposal, nil,"},
	// fence.lua
	{"present = math.floor(present)", ""},
	{"present = math.floor(present)", "present = math.ceil(present)"},
	{"type(stored) ~= 'string'", "false"},
	{"    return -1, 0\n", "    return 0, 0\n"},
	{"local last = tonumber(stored)", "local last = stored and tonumber(stored) or 0"},
	{"if not last or", "if not stored or"},
	{"last < math.floor(", "last <= math.floor("},
	{"or last < math.floor(tonumber(string.sub(meta, 1, 16), 10) / 64)", ""},
	{"math.floor(tonumber(string.sub(meta, 1, 16), 10) / 64)", "tonumber(string.sub(meta, 1, 16), 10) / 64"},
	{"string.sub(meta, 1, 16), 10) / 64", "string.sub(meta, 1, 16), 10) / 65"},
	{"last = present", "last = present + 1"},
	{"math.max(last + 1,", "math.max(last,"},
	{"math.max(last + 1,", "math.max(last + 2,"},
	{"present + 937500))", "present + 937501))"},
	{"present + 937500))", "present + 937499))"},
	{"math.min(tonumber(proposal), present + 937500)", "tonumber(proposal)"},
	{"string.format('%.0f', own), 'PX', '86400000'", "string.format('%.0f', own), 'PX', '86400001'"},
	{"#holder == 36", "#holder == 35"},
	{"* 256 + c) * 256 + d", "* 256 + d) * 256 + c"},
	{"string.byte(names, at, at + 5)", "string.byte(names, at + 1, at + 6)"},
	// raise.lua, extend.lua and release.lua
	{"redis.call('GET', key) ~= owner", "not redis.call('GET', key)"},
	{"redis.call('GET', counter) or 0", "redis.call('GET', counter) or fence + 1"},
	{"> tonumber(fence)", ">= tonumber(fence)"},
	{"> tonumber(fence)", "> tonumber(fence) + 1"},
	{"if tonumber(redis.call('GET', counter) or 0) >", "if 0 >"},
	{"'SET', counter, fence, 'PX', '86400000'", "'SET', counter, fence, 'PX', '86400001'"},
	{"if redis.call('GET', key) == owner then", "if redis.call('GET', key) then"},
	{"redis.call('PEXPIRE', key, ttl)\n  end", "redis.call('PEXPIRE', key, ttl + 1)\n  end"},
	{"redis.call('PEXPIRE', key, ttl)\n  end", "redis.call('EXISTS', key)\n  end"},
	{"if holder(key) ~= owner then", "if holder(key) ~= owner and false then"},
	{"    redis.call('DEL', key)\n  end\n  return 1", "    redis.call('EXISTS', key)\n  end\n  return 1"},
	{"if not wake(key) then", "if wake(key) then"},
	// quick.lua
	{"if found[1] == ARGV[1] and", "if"},
	{"redis.call('DEL', KEYS[1])", "redis.call('EXISTS', KEYS[1])"},
	{"  redis.call('DEL', KEYS[1])\n  return 1", "  redis.call('DEL', KEYS[1])\n  return 0"},
	// bury.lua
	{"(redis.call('GET', gone) or '')", "''"},
	{"(redis.call('GET', gone) or '') .. owners", "owners .. (redis.call('GET', gone) or '')"},
	{"-32768", "-32767"},
	{"math.max(left, tonumber(grace))", "tonumber(grace)"},
	{"math.max(left, tonumber(grace))", "math.max(left, tonumber(grace)) + 1"},
	// releases.lua
	{"if held[i] == ARGV[i] then", "if held[i] then"},
	{"if held[i] == ARGV[i] then", "if not held[i] then"},
	{"reply[i], given = 1, given + 1", "reply[i], given = 0, given + 1"},
	{"reply[i], given = 1, given + 1", "reply[i], given = 1, given"},
	{"if not wake(KEYS[i]) then", "if wake(KEYS[i]) then"},
	{"reply[i] = fine and code or -1", "reply[i] = fine and code or 0"},
	{"pcall(release, KEYS[i]", "true, release(KEYS[i]"},
	{"if #free > 0", "if #free > 1"},
	{"given == count and {1} or reply", "reply"},
	{"given == count and {1} or reply", "given > 0 and {1} or reply"},
	{"given == count and {1} or reply", "given == count and {0} or reply"},
	{"releases(#KEYS)", "releases(#KEYS, 'gone', 10)"},
	{"KEYS[#KEYS], ARGV[#ARGV])", "KEYS[#KEYS], ARGV[#ARGV] + 1)"},
	{"releases(#KEYS - 1, KEYS[#KEYS], ARGV[#ARGV])", "releases(#KEYS - 1)"},
	{"      if code == 0 then", "      if code == 1 then"},
	{"      if code == 0 then", "      if true then"},
	{"if gone and #none > 0", "if gone and #none > 1"},
	{"if gone and #none > 0", "if gone"},
	{"owners .. ARGV[none[n]] .. ' '", "ARGV[none[n]] .. ' ' .. owners"},
	{"owners .. ARGV[none[n]] .. ' '", "owners .. ARGV[none[n]]"},
	{"owners .. ARGV[none[n]] .. ' '", "ARGV[none[n]] .. ' '"},
	{"not pcall(bury, gone, grace, owners)", "bury(gone, grace, owners)"},
	{"reply[none[n]] = -1", "reply[none[n]] = 0"},
	{"reply[none[n]] = -1", "reply[n] = -1"},
	// batch.lua
	{"ARGV[5] and pcall", "ARGV[4] and pcall"},
	{"ARGV[5] and pcall", "ARGV[6] and pcall"},
	{"ARGV[5] and pcall", "false and pcall"},
	{"local reply, key, arg = {now()}", "local reply, key, arg = {now() + 1}"},
	{"if op == '3' then", "if op == '4' then"},
	{"reply[#reply + 1] = fine and code or -1", "reply[#reply + 1] = fine and code or 0"},
	{"fine and code == 0 and ARGV[1]", "fine and ARGV[1]"},
	{"if fine and code == 0", "if code == 0 and false"},
	{" and ARGV[1] ~= '0' then", " then"},
	{" and ARGV[1] ~= '0' then", " and ARGV[1] ~= '1' then"},
	{"fine = guarded(bury,", "guarded(bury,"},
	{"fine = guarded(bury,", "fine = true, bury("},
	{"owner .. ' ')", "owner)"},
	// boot.lua
	{"'%016.0f ", "'%015.0f "},
	{"+ 10000", "+ 9999"},
	{"* tonumber(ARGV[6])", ""},
	{"return {code or 1, meta", "return {1, meta"},
	{"longest, 2)", "longest)"},
	{"longest, 2)", "longest, 3)"},
	{"return keep(quarantine(longest), longest, 2)", "return keep(0, longest, 2)"},
	{"return keep(quarantine(longest), longest)\n", "return keep(0, longest)\n"},
	{"return keep(quarantine(longest), longest)\n", "return keep(quarantine(longest), longest, 2)\n"},
	{"others ~= members", "false"},
	{"return {-1, kept", "return {1, kept"},
	{"tonumber(longest) > tonumber(allowed)", "tonumber(longest) >= tonumber(allowed)"},
	{"return {-2, kept", "return {-1, kept"},
	{"run == '-' or", ""},
	{"and history == of", ""},
	{"ARGV[7] == '1' and", ""},
	{"and run ~= wrote and", "and"},
	{"and run ~= wrote and", "and history == of and"},
	{"'^[0-]*$'", "'^0*$'"},
	{"keep(tonumber(ready, 10), allowed)", "keep(0, allowed)"},
	{"math.max(tonumber(ready, 10), quarantine(allowed))", "quarantine(allowed)"},
	// lift.lua
	{"if redis.call('GET', KEYS[1]) ~= ARGV[1] then", "if not redis.call('GET', KEYS[1]) then"},
	{"if redis.call('GET', KEYS[1]) ~= ARGV[1] then", "if false then"},
	{"if redis.call('GET', KEYS[1]) ~= ARGV[1] then", "if (redis.call('GET', KEYS[1]) or ARGV[1]) ~= ARGV[1] then"},
	{"return {0, ''}", "return {1, ''}"},
	{"return {0, ''}", "return {0, ARGV[1]}"},
	{"'0000000000000000' ..", "'0000000000000001' .."},
	{"string.sub(ARGV[1], 17)", "string.sub(ARGV[1], 16)"},
	{"string.sub(ARGV[1], 17)", "string.sub(ARGV[1], 18)"},
	{"redis.call('SET', KEYS[1], meta)\nreturn {1", "return {1"},
	{"return {1, meta}", "return {1, ARGV[1]}"},
}

// A script that is changed is told apart from its twin, also where the change is as small as it can be.
func TestChangedScriptsAreCaught(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		if scripts, done := c.apply(node.Scripts()); !done {
			t.Errorf("%q is in no script any more", c.from)
		} else {
			first := simulate(sim.Intact)
			caught(t, c.String(), &replay{first: first, sides: []side{first, embedded(t, scripts)}})
		}
	}
}

// So is one on a server that does not know SET with GET.
func TestChangedScriptsAreCaughtOnOldServers(t *testing.T) {
	t.Parallel()
	for _, c := range []change{
		{"type(stored) ~= 'string'", "stored == nil"},
		{"stored = call('GET', counter)", "stored = false"},
		{"    if type(stored) == 'table' then", "    if false then"},
		{"    return -1, 0\n", "    return 1, 0\n"},
		{"#stored == #proposal and", ""},
	} {
		scripts := node.Scripts()
		scripts["grants"] = outdated(t, scripts["grants"])
		scripts, done := c.apply(scripts)
		if !done {
			t.Errorf("%q is in no script any more", c.from)
			continue
		}
		first := simulate(sim.Intact)
		caught(t, c.String(), &replay{first: first, sides: []side{first, embedded(t, scripts)}, spelled: true})
	}
}

func (c change) String() string { return fmt.Sprintf("%q -> %q", c.from, c.to) }

// apply changes the scripts, and reports whether there was anything to change.
func (c change) apply(scripts map[string]string) (changed map[string]string, done bool) {
	changed = map[string]string{}
	for name, text := range scripts {
		changed[name] = strings.ReplaceAll(text, c.from, c.to)
		done = done || changed[name] != text
	}
	return changed, done
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
