package twin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorumlock/quorumlock/internal/sim"
)

// side is one of those that must say the same.
type side interface {
	name() string
	reset(now int64) error // forgets everything; its clock shows now, in µs, and stands still
	set(now int64) error   // moves the clock
	do(c call) (reply, error)
	contents() (string, error) // of all keys: what stands there, and for how many ms
}

// simulated is the simulator's node.
type simulated struct {
	node *sim.Node
	now  int64
}

func simulate(m sim.Mutant) *simulated {
	s := &simulated{}
	s.node = sim.NewNode(func() int64 { return s.now }, meta, gone)
	s.node.Break(m)
	return s
}

func (s *simulated) name() string { return "twin" }

func (s *simulated) reset(now int64) error {
	s.node.Flush()
	return s.set(now)
}

func (s *simulated) set(now int64) error {
	s.now = now
	return nil
}

func (s *simulated) do(c call) (reply, error) {
	switch c.kind {
	case grant:
		return s.grants(c), nil
	case extend:
		p := c.parts[0]
		return plain(s.node.Extend(p.Key, p.Owner, p.TTL)), nil
	case release:
		p := c.parts[0]
		return plain(s.node.Release(p.Key, p.Owner)), nil
	case batch:
		now, results := s.node.Batch("", 0, c.grace, c.parts, nil)
		r := reply{failed: failed(results), numbers: []int64{now}}
		for _, result := range results {
			r.numbers = append(r.numbers, int64(result.Code))
		}
		return r, nil
	case plainly, withdraw:
		return s.releases(c), nil
	case boot:
		code, text, now := s.node.Boot(c.boot)
		return reply{failed: code == 0, numbers: []int64{int64(code), now}, text: text}, nil
	case lift:
		code, text := s.node.Lift(c.meta)
		return reply{failed: code == sim.CodeFailed, numbers: []int64{int64(code)}, text: text}, nil
	case flush:
		s.node.Flush()
	case store:
		s.node.Store(c.key, c.text, c.ttl)
	case spoil:
		s.node.Spoil(c.key)
	case remove:
		s.node.Remove(c.key)
	default:
		return reply{}, fmt.Errorf("nobody can do %q", c.kind)
	}
	return reply{}, nil
}

// grants puts into numbers what the node says to grants, as grants.lua does.
func (s *simulated) grants(c call) reply {
	now, why, results := s.node.Grants(c.meta, c.deadline, c.parts, nil)
	if why != 0 {
		return reply{numbers: []int64{now, int64(why)}}
	}
	holders := ""
	r, usual := reply{failed: failed(results), numbers: []int64{now}}, true
	for _, result := range results {
		code := int64(result.Code)
		if len(result.Holder) == 36 {
			code, holders = 2, holders+result.Holder
		}
		r.numbers = append(r.numbers, code, result.Value)
		usual = usual && result == sim.Result{Code: 1}
	}
	if usual {
		r.numbers = []int64{now, 0}
	}
	for ; holders != ""; holders = holders[6:] {
		word := int64(0)
		for _, b := range []byte(holders[:6]) {
			word = word<<8 + int64(b)
		}
		r.numbers = append(r.numbers, word)
	}
	return r
}

// releases puts into numbers what the node says to releases, as releases.lua does.
func (s *simulated) releases(c call) reply {
	var r reply
	all := true
	for _, result := range s.node.Releases(c.grace, c.parts, nil) {
		r.numbers = append(r.numbers, int64(result.Code))
		all = all && result.Code == 1
	}
	if all {
		r.numbers = []int64{1}
	}
	return r
}

// failed reports whether a script of one command fails: one of many says so in its reply.
func failed(results []sim.Result) bool {
	return len(results) == 1 && results[0].Code == sim.CodeFailed
}

// plain is the reply of a script of one command that says whether that was done.
func plain(code int) reply {
	return reply{failed: code == sim.CodeFailed, numbers: []int64{int64(code)}}
}

func (s *simulated) contents() (string, error) {
	var b strings.Builder
	all := names()
	slices.Sort(all)
	for _, name := range all {
		if text, there := s.node.Get(name); there {
			describe(&b, name, text, text == "", s.node.Left(name))
		}
	}
	return b.String(), nil
}

// describe adds a key to the contents of a side.
func describe(b *strings.Builder, name, text string, list bool, left int64) {
	if list {
		text = "(no text)"
	}
	fmt.Fprintf(b, "%s %d ms: %s\n", name, left, text)
}
