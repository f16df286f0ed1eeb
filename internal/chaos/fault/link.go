package fault

import (
	"context"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// Linked has a link to its clients that can be spoiled; nil when it has none.
type Linked interface {
	Link() *cluster.Link
}

// Slow makes every round trip to a node longer.
type Slow struct{ Delay time.Duration }

// LostReplies lets a node obey what it is asked, and loses what it answers.
type LostReplies struct{}

// BlackHole loses everything between clients and a node, and breaks no connection.
type BlackHole struct{}

func (f Slow) String() string      { return "slow " + f.Delay.String() }
func (LostReplies) String() string { return "lost-replies" }
func (BlackHole) String() string   { return "black-hole" }

// Effects are that the node is late.
func (Slow) Effects() []history.Effect { return []history.Effect{history.Late} }

// Effects are that the node is away, for all that a client can tell.
func (LostReplies) Effects() []history.Effect { return []history.Effect{history.Away} }

// Effects are that the node is away.
func (BlackHole) Effects() []history.Effect { return []history.Effect{history.Away} }

// Bears is true of what has a link of ours.
func (Slow) Bears(on Target) error { return linked(on) }

// Bears is true of what has a link of ours.
func (LostReplies) Bears(on Target) error { return linked(on) }

// Bears is true of what has a link of ours.
func (BlackHole) Bears(on Target) error { return linked(on) }

// Strike slows the link down.
func (f Slow) Strike(_ context.Context, on Target) (Cure, error) {
	return spoil(on, func(l *cluster.Link) error { return l.Slow(f.Delay) })
}

// Strike loses replies.
func (LostReplies) Strike(_ context.Context, on Target) (Cure, error) {
	return spoil(on, (*cluster.Link).DropReplies)
}

// Strike loses everything.
func (BlackHole) Strike(_ context.Context, on Target) (Cure, error) {
	return spoil(on, (*cluster.Link).BlackHole)
}

func linked(on Target) error {
	if node, ok := on.(Linked); !ok || node.Link() == nil {
		return cannot("there is no proxy of ours between clients and this node")
	}
	return nil
}

func spoil(on Target, do func(*cluster.Link) error) (Cure, error) {
	if err := linked(on); err != nil {
		return nil, err
	}
	link := on.(Linked).Link()
	return func(context.Context) error { return link.Restore() }, do(link)
}
