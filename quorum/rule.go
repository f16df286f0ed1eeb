package quorum

import "fmt"

// MaxNodes is the largest number of nodes that a [Rule] can be about: a [Set] has one bit for each.
const MaxNodes = 64

// Rule says how many of its nodes must say yes. Make one with [Majority]; the zero Rule has no nodes and is always
// Lost.
type Rule struct {
	nodes, need int
}

// Majority returns the rule under which more than half of n nodes must say yes: n/2 + 1. Any two majorities share a
// node, which is all that exclusion rests on.
//
// An even n is allowed and buys nothing: 4 nodes need 3 votes, so they survive one failure, as 3 nodes do.
// Majority panics when n is not in [1, MaxNodes], which is an error of the program.
func Majority(n int) Rule {
	if n < 1 || n > MaxNodes {
		panic(fmt.Sprintf("quorum: a majority of %d nodes; want 1 to %d", n, MaxNodes))
	}
	return Rule{nodes: n, need: n/2 + 1}
}

// Nodes returns the number of nodes that the rule is about.
func (r Rule) Nodes() int { return r.nodes }

// Need returns how many must say yes.
func (r Rule) Need() int { return r.need }

// Decide returns what yes and no votes decide, at the earliest moment at which the outcome is fixed: Won at the vote
// that makes the majority, Lost as soon as the nodes that are left cannot make it any more.
func (r Rule) Decide(yes, no int) Decision {
	switch {
	case r.need > 0 && yes >= r.need:
		return Won
	case no > r.nodes-r.need || r.nodes == 0:
		return Lost
	default:
		return Pending
	}
}

// Decision is the outcome of a ballot.
type Decision uint8

// The outcome is open, or fixed for ever.
const (
	Pending Decision = iota
	Won
	Lost
)

// String returns the decision in lower case.
func (d Decision) String() string {
	switch d {
	case Pending:
		return "pending"
	case Won:
		return "won"
	case Lost:
		return "lost"
	default:
		return fmt.Sprintf("decision(%d)", uint8(d))
	}
}
