package fault

import (
	"context"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Cut takes a node off its network: connections break, dialling is refused, and the node itself runs on.
type Cut struct{}

// Cutter can be cut off.
type Cutter interface {
	CutOff(ctx context.Context) error
	Heal(ctx context.Context) error
}

func (Cut) String() string { return "cut" }

// Effects are that the node is away.
func (Cut) Effects() []history.Effect { return []history.Effect{history.Away} }

// Bears is true of what has a network to be taken off.
func (Cut) Bears(on Target) error {
	if _, ok := on.(Cutter); !ok {
		return cannot("nobody has said how to cut this node off its network")
	}
	return nil
}

// Strike cuts off.
func (f Cut) Strike(ctx context.Context, on Target) (Cure, error) {
	if err := f.Bears(on); err != nil {
		return nil, err
	}
	node := on.(Cutter)
	return node.Heal, node.CutOff(ctx)
}
