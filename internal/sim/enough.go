package sim

import (
	"fmt"

	"github.com/quorumlock/quorumlock/internal/protocol"
)

// Enough returns what many runs ought to have met and did not (I12): runs in which nothing happens prove nothing. The
// minima grow with the number of runs. What is rare is asked for only when there are so many runs that half of what is
// usual is no matter of luck.
func (r *Report) Enough() error {
	for _, n := range r.needs() {
		if want := r.Runs / n.every / 2; r.Runs >= 4*n.every && n.got < want {
			return fmt.Errorf("%s: %d in %d runs, want at least %d: the runs prove too little", n.what, n.got, r.Runs, want)
		}
	}
	return nil
}

// need is what usually happens at least once in so many runs, and most of it far more often.
type need struct {
	what       string
	got, every int
}

func (r *Report) needs() []need {
	needs := []need{{"attempts", r.Attempts, 1}, {"acquisitions", r.Acquired, 1}, {"hand-overs", r.HandOvers, 6}, {"contention", r.Contended, 1},
		{"raises", r.SecondTrips, 2}, {"renewals", r.Renewed, 2}, {"failed renewals", r.Kept, 4}, {"heals", r.Heals, 4},
		{"leases lost", r.Lost, 2}, {"cancelled", r.Cancelled, 2}, {"looks at servers", r.Boots, 1},
		{"nodes let vote at once", r.Lifts[1], 8}, {"looks along with votes", r.Reviews, 2},
		{"votes in doubt", r.Doubts, 20}, {"commands asked again", r.Repeated, 50},
		{"tombstones", r.Buried, 4}, {"releases without a tombstone", r.Unburied, 4},
		{"clock steps seen", r.Steps, 10}, {"messages sent twice", r.Doubled, 4}, {"batches overtaken", r.Reordered, 4},
		{"grants after their deadline", r.Expired, 2}, {"grants after their undo", r.Overtaken, 30},
		{"releases repaid", r.Repaid, 4}, {"writes", r.Writes, 1}, {"writes refused", r.Fenced, 20},
		{"crowded runs", r.Crowded, 30}, {"runs on new nodes", r.Fresh, 15},
		{"runs beyond the assumptions", r.Beyond, 12}, {"acquired beyond the assumptions", r.AcquiredBeyond, 2},
		{"two holders at a time beyond the assumptions", r.Overlaps, 100}}
	for _, count := range []int{1, 3, 5, 7} {
		needs = append(needs, need{fmt.Sprintf("runs with %d nodes", count), r.Nodes[count], 20})
	}
	for i, n := range r.Checked[1:] {
		every := 1
		if i+1 == 9 { // needs runs in which nobody contends
			every = 2
		}
		needs = append(needs, need{"looked at " + invariants[i+1], n, every})
	}
	for i, n := range r.Refusals[1:] {
		every := 20
		switch refusal(i + 1) {
		case tooLate: // to somebody who still waits
			every = 500
		case otherServer: // what changes it is seen by somebody else first
			every = 150
		case undone: // a grant must be overtaken, and still come before its deadline
			every = 5000
		}
		needs = append(needs, need{"refused: " + refusalNames[i+1], n, every})
	}
	for i, n := range r.Faults {
		every := 8
		if Kind(i) == NodeEvict { // in few runs nodes are set up so
			every = 50
		}
		needs = append(needs, need{"fault: " + kindNames[i], n, every})
	}
	for end := protocol.Taken; end <= protocol.Cancelled; end++ {
		every := 10
		if end == protocol.Late {
			every = 5000
		}
		needs = append(needs, need{"lost: " + ends[end], r.GaveUp[end], every})
	}
	return needs
}
