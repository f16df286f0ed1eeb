package fault

import (
	"context"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Flush deletes all that a node has, at once, and the node goes on.
type Flush struct{}

// Flusher may be flushed: it is nobody's but ours.
type Flusher interface {
	Flush(ctx context.Context) error
}

func (Flush) String() string { return "flush" }

// Effects are that the node has forgotten its votes.
func (Flush) Effects() []history.Effect { return []history.Effect{history.Amnesia} }

// Bears is true of nodes of our own. Somebody else's data are not ours to delete.
func (Flush) Bears(on Target) error {
	if _, ok := on.(Flusher); !ok {
		return cannot("only nodes that were started for this run are flushed: yours may hold more than its locks")
	}
	return nil
}

// Strike deletes.
func (f Flush) Strike(ctx context.Context, on Target) (Cure, error) {
	if err := f.Bears(on); err != nil {
		return nil, err
	}
	return nil, on.(Flusher).Flush(ctx)
}
