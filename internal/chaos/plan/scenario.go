package plan

import (
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/fault"
)

// Scenario is what shall go wrong, before anybody has said on which nodes, for how long altogether, and with which TTL.
type Scenario struct {
	Name     string
	About    string        // a sentence
	Duration time.Duration // of a run, if nobody says otherwise; 0 means 30s
	Cycle    Length        // after which the steps begin again, until the run is over; zero: they come once
	Steps    []Step
	Draw     *Draw  // faults that a seed draws, besides the steps
	Finally  []Step // are there when the clients stop; each begins its For before that
}

// Step is one fault, its time after the beginning of a cycle, and how long it lasts. One that is over at once lasts nothing.
type Step struct {
	At, For Length
	Fault   fault.Fault
	Nodes   Pick
	Weight  int // of a fault that is drawn: how often, beside the others; 0 means 1
}

// Draw is faults of which one comes now and then.
type Draw struct {
	Every  Length // on average
	Faults []Step // their At does not count
}

// Length is a time, or a multiple of the leases' TTL.
type Length struct {
	Fixed time.Duration
	TTLs  float64
}

// every is how often something is drawn; zero: nothing is.
func (s *Scenario) every() Length {
	if s.Draw == nil {
		return Length{}
	}
	return s.Draw.Every
}

// of returns the length with a given TTL.
func (l Length) of(ttl time.Duration) time.Duration {
	return l.Fixed + time.Duration(l.TTLs*float64(ttl)).Round(time.Millisecond)
}

// Pick is which nodes a fault hits: a number of them, by lot; or those with these numbers, counted from 1; or by one of the
// words below.
type Pick struct {
	Count int
	List  []int
	Word  Word
}

// Word is which nodes, in one.
type Word string

// The words. Minority is as many nodes as may fail, and Majority is one more than that.
const (
	Minority Word = "minority"
	Majority Word = "majority"
	All      Word = "all"
	Next     Word = "next" // one node, and the next time the one after it
)

// count returns how many of n nodes are picked.
func (p Pick) count(n int) int {
	switch {
	case p.Word == Minority:
		return (n - 1) / 2
	case p.Word == Majority:
		return (n-1)/2 + 1
	case p.Word == All:
		return n
	case p.Word == Next:
		return 1
	case len(p.List) > 0:
		return len(p.List)
	}
	return p.Count
}
