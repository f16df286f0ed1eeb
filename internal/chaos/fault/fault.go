// Package fault is what a chaos run does to nodes and to clients: each fault is a small type of its own, which says what
// it does to a quorum, brings itself, and takes itself away.
package fault

import (
	"context"
	"errors"
	"fmt"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Fault is one thing that goes wrong.
type Fault interface {
	// String is the fault in a few words, beginning with its name: "kill", "slow 20ms".
	String() string
	// Effects is what it does to what it hits.
	Effects() []history.Effect
	// Bears returns nil when the target can be hit by it, or an error that matches ErrCannot and says what is missing.
	Bears(on Target) error
	// Strike brings it, and returns when it is there. cure takes it away, and returns when it is gone; it may be called
	// once. It is nil when there is nothing to take away; beside an error it is for what may have been brought in part.
	Strike(ctx context.Context, on Target) (cure Cure, err error)
}

// Cure takes a fault away.
type Cure func(ctx context.Context) error

// Target is what is hit, a node or the process of a client: it has as many of the interfaces of this package as it can
// bear.
type Target any

// ErrCannot is matched by errors.Is when a target cannot bear a fault.
var ErrCannot = errors.New("cannot be done")

func cannot(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCannot}, args...)...)
}
