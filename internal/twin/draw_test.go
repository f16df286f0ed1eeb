package twin

import (
	"math/rand/v2"
	"strings"

	"github.com/quorumlock/quorumlock/internal/sim"
)

// sequence is what the nodes are put through, from empty on.
type sequence struct {
	start    int64 // µs, what their clocks show
	commands []command
}

// draw returns the sequence of the seed. Most of what it draws are values next to those at which a script decides
// otherwise.
func draw(seed uint64, length int) sequence {
	r := rand.New(rand.NewPCG(seed, 0))
	q := sequence{start: drawStart(r)}
	if r.IntN(10) > 0 {
		q.commands = append(q.commands, command{kind: boot, boot: sim.BootArgs{Run: "run1", History: "history1/0", Former: "0",
			Longest: 100, Members: "3:", Stretch: 1.01}})
		if r.IntN(2) > 0 {
			q.commands = append(q.commands, command{kind: lift})
		}
	}
	for len(q.commands) < length {
		if r.IntN(30) == 0 {
			q.commands = append(q.commands, drawFair(r)...)
		}
		c := drawCommand(r)
		q.commands = append(q.commands, c)
		if c.kind == boot && r.IntN(4) == 0 {
			q.commands = append(q.commands, command{kind: lift, expected: drawExpected(r)})
		}
	}
	return q
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// drawStart returns a time of today, or one at which ticks are about to have 14 digits, or 15: 1990 and 2172.
func drawStart(r *rand.Rand) int64 {
	const ticks, minute = 64, 60_000_000
	switch r.IntN(10) {
	case 0:
		return 10_000_000_000_000*ticks - minute + r.Int64N(2*minute)
	case 1:
		return 100_000_000_000_000*ticks - 2*minute + r.Int64N(3*minute)
	case 2:
		return 1_000_000 + r.Int64N(1_000_000_000)
	}
	return 1_790_000_000_000_000 + r.Int64N(1_000_000_000_000)
}

func drawCommand(r *rand.Rand) command {
	switch n := r.IntN(100); {
	case n < 20:
		return command{kind: wait, move: drawMoment(r)}
	case n < 44:
		return drawGrants(r)
	case n < 63:
		return command{kind: batch, grace: pick[int64](r, 0, 1, 20, 50),
			parts: drawParts(r, drawCount(r), sim.OpRaise, sim.OpExtend, sim.OpRelease)}
	case n < 68:
		return command{kind: extend, parts: drawParts(r, 1, sim.OpExtend)}
	case n < 74:
		return command{kind: release, parts: drawParts(r, 1, sim.OpRelease)}
	case n < 79:
		return drawReleases(r)
	case n < 87:
		return command{kind: boot, boot: drawBoot(r)}
	case n < 93:
		return drawStranger(r)
	case n < 94:
		return command{kind: flush}
	case n < 95:
		return command{kind: lift, expected: drawExpected(r)}
	}
	return command{kind: look}
}

// drawExpected returns what a client takes the meta key to say, which is mostly what it does say.
func drawExpected(r *rand.Rand) expected {
	return pick(r, told, told, told, told, told, older, changed, nothing)
}

// drawCount returns how many commands go by one script: often one alone, which fails in another way than one of many.
func drawCount(r *rand.Rand) int { return pick(r, 1, 1, 1, 2, 2, 1+r.IntN(8)) }

// drawGrants returns a script that asks for the node's vote.
func drawGrants(r *rand.Rand) command {
	count := drawCount(r)
	if r.IntN(3) == 0 { // it reads numbers as numbers, and more of them as text
		count = 1
	}
	c := command{kind: grant, deadline: 500_000, parts: drawParts(r, count, sim.OpGrant)}
	for i := range c.parts {
		c.parts[i].ttl = c.parts[0].ttl
	}
	switch r.IntN(16) {
	case 0:
		c.expected = pick(r, older, changed, nothing)
	case 1:
		c.deadline = pick[int64](r, -1_000_000_000, -1000, -1, -1, 0, 0, 0, 1)
	}
	return c
}

func drawParts(r *rand.Rand, count int, ops ...sim.Op) []part {
	parts := make([]part, count)
	for i := range parts {
		p := part{op: pick(r, ops...), key: r.IntN(len(keys)), owner: r.IntN(len(owners)), ttl: pick[int64](r, 1, 2, 30, 100, 100)}
		p.fence = drawNumber(r)
		if p.op == sim.OpRaise {
			p.fence = number{pick(r, counter, counter, ceiling), pick[int64](r, -1, 0, 1, 50)}
		}
		if p.op != sim.OpGrant && r.IntN(4) > 0 || r.IntN(6) == 0 {
			p.owner = holder
		}
		parts[i] = p
	}
	return parts
}

// drawNumber returns a fence to propose.
func drawNumber(r *rand.Rand) number {
	switch r.IntN(10) {
	case 0:
		return number{}
	case 1:
		return number{ceiling, pick[int64](r, -1, 0, 1, 1_000_000)}
	case 2, 3:
		return number{counter, pick[int64](r, -1, 0, 1, 2)}
	case 4:
		return number{clock, pick[int64](r, -1, 0, 0, 1, -1_000_000)}
	case 5:
		if r.IntN(2) == 0 {
			return number{tenfold, r.Int64N(10)}
		}
		return number{fixed, pick[int64](r, 1, 9_999_999_999_999, 10_000_000_000_000, 99_999_999_999_999, 100_000_000_000_000, 1<<53+1, 1<<63-1)}
	}
	return number{clock, 781 + r.Int64N(10)}
}

// drawReleases returns releases alone: each key once, as package node sends them.
func drawReleases(r *rand.Rand) command {
	c := command{kind: pick(r, plainly, withdraw), parts: drawParts(r, len(keys), sim.OpRelease)}
	for i, key := range r.Perm(len(keys)) {
		c.parts[i].key = key
	}
	c.parts = c.parts[:1+r.IntN(len(keys))]
	if c.kind == withdraw {
		c.grace = pick[int64](r, 1, 20, 50)
	}
	return c
}

// drawFair returns what goes well, unless the node does not vote: keys that somebody may hold are freed, given to one
// owner, and given back.
func drawFair(r *rand.Rand) []command {
	free := command{kind: plainly}
	take := command{kind: grant, deadline: 500_000}
	owner := r.IntN(len(owners))
	fence := pick(r, number{clock, 781}, number{clock, 2_000}, number{clock, 50_000}, number{clock, 500_000}, number{ceiling, 0})
	for _, key := range r.Perm(len(keys))[:2+r.IntN(2)] {
		free.parts = append(free.parts, part{op: sim.OpRelease, key: key, owner: holder})
		take.parts = append(take.parts, part{op: sim.OpGrant, key: key, owner: owner, ttl: 100, fence: fence})
	}
	back := free
	if r.IntN(3) > 0 {
		back.kind, back.grace = withdraw, 20
	}
	return []command{{kind: wait, move: moment{pick(r, present, tick), 0, 0}}, free, take, back}
}

func drawBoot(r *rand.Rand) sim.BootArgs {
	a := sim.BootArgs{Run: "run1", History: "history1/0", Former: pick(r, "-", strings.Repeat("0", 40)), Longest: 100, Members: "3:",
		Stretch: pick(r, 1.01, 1.01, 1, 1.0201, 1.3), Durable: r.IntN(3) == 0}
	switch r.IntN(9) {
	case 0:
		a.Members = pick(r, "5:", "3:other")
	case 1:
		a.Longest = pick[int64](r, 99, 101, 3000)
	case 2:
		a.Run = pick(r, "run2", "run3", "-")
	case 3: // a replica was promoted
		a.Run, a.Former, a.History = "run2", "history1", "history2/0"
	case 4:
		a.History, a.Former = pick(r, "history2/0", "-"), pick(r, "", "0-0", "history0", "history2")
	case 5: // keys were evicted
		a.History = pick(r, "history1/7", "history1/8")
	}
	return a
}

func drawMoment(r *rand.Rand) moment {
	switch r.IntN(10) {
	case 0, 1:
		return moment{end, r.IntN(len(names())), pick[int64](r, -1000, -1, 0)}
	case 2, 3:
		return moment{votes, 0, pick[int64](r, -1, 0, 1)}
	case 4:
		return moment{present, 0, pick[int64](r, 86_399_999_000, 86_400_000_000, 86_400_001_000)} // the life of a counter
	case 5:
		return moment{present, 0, -r.Int64N(200_000)} // set back
	case 6:
		return moment{tick, 0, pick[int64](r, -1, 0, 0)}
	}
	return moment{present, 0, r.Int64N(pick[int64](r, 100, 3_000, 50_000, 200_000))}
}

// drawStranger returns what somebody else does to one of the keys.
func drawStranger(r *rand.Rand) command {
	c := command{kind: pick(r, store, store, store, store, spoil, remove), target: r.IntN(len(names()))}
	if r.IntN(2) > 0 {
		c.target = r.IntN(2 * len(keys)) // less often what makes all grants fail for a while
	}
	if c.kind != store {
		return c
	}
	c.ttl = pick[int64](r, 0, 1, 40)
	switch {
	case names()[c.target] == gone:
		c.text = strings.Repeat(owners[0]+" ", 32_768/(len(owners[0])+1)) // the next tombstone has no place any more
	case names()[c.target] == meta:
		c.text = pick(r, "rubbish", "0000000000000000 100 3: run1", "0000000000000000 100 3: run1 history1/0 more", "0000000000000000 100  run1 history1/0",
			"x000000000000000 100 3: run1 history1/0", "0000000000000000 100 3: run1 history1/0", "0000000000000000 100 3: run1 history0/0")
	case c.target < len(keys):
		c.text = pick(r, append(owners, "a stranger")...)
	case r.IntN(4) == 0:
		c.text = pick(r, "rubbish", "rubbish rubbish", "!ubbish 123456")
	default:
		c.fence = number{pick(r, clock, ceiling, since, since, since, since), pick[int64](r, -1, -1, 0, 0, 1, -1000)}
		if r.IntN(5) == 0 {
			c.fence = number{fixed, pick[int64](r, 5, 9_999_999_999_999, 99_999_999_999_999, 100_000_000_000_000)}
		}
	}
	return c
}
