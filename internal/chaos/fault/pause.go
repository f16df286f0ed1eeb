package fault

import (
	"context"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Pause hangs a node: its connections stay open, nothing is answered, and what was sent meanwhile is worked off later.
type Pause struct{}

// Pauser can be hung.
type Pauser interface {
	Pause(ctx context.Context) error
	Resume(ctx context.Context) error
}

func (Pause) String() string { return "pause" }

// Effects are that the node is away.
func (Pause) Effects() []history.Effect { return []history.Effect{history.Away} }

// Bears is true of what can be hung.
func (Pause) Bears(on Target) error {
	if _, ok := on.(Pauser); !ok {
		return cannot("nobody has said how to pause this node")
	}
	return nil
}

// Strike pauses.
func (f Pause) Strike(ctx context.Context, on Target) (Cure, error) {
	if err := f.Bears(on); err != nil {
		return nil, err
	}
	node := on.(Pauser)
	return node.Resume, node.Pause(ctx)
}
