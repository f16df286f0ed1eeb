package check

import (
	"slices"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Watch looks at a run that goes on, and tells at once of two holders at a time, or of a fence that is too small. It
// remembers the latest beliefs of each key only: [Judge] has the last word. The zero value watches for two holders. It is
// not safe for concurrent use.
type Watch struct {
	Fenced bool // leases have fences

	latest map[string][]belief // of each key, in the order in which they were told
}

// remembered is how many beliefs of a key a watch knows. Those of clients that were stopped are told late.
const remembered = 64

// Tell tells of an operation that was reported, in about the order in which they returned, and returns what is wrong with
// it: nil as long as all is well.
func (w *Watch) Tell(op *history.Operation) *Problem {
	if op.Kind != history.Hold {
		return nil
	}
	mine := *op // the caller may use its own again
	b := newBelief(&mine)
	if b.empty() {
		return nil
	}
	if w.latest == nil {
		w.latest = map[string][]belief{}
	}
	known := w.latest[op.Key]
	var found *Problem
	for i := len(known) - 1; i >= 0 && found == nil; i-- {
		first, second := known[i], b
		if second.From < first.From {
			first, second = second, first
		}
		found = clash(first, second)
		if found == nil && w.Fenced {
			found = backwards(first, second)
		}
	}
	if len(known) >= remembered {
		known = slices.Delete(known, 0, 1)
	}
	w.latest[op.Key] = append(known, b)
	return found
}
