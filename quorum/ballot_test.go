package quorum_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/quorumlock/quorumlock/quorum"
)

var seed = flag.Uint64("seed", 0, "run the property tests from this seed; 0 draws one")

// draw returns a source of randomness whose seed is printed when the test fails.
func draw(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("again with: go test -run '^%s$' -seed %d", t.Name(), s)
	return rand.New(rand.NewPCG(s, 0))
}

// dumb is the second implementation of a ballot: it remembers everybody's first vote and counts them anew each time.
type dumb struct {
	nodes int
	first map[int]bool
}

func (d dumb) cast(node int, yes bool) {
	if node < 0 || node >= d.nodes {
		return
	}
	if _, voted := d.first[node]; !voted {
		d.first[node] = yes
	}
}

func (d dumb) decision() quorum.Decision {
	yes, no := 0, 0
	for _, v := range d.first {
		if v {
			yes++
		} else {
			no++
		}
	}
	switch {
	case 2*yes > d.nodes:
		return quorum.Won
	case 2*(d.nodes-no) <= d.nodes: // even if all others said yes
		return quorum.Lost
	}
	return quorum.Pending
}

func (d dumb) voters(yes bool) (s quorum.Set) {
	for node, v := range d.first {
		if v == yes {
			s |= 1 << node
		}
	}
	return s
}

// Whatever is thrown at a ballot (votes twice, minds changed, nodes that nobody knows), it says what a map of first
// votes says, and a decision that has fallen never changes.
func TestABallotIsAMapOfFirstVotes(t *testing.T) {
	r := draw(t)
	decided := map[quorum.Decision]int{}
	for range 5_000 {
		n := 1 + r.IntN(9)
		if r.IntN(10) == 0 {
			n = quorum.MaxNodes - r.IntN(2)
		}
		bias := r.Float64()
		ballot := quorum.Majority(n).Ballot()
		model := dumb{nodes: n, first: map[int]bool{}}
		before := quorum.Pending
		for range 3 * n {
			node := r.IntN(n+4) - 2
			yes := r.Float64() < bias
			model.cast(node, yes)
			got := ballot.Cast(node, yes)
			if want := model.decision(); got != want || ballot.Decision() != want {
				t.Fatalf("%d nodes, yes %v, no %v: got %v, then %v, want %v",
					n, ballot.Yes(), ballot.No(), got, ballot.Decision(), want)
			}
			if before != quorum.Pending && got != before {
				t.Fatalf("%d nodes: a decided ballot changed: got %v want %v", n, got, before)
			}
			before = got
			yesses, noes := model.voters(true), model.voters(false)
			if ballot.Yes() != yesses || ballot.No() != noes || ballot.Voted() != yesses|noes {
				t.Fatalf("%d nodes: got yes %v, no %v, voted %v want %v, %v, %v",
					n, ballot.Yes(), ballot.No(), ballot.Voted(), yesses, noes, yesses|noes)
			}
		}
		decided[before]++
	}
	// No empty pass: the sequences must have reached both ends.
	for _, d := range []quorum.Decision{quorum.Won, quorum.Lost} {
		if decided[d] < 500 {
			t.Errorf("only %d of 5000 sequences ended %v; the test proves little", decided[d], d)
		}
	}
}

// Even if all nodes change their minds after the decision, it stands.
func TestADecidedOutcomeNeverChanges(t *testing.T) {
	for n := 1; n <= 9; n++ {
		for _, yes := range []bool{true, false} {
			ballot := quorum.Majority(n).Ballot()
			for node := range n {
				ballot.Cast(node, yes)
			}
			want := ballot.Decision()
			for node := range n {
				if got := ballot.Cast(node, !yes); got != want {
					t.Errorf("%d nodes, all %t, node %d votes again: got %v want %v", n, yes, node, got, want)
				}
			}
		}
	}
}

// One node cannot make a majority, however often it says yes.
func TestEachNodeCountsOnce(t *testing.T) {
	ballot := quorum.Majority(3).Ballot()
	for range 100 {
		if got := ballot.Cast(1, true); got != quorum.Pending {
			t.Fatalf("one node of three: got %v want pending", got)
		}
	}
	if got := ballot.Cast(2, true); got != quorum.Won {
		t.Errorf("two nodes of three: got %v want won", got)
	}
}

// The zero ballot has no nodes: nobody can vote in it, and it is lost.
func TestTheZeroBallotIsLost(t *testing.T) {
	var b quorum.Ballot
	if got := b.Decision(); got != quorum.Lost {
		t.Errorf("got %v want lost", got)
	}
	if got := b.Cast(0, true); got != quorum.Lost || b.Voted() != 0 {
		t.Errorf("after a vote: got %v by %v want lost by nobody", got, b.Voted())
	}
}
