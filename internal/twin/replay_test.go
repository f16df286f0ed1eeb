package twin

import (
	"fmt"
	"io"
	"strconv"

	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/sim"
)

// replay puts every side through one sequence. The simulated node goes first: the rest of what commands depend on is
// taken from it, and all others are told the same.
type replay struct {
	first *simulated
	sides []side // with the first
	now   int64
	told  []string // what boot told of the meta key, the newest last
	tally *tally   // nil: nobody counts
	story io.Writer
	// spelled: compared are the fences, whether a reply names them or says that they are the ones that were proposed.
	spelled bool
}

// difference is where one side says something else than the first.
type difference struct {
	at        int // of the commands
	what      string
	side      string
	want, got string
}

func (d *difference) String() string {
	return fmt.Sprintf("command %d: %s\n  twin: %s\n  %s: %s", d.at, d.what, d.want, d.side, d.got)
}

// run returns the first difference, if there is one. An error is about the test, and not about what it compares.
func (p *replay) run(q sequence) (*difference, error) {
	p.now, p.told = q.start, nil
	for _, s := range p.sides {
		if err := s.reset(p.now); err != nil {
			return nil, err
		}
	}
	if p.tally != nil {
		p.tally.sequences++
	}
	for i, c := range append(q.commands[:len(q.commands):len(q.commands)], command{kind: look}) {
		d, err := p.step(c)
		if d != nil {
			d.at = i
		}
		if d != nil || err != nil {
			return d, err
		}
	}
	return nil, nil
}

// differs reports whether the sequence ends in a difference.
func (p *replay) differs(q sequence) bool {
	d, err := p.run(q)
	return d != nil && err == nil
}

func (p *replay) step(c command) (*difference, error) {
	switch c.kind {
	case look:
		return p.look()
	case wait:
		return p.wait(c.move)
	}
	filled := p.fill(c)
	p.tell("%v", filled)
	var want reply
	for i, s := range p.sides {
		got, err := s.do(filled)

		if err != nil {
			return nil, err
		}
		p.tell("   %s: %v", s.name(), got)
		if i == 0 {
			want = got
		} else if w, g := p.compared(filled, want), p.compared(filled, got); g != w {
			return &difference{what: filled.String(), side: s.name(), want: w, got: g}, nil
		}
	}
	if (filled.kind == boot || filled.kind == lift) && !want.failed && want.numbers[0] > 0 && (len(p.told) == 0 || p.told[len(p.told)-1] != want.text) {
		p.told = append(p.told, want.text)
		if p.tally != nil {
			p.tally.replies[string(filled.kind)+": told something new"]++
		}
	}
	if p.tally != nil {
		p.tally.count(filled, want, len(p.sides))
	}
	return nil, nil
}

// compared is what counts of a reply.
func (p *replay) compared(c call, r reply) string {
	if p.spelled {
		r = r.spell(c)
	}
	return r.String()
}

// look compares the contents.
func (p *replay) look() (*difference, error) {
	var want string
	for i, s := range p.sides {
		got, err := s.contents()
		if err != nil {
			return nil, err
		}
		if i == 0 {
			want = got
		} else if got != want {
			return &difference{what: "contents", side: s.name(), want: "\n" + want, got: "\n" + got}, nil
		}
	}
	if p.tally != nil {
		p.tally.looks++
	}
	p.tell("look: the same:\n%s", want)
	return nil, nil
}

// wait moves the clocks. Before they are set back everything is looked at: of the keys that have expired, and that nobody
// has asked for since, Redis deletes some when it likes to, and the others would be back.
func (p *replay) wait(m moment) (*difference, error) {
	to := p.now + m.by
	switch m.from {
	case tick:
		to = (p.now/64+1)*64 + m.by
	case end:
		left := p.first.node.Left(names()[m.key])
		if left < 0 {
			return nil, nil
		}
		to = (p.now/1000+left+1)*1000 + m.by
	case votes:
		to = p.votes() + m.by
		if to-p.now > 10_000_000 || p.now-to > 10_000_000 { // it has voted for long, or nobody has asked
			return nil, nil
		}
	}
	if to <= 0 {
		return nil, nil
	}
	if to < p.now {
		if d, err := p.look(); d != nil || err != nil {
			return d, err
		}
	}
	p.tell("wait for %d µs: it is %d", to-p.now, to)
	p.now = to
	for _, s := range p.sides {
		if err := s.set(to); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// votes is from when on the node votes, in µs.
func (p *replay) votes() int64 {
	text, _ := p.first.node.Get(meta)
	ready, _ := strconv.ParseInt(text[:min(16, len(text))], 10, 64)
	return ready
}

// fill fills a command in.
func (p *replay) fill(c command) call {
	filled := call{kind: c.kind, deadline: p.now + c.deadline, grace: c.grace, boot: c.boot, text: c.text, ttl: c.ttl}
	latest := len(p.told) - 1
	switch {
	case c.expected == told && latest >= 0:
		filled.meta = p.told[latest]
	case c.expected == older && latest >= 1:
		filled.meta = p.told[latest-1]
	case c.expected == changed && latest >= 0:
		filled.meta = "1" + p.told[latest][1:]
	}
	for _, part := range c.parts {
		key := keys[part.key]
		filled.parts = append(filled.parts, sim.Command{Op: part.op, Key: key, Counter: node.Counter(key), Owner: p.owner(part),
			TTL: part.ttl, Fence: uint64(p.number(part.fence, node.Counter(key)))})
	}
	if c.kind == store || c.kind == spoil || c.kind == remove {
		filled.key = names()[c.target]
		if c.text == "" {
			filled.text = strconv.FormatInt(p.number(c.fence, filled.key), 10)
		}
	}
	return filled
}

func (p *replay) owner(of part) string {
	if of.owner != holder {
		return owners[of.owner]
	}
	if text, _ := p.first.node.Get(keys[of.key]); text != "" {
		return text
	}
	return owners[0]
}

// number returns a fence, given the counter that it may be about. It is never negative.
func (p *replay) number(n number, of string) int64 {
	from := int64(0)
	switch n.base {
	case clock:
		from = p.now / 64
	case tenfold:
		from = p.now / 64 * 10
	case ceiling:
		from = p.now/64 + 937_500
	case counter:
		text, _ := p.first.node.Get(of)
		from, _ = strconv.ParseInt(text, 10, 64)
	case since:
		from = p.votes() / 64
	}
	return max(0, from+n.off)
}

func (p *replay) tell(format string, args ...any) {
	if p.story != nil {
		fmt.Fprintf(p.story, format+"\n", args...)
	}
}
