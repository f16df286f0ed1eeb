package node

import (
	"context"
	"hash/maphash"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/clock"
)

// Tick is a fence's unit on the nodes: how many tokens one fence of a node stands for, and how many µs of node time.
const Tick = 64

// Config is what all nodes of one locker share.
type Config struct {
	Timeout time.Duration // bound on one exchange with the node
	Fenced  bool          // grants go by script, carry fences, and follow the policy; else by SET NX PX
	Drift   clock.Drift   // how far the node's clock may run away from our own
	Policy  Policy
	Roster  *Roster      // which servers the nodes of the locker are; nil: nobody asks
	Logger  *slog.Logger // not nil

	Process  string   // what this process is enrolled as
	Listener Listener // is told what the nodes announce; nil: nobody listens
}

// Node is one Redis master. It is safe for concurrent use.
type Node struct {
	index  int
	addr   string
	client redis.UniversalClient
	ours   string                                      // what a key says while it is kept for this process, which has been woken
	ears   redis.UniversalClient                       // what the node is listened to by
	dial   func(ctx context.Context) (net.Conn, error) // nil for a client of the caller's
	cfg    Config
	idle   time.Duration   // after which a connection of our own is looked at before it is used
	life   context.Context // ends when the node is closed, whatever hangs
	end    context.CancelFunc
	clock  nodeClock
	opened atomic.Uint64 // connections, so far
	// How often an exchange met an error, so far, so that connections may be no use any more.
	troubles     atomic.Uint64
	lane         *lane
	subscription *subscription
	lacks        named

	// The lane's goroutine's own.
	release, extend step // how this server compares and deletes, or extends
	pipe            redis.Pipeliner
	conn            *redis.Conn // what pipe goes by, of a client of our own
	commands        []redis.Cmder
	told            *redis.StringCmd // INFO, when it goes along with votes
	args            []any
	late            []int
	first, rest     []*call
	seed            maphash.Seed
	guard           guard
	sent            clock.Instant // when the pass under way was sent
	grace           time.Duration // for how long a grant may come after its undo
	stray           time.Time     // until when one may that was sent before the last trouble
	scattered       bool          // the server spreads its keys over slots, so that commands cannot share a script
}

// Addr returns the node's address, without credentials.
func (n *Node) Addr() string { return n.addr }

// Clock returns what the node's own clock shows at now, in µs since 1970, as far as its replies told, or 0 if they
// have not yet.
func (n *Node) Clock(now clock.Instant) int64 { return n.clock.estimate(now) }

// Send takes a command to carry out in its turn, and answers it exactly once. It never waits for the node. An error
// means that the command was not taken, was never sent, and will not be answered.
func (n *Node) Send(c Command) error { return n.lane.send(c) }

// Listen has the node's announcements heard, on one connection for all callers, until Hush has been called as often. It never
// waits. The Listener is told when it hears them, which may be never.
func (n *Node) Listen() { n.subscription.listen() }

// Hush takes one Listen back.
func (n *Node) Hush() { n.subscription.hush() }

// Close carries out what was accepted, then ends the lane and, if the node has opened it, the client. When ctx ends
// first, it gives up what is left; a client that ignores deadlines may then hang on for as long as its own timeouts.
func (n *Node) Close(ctx context.Context) error {
	err := n.lane.close(ctx)
	n.end()
	if n.ears != n.client {
		n.subscription.close(true)
		_ = n.ears.Close()
	} else {
		n.subscription.close(false)
	}
	if n.dial != nil {
		if closing := n.client.Close(); err == nil && closing != nil {
			err = explain(closing, n.cfg.Timeout)
		}
		<-n.lane.over
	}
	return err
}

func (n *Node) log() *slog.Logger { return n.cfg.Logger }

// open starts the lane of a node that is complete otherwise.
func (n *Node) open() *Node {
	n.life, n.end = context.WithCancel(context.Background())
	n.release, n.extend = byHash, byHash
	n.seed = maphash.MakeSeed()
	n.clock.drift = n.cfg.Drift
	n.grace = n.cfg.Timeout + n.cfg.Timeout/2 + grace // the estimate of the clock may be off by a quarter, twice
	n.ours = Prefix + "turn:" + n.cfg.Process
	n.subscription = &subscription{node: n}
	n.lane = newLane(n)
	return n
}
