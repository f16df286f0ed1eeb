package bench

import (
	"errors"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// The deciding vote and the slowest node of each lock that was won are told apart, whatever else the nodes say; a
// failure is no answer, and a refusal is one.
func TestAnswers(t *testing.T) {
	a := newAnswers(3)
	say := func(op string, node int, yes bool, err error, ms int, votes, said int) {
		a.answered(t.Context(), redlock.Answer{Op: op, Node: node, Yes: yes, Err: err, After: time.Duration(ms) * time.Millisecond, Votes: votes, Answers: said, Need: 2})
	}
	say("lock", 0, true, nil, 9, 2, 1) // before the measured part
	a.on.Store(true)
	failed := errors.New("no answer within 500ms")
	// Won, by the second vote; the third node fails later.
	say("lock", 0, true, nil, 1, 1, 1)
	say("lock", 1, true, nil, 2, 2, 2)
	say("lock", 2, false, failed, 500, 2, 3)
	// Lost: nothing decides it, and its slowest node is of no interest.
	say("lock", 0, false, nil, 1, 0, 1)
	say("lock", 1, false, nil, 1, 0, 2)
	say("lock", 2, true, nil, 80, 1, 3)
	say("unlock", 0, true, nil, 3, 1, 1)
	say("extend", 0, true, nil, 70, 1, 1)

	var p part
	a.fill(&p)
	var r Result
	p.fill(&r, redlock.Health{Nodes: make([]redlock.NodeHealth, 3)})
	if got := a.rounds.Load(); got != 2 {
		t.Errorf("got %d rounds, want 2", got)
	}
	if r.Quorum.Count != 1 || r.Quorum.Max < Millis(2*time.Millisecond) || r.Quorum.Max > Millis(3*time.Millisecond) {
		t.Errorf("got %+v to the deciding vote, want one of 2ms", r.Quorum)
	}
	if r.Slowest.Count != 1 || r.Slowest.Max < Millis(500*time.Millisecond) {
		t.Errorf("got %+v to the slowest node, want one of 500ms", r.Slowest)
	}
	if n := r.Nodes[0]; n.Answer.Count != 3 || n.Refusals != 1 || n.Failures() != 0 {
		t.Errorf("got %+v of node 1, want 3 answers, one of them a refusal", n)
	}
	if n := r.Nodes[2]; n.Answer.Count != 1 || n.Refusals != 0 || n.Failures() != 1 || n.Errors[0].Kind != failed.Error() {
		t.Errorf("got %+v of node 3, want 1 answer and 1 failure", n)
	}
}
