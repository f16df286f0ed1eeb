package fault

import (
	"context"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// Kill ends a node as SIGKILL does, and starts it again, with or without what it had written down.
type Kill struct{ Memory cluster.Memory }

// Killer can be killed.
type Killer interface {
	Kill(ctx context.Context) error
	Start(ctx context.Context, memory cluster.Memory) error
}

// Forgetter is a Killer that may not be able to obey the memory that Start is asked for.
type Forgetter interface {
	Obeys(memory cluster.Memory) error
}

func (f Kill) String() string {
	if f.Memory == cluster.Forget {
		return "kill, forgets"
	}
	return "kill"
}

// Effects of a restart are also that the node may have forgotten votes: nobody can tell from outside whether it has.
func (f Kill) Effects() []history.Effect { return []history.Effect{history.Away, history.Amnesia} }

// Bears is true of what can be killed and started.
func (f Kill) Bears(on Target) error {
	if _, ok := on.(Killer); !ok {
		return cannot("nobody has said how to kill and start this node")
	}
	if choosy, ok := on.(Forgetter); ok {
		if err := choosy.Obeys(f.Memory); err != nil {
			return cannot("%v", err)
		}
	}
	return nil
}

// Strike kills.
func (f Kill) Strike(ctx context.Context, on Target) (Cure, error) {
	if err := f.Bears(on); err != nil {
		return nil, err
	}
	node := on.(Killer)
	start := func(ctx context.Context) error { return node.Start(ctx, f.Memory) }
	return start, node.Kill(ctx)
}
