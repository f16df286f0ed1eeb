package chaos

import (
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// EventKind is what an [Event] is about.
type EventKind string

// The kinds of events, and the fields that each of them sets beside At and Kind.
const (
	Starting  EventKind = "starting"  // Text: which nodes
	Ready     EventKind = "ready"     // Nodes; Text: what they are
	Waiting   EventKind = "waiting"   // Text: for what
	Began     EventKind = "began"     // Length of the run; Text: the scenario; Count of faults
	Struck    EventKind = "struck"    // Strike
	Cured     EventKind = "cured"     // Strike
	Skipped   EventKind = "skipped"   // Text: a fault of the plan that had nobody to hit
	Failed    EventKind = "failed"    // Text: what kept the run from being what was planned
	Sampled   EventKind = "sampled"   // Sample
	Violation EventKind = "violation" // Problem
	Stopping  EventKind = "stopping"  // the clients are told to stop
	Judging   EventKind = "judging"   // Count operations
)

// Event is one thing that happens in a run.
type Event struct {
	At      time.Duration   `json:"at"` // since the run's beginning
	Kind    EventKind       `json:"event"`
	Text    string          `json:"text,omitempty"`
	Nodes   []string        `json:"nodes,omitempty"`
	Length  time.Duration   `json:"length,omitempty"`
	Count   int             `json:"count,omitempty"`
	Strike  *history.Strike `json:"strike,omitempty"`
	Sample  *Sample         `json:"sample,omitempty"`
	Problem *check.Problem  `json:"problem,omitempty"`
}

// Sample is what went on in the time since the one before.
type Sample struct {
	Length  time.Duration     `json:"length"`
	States  []State           `json:"states"`  // of the nodes
	Cycles  int               `json:"cycles"`  // leases that were handed out
	Failed  int               `json:"failed"`  // tries that were not, of keys that nobody else wanted
	P50     time.Duration     `json:"p50"`     // of the tries that were
	P99     time.Duration     `json:"p99"`     // 0 when there was none
	Holders map[string]string `json:"holders"` // by key that is wanted by many: who believes to hold it
}

// State is how a node is doing, as far as the run has seen to it.
type State string

// The states.
const (
	Up        State = "up"
	Dead      State = "dead"
	Hung      State = "hung"
	CutOff    State = "cut off"
	Silent    State = "silent"     // a black hole
	Lossy     State = "lossy"      // loses replies
	Slowed    State = "slow"       //
	WrongTime State = "clock"      // its clock is not what it was
	Quiet     State = "not voting" // may have forgotten votes, and waits
)
