package fault

import (
	"context"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Freeze stops a client's process, in whatever it is doing, as a hypervisor or an endless collection would.
type Freeze struct{}

// Freezer is a process that can be stopped, and goes on without knowing.
type Freezer interface {
	Freeze() error
	Thaw() error
}

func (Freeze) String() string { return "freeze" }

// Effects are on the client, not on a node.
func (Freeze) Effects() []history.Effect { return []history.Effect{history.Frozen} }

// Bears is true of processes.
func (Freeze) Bears(on Target) error {
	if _, ok := on.(Freezer); !ok {
		return cannot("only the processes of clients are frozen, where the system can stop a process")
	}
	return nil
}

// Strike stops the process.
func (f Freeze) Strike(_ context.Context, on Target) (Cure, error) {
	if err := f.Bears(on); err != nil {
		return nil, err
	}
	process := on.(Freezer)
	return func(context.Context) error { return process.Thaw() }, process.Freeze()
}
