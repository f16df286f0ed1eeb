package quorum_test

import (
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/quorum"
)

// What a majority is, for every number of nodes that somebody deploys: the table is written by hand, not computed.
func TestMajorityNeedsMoreThanHalf(t *testing.T) {
	for _, c := range []struct{ nodes, need, survives int }{
		{1, 1, 0},
		{2, 2, 0},
		{3, 2, 1},
		{4, 3, 1},
		{5, 3, 2},
		{6, 4, 2},
		{7, 4, 3},
		{8, 5, 3},
		{9, 5, 4},
		{63, 32, 31},
		{64, 33, 31},
	} {
		r := quorum.Majority(c.nodes)
		if got := r.Nodes(); got != c.nodes {
			t.Errorf("Majority(%d).Nodes(): got %d want %d", c.nodes, got, c.nodes)
		}
		if got := r.Need(); got != c.need {
			t.Errorf("Majority(%d).Need(): got %d want %d", c.nodes, got, c.need)
		}
		if got := r.Nodes() - r.Need(); got != c.survives {
			t.Errorf("Majority(%d) survives: got %d failures want %d", c.nodes, got, c.survives)
		}
	}
}

// A decision falls at the very vote that fixes it: not one vote sooner, and not one later.
func TestDecideAtTheBoundaries(t *testing.T) {
	const (
		pending = quorum.Pending
		won     = quorum.Won
		lost    = quorum.Lost
	)
	for _, c := range []struct {
		nodes, yes, no int
		want           quorum.Decision
	}{
		{1, 0, 0, pending}, {1, 1, 0, won}, {1, 0, 1, lost},
		{2, 1, 0, pending}, {2, 2, 0, won}, {2, 0, 1, lost}, {2, 1, 1, lost},
		{3, 1, 0, pending}, {3, 2, 0, won}, {3, 1, 1, pending}, {3, 2, 1, won}, {3, 0, 1, pending}, {3, 0, 2, lost}, {3, 1, 2, lost},
		{4, 2, 0, pending}, {4, 3, 0, won}, {4, 2, 1, pending}, {4, 3, 1, won}, {4, 0, 1, pending}, {4, 0, 2, lost}, {4, 2, 2, lost},
		{5, 2, 0, pending}, {5, 3, 0, won}, {5, 2, 2, pending}, {5, 3, 2, won}, {5, 0, 2, pending}, {5, 0, 3, lost}, {5, 2, 3, lost},
		{6, 3, 0, pending}, {6, 4, 0, won}, {6, 3, 2, pending}, {6, 4, 2, won}, {6, 0, 2, pending}, {6, 0, 3, lost}, {6, 3, 3, lost},
		{7, 3, 0, pending}, {7, 4, 0, won}, {7, 3, 3, pending}, {7, 4, 3, won}, {7, 0, 3, pending}, {7, 0, 4, lost}, {7, 3, 4, lost},
		{8, 4, 0, pending}, {8, 5, 0, won}, {8, 4, 3, pending}, {8, 5, 3, won}, {8, 0, 3, pending}, {8, 0, 4, lost}, {8, 4, 4, lost},
		{9, 4, 0, pending}, {9, 5, 0, won}, {9, 4, 4, pending}, {9, 5, 4, won}, {9, 0, 4, pending}, {9, 0, 5, lost}, {9, 4, 5, lost},
		{63, 31, 0, pending}, {63, 32, 0, won}, {63, 31, 31, pending}, {63, 32, 31, won}, {63, 0, 31, pending}, {63, 0, 32, lost}, {63, 31, 32, lost},
		{64, 32, 0, pending}, {64, 33, 0, won}, {64, 32, 31, pending}, {64, 33, 31, won}, {64, 0, 31, pending}, {64, 0, 32, lost}, {64, 32, 32, lost},
	} {
		if got := quorum.Majority(c.nodes).Decide(c.yes, c.no); got != c.want {
			t.Errorf("%d nodes, %d yes, %d no: got %v want %v", c.nodes, c.yes, c.no, got, c.want)
		}
	}
}

// Once every node has voted, the ballot is decided, by who has more than half.
func TestAFullBallotIsNeverPending(t *testing.T) {
	for n := 1; n <= quorum.MaxNodes; n++ {
		for yes := 0; yes <= n; yes++ {
			want := quorum.Lost
			if yes > n-yes {
				want = quorum.Won
			}
			if got := quorum.Majority(n).Decide(yes, n-yes); got != want {
				t.Errorf("%d nodes, %d yes, %d no: got %v want %v", n, yes, n-yes, got, want)
			}
		}
	}
}

// A decision is one that the votes still to come cannot change, and it is taken as soon as there is one: checked
// against every way in which the rest may vote.
func TestDecideLooksAtEveryFuture(t *testing.T) {
	for n := 1; n <= 9; n++ {
		for yes := 0; yes <= n; yes++ {
			for no := 0; yes+no <= n; no++ {
				canWin, canLose := false, false
				for more := 0; more <= n-yes-no; more++ {
					if 2*(yes+more) > n {
						canWin = true
					} else {
						canLose = true
					}
				}
				want := quorum.Pending
				switch {
				case !canLose:
					want = quorum.Won
				case !canWin:
					want = quorum.Lost
				}
				if got := quorum.Majority(n).Decide(yes, no); got != want {
					t.Errorf("%d nodes, %d yes, %d no: got %v want %v", n, yes, no, got, want)
				}
			}
		}
	}
}

// Exclusion rests on this alone: two sets of nodes that both win have a node in common.
func TestEveryTwoMajoritiesIntersect(t *testing.T) {
	for n := 1; n <= 7; n++ {
		r := quorum.Majority(n)
		winning := 0
		for a := quorum.Set(0); a <= quorum.All(n); a++ {
			if r.Decide(a.Len(), 0) != quorum.Won {
				continue
			}
			winning++
			for b := quorum.Set(0); b <= quorum.All(n); b++ {
				if r.Decide(b.Len(), 0) == quorum.Won && a&b == 0 {
					t.Errorf("%d nodes: %v and %v both win and share no node", n, a, b)
				}
			}
		}
		if winning == 0 {
			t.Errorf("%d nodes: got no majority at all", n)
		}
	}
}

// A rule about no nodes can never be kept.
func TestTheZeroRuleIsLost(t *testing.T) {
	var r quorum.Rule
	for _, votes := range [][2]int{{0, 0}, {1, 0}, {0, 1}} {
		if got := r.Decide(votes[0], votes[1]); got != quorum.Lost {
			t.Errorf("the zero rule with %d yes, %d no: got %v want lost", votes[0], votes[1], got)
		}
	}
	if r.Nodes() != 0 || r.Need() != 0 {
		t.Errorf("the zero rule: got %d of %d want 0 of 0", r.Need(), r.Nodes())
	}
}

// A number of nodes that no rule can be about is an error of the program, and the panic names it.
func TestMajorityPanicsOutsideItsRange(t *testing.T) {
	for _, c := range []struct {
		nodes int
		want  string
	}{
		{-1, "-1 nodes"},
		{0, "0 nodes"},
		{65, "65 nodes"},
	} {
		func() {
			defer func() {
				got, _ := recover().(string)
				if !strings.HasPrefix(got, "quorum: ") || !strings.Contains(got, c.want) {
					t.Errorf("Majority(%d): got panic %q want one about %q", c.nodes, got, c.want)
				}
			}()
			quorum.Majority(c.nodes)
		}()
	}
}

// Decisions read in words, also one that does not exist.
func TestDecisionsHaveNames(t *testing.T) {
	for d, want := range map[quorum.Decision]string{
		quorum.Pending:     "pending",
		quorum.Won:         "won",
		quorum.Lost:        "lost",
		quorum.Decision(9): "decision(9)",
	} {
		if got := d.String(); got != want {
			t.Errorf("got %q want %q", got, want)
		}
	}
}
