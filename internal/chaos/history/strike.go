package history

import (
	"strconv"
	"time"
)

// Effect is what a fault does to a node as far as a quorum is concerned.
type Effect string

// The effects.
const (
	// Away: the node gives no votes; it answers nothing, or its answers do not arrive.
	Away Effect = "away"
	// Late: the node votes, and its answers are late.
	Late Effect = "late"
	// Amnesia: the node may have forgotten votes.
	Amnesia Effect = "amnesia"
	// Shift: the node's clock was set, or does not run as it should.
	Shift Effect = "shift"
	// Frozen: it is a client process that was hit, not a node.
	Frozen Effect = "frozen"
)

// Strike is one fault that came, and went.
type Strike struct {
	Fault   string   `json:"fault"`           // as a plan writes it
	Effects []Effect `json:"effects"`         //
	Nodes   []int    `json:"nodes,omitempty"` // counted from 0
	Process *int     `json:"process,omitempty"`
	Lease   string   `json:"lease,omitempty"` // which the process held when it was hit

	Begin Span   `json:"begin"` // the call that brought it
	End   Span   `json:"end"`   // the call that took it away; the same as Begin for what is over at once
	Error string `json:"error,omitempty"`
}

// Has reports whether the fault has an effect.
func (s *Strike) Has(effect Effect) bool {
	for _, e := range s.Effects {
		if e == effect {
			return true
		}
	}
	return false
}

// Text says what was done to whom.
func (s *Strike) Text() string {
	switch {
	case s.Process != nil:
		return s.Fault + " process " + strconv.Itoa(*s.Process+1)
	case len(s.Nodes) > 0:
		return s.Fault + ": " + NodeNames(s.Nodes)
	}
	return s.Fault
}

// NodeNames names nodes, which are counted from 0, by their numbers from 1.
func NodeNames(nodes []int) string {
	text := "node "
	if len(nodes) > 1 {
		text = "nodes "
	}
	for i, n := range nodes {
		switch {
		case i > 0 && i == len(nodes)-1:
			text += " and "
		case i > 0:
			text += ", "
		}
		text += strconv.Itoa(n + 1)
	}
	return text
}

// Span is a part of the run, to but not including Until.
type Span struct {
	From  time.Duration `json:"from"`
	Until time.Duration `json:"until"`
}

// Holds reports whether t is in the span.
func (s Span) Holds(t time.Duration) bool { return s.From <= t && t < s.Until }

// Overlaps reports whether the spans have a moment in common.
func (s Span) Overlaps(other Span) bool { return s.From < other.Until && other.From < s.Until }

// Length is how long it is.
func (s Span) Length() time.Duration { return s.Until - s.From }
