package fault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// Step sets a node's clock forward, or back when By is negative, and sets it right again at the end.
type Step struct{ By time.Duration }

// Rate lets a node's clock run that many times as fast as the true one, and sets it right again at the end.
type Rate struct{ Times float64 }

// Clocked has a clock that can be set; nil when it has none of its own.
type Clocked interface {
	Clock() *cluster.Clock
}

func (f Step) String() string { return fmt.Sprintf("step %v", f.By) }
func (f Rate) String() string { return fmt.Sprintf("rate %v", f.Times) }

// Effects are that the clock is not what it was.
func (Step) Effects() []history.Effect { return []history.Effect{history.Shift} }

// Effects are that the clock is not what it was.
func (Rate) Effects() []history.Effect { return []history.Effect{history.Shift} }

// Bears is true of nodes with clocks of their own.
func (Step) Bears(on Target) error { return clocked(on) }

// Bears is true of nodes with clocks of their own.
func (Rate) Bears(on Target) error { return clocked(on) }

// Strike sets the clock.
func (f Step) Strike(_ context.Context, on Target) (Cure, error) {
	if err := clocked(on); err != nil {
		return nil, err
	}
	clock := on.(Clocked).Clock()
	return func(context.Context) error { return clock.Step(-f.By) }, clock.Step(f.By)
}

// Strike changes the rate. The cure takes away what the clock is ahead or behind by then, which is a step of its own.
func (f Rate) Strike(_ context.Context, on Target) (Cure, error) {
	if err := clocked(on); err != nil {
		return nil, err
	}
	clock := on.(Clocked).Clock()
	ahead := time.Until(clock.Now())
	cure := func(context.Context) error {
		err := clock.Rate(1)
		return errors.Join(err, clock.Step(ahead-time.Until(clock.Now())))
	}
	return cure, clock.Rate(f.Times)
}

func clocked(on Target) error {
	if node, ok := on.(Clocked); !ok || node.Clock() == nil {
		return cannot("this node's clock is the machine's own; only process nodes on Linux, with a C compiler there, have theirs")
	}
	return nil
}
