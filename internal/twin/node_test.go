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
		now, r := s.node.Grant(c.meta, c.deadline, c.parts[0])
		return reply{failed: r.Code == sim.CodeFailed, numbers: []int64{now, int64(r.Code), r.Value}}, nil
	case raise:
		p := c.parts[0]
		return plain(s.node.Raise(p.Key, p.Counter, p.Owner, p.Fence)), nil
	case extend:
		p := c.parts[0]
		return plain(s.node.Extend(p.Key, p.Owner, p.TTL)), nil
	case release:
		p := c.parts[0]
		return plain(s.node.Release(p.Key, p.Owner, c.grace)), nil
	case batch:
		now, results := s.node.Batch(c.meta, c.deadline, c.grace, c.parts, nil)
		r := reply{numbers: []int64{now}}
		for _, result := range results {
			r.numbers = append(r.numbers, int64(result.Code), result.Value)
		}
		return r, nil
	case plainly, withdraw:
		var r reply
		for _, p := range c.parts {
			r.numbers = append(r.numbers, int64(s.node.Release(p.Key, p.Owner, c.grace)))
		}
		return r, nil
	case boot:
		code, text, now := s.node.Boot(c.boot)
		return reply{failed: code == 0, numbers: []int64{int64(code), now}, text: text}, nil
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
