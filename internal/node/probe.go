package node

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// probeOwner is never the owner of anything.
const probeOwner = "probe"

// probe returns why the node gives no service, or nil when it does: it answers a release of a key that nobody holds.
// PING would not do: a server whose writes are paused (CLIENT PAUSE … WRITE) answers it, and hangs every lock.
func (n *Node) probe() *Error {
	if n.dial != nil {
		if err := n.reach(); err != nil {
			return explain(err, n.cfg.Timeout)
		}
	}
	var c call
	c.put(Command{Op: Release, Key: Prefix + "probe", Owner: probeOwner})
	n.exchange([]*call{&c})
	if why, failed := errors.AsType[*Error](c.reply.Err); failed && why.away {
		return why
	}
	// Any other refusal is about this command alone, by an ACL for instance: the node gives service.
	return nil
}

// reach opens a connection and closes it. Asking go-redis instead would write to the process's standard error for
// every probe of a dead node, and trip the circuit breaker of its pool.
func (n *Node) reach() error {
	ctx, cancel := context.WithTimeout(n.life, n.cfg.Timeout)
	defer cancel()
	conn, err := n.dial(ctx)
	if err == nil {
		_ = conn.Close()
	}
	return err
}

// Health is what one look at a node showed.
type Health struct {
	Addr    string
	Err     error         // why it cannot vote; nil when it can
	Down    time.Duration // for how long the lane has given it up; 0 when it has not
	RTT     time.Duration // of one command; 0 when it failed
	Version string        // of the server; empty when INFO is refused
	Role    string        // master or replica; empty when INFO is refused
	VotesIn time.Duration // for how long it does not vote yet, because it may have forgotten votes
	Unknown string        // what could not be found out; empty when everything could
	Clock   time.Duration // how far the node's clock is ahead of this machine's wall clock; meaningful when Told
	Told    bool          // the node has told its clock
	Silent  string        // why the node cannot announce to waiters that a key is free; empty when it can, or need not
}

// Check looks at the node now, beside the lane and whatever state that is in.
func (n *Node) Check(ctx context.Context) Health {
	h := Health{Addr: n.addr}
	if down, since := n.lane.state(); down != nil {
		h.Down = time.Since(since)
	}
	asked := ctx
	ctx, cancel := context.WithTimeout(asked, n.cfg.Timeout)
	defer cancel()
	// Twice: a connection may have to be opened first, which is not part of the round trip.
	for range 2 {
		start := time.Now()
		if _, err := alive(func() (any, error) { return nil, n.touch(ctx) }); err != nil {
			h.Err, h.RTT = n.unanswered(asked, err), 0
			return h
		}
		h.RTT = time.Since(start)
	}
	s, err := alive(func() (survey, error) { return n.survey(ctx, n.client) })
	if err != nil {
		h.Err = n.unanswered(asked, err)
		return h
	}
	h.Clock, h.Told = n.wall(ctx)
	h.Version, h.Role = s.version, s.role
	if !s.known {
		h.Unknown = "INFO is refused: role, eviction and restarts cannot be seen"
	}
	if why := s.unfit(n.cfg.Fenced); why != nil {
		h.Err = why
	} else if n.cfg.Fenced {
		h.VotesIn = n.votesIn(ctx)
		h.Silent = n.silent(ctx)
	}
	return h
}

// silent returns why the server does not let us announce that a key is free, or listen to that.
func (n *Node) silent(ctx context.Context) string {
	for _, need := range waking() {
		client := n.client
		if need.Rule == "+subscribe" {
			client = n.ears
		}
		if err := need.try(ctx, client); err != nil && refusesCommand(err) {
			return explain(err, n.cfg.Timeout).Error()
		}
	}
	return ""
}

// unanswered is why a look at the node came to nothing: the end of the caller's own context, if that has ended, and not
// what that looks like from here.
func (n *Node) unanswered(asked context.Context, err error) *Error {
	if ended := asked.Err(); ended != nil {
		return &Error{text: "not looked at to the end: " + ended.Error(), cause: ended}
	}
	return n.refused(err, "")
}

// votesIn returns for how long a server does not vote yet; 0 also for one that nobody has asked for a vote.
func (n *Node) votesIn(ctx context.Context) time.Duration {
	meta, err := n.client.Get(ctx, metaKey).Result()
	if err != nil {
		return 0
	}
	shown, err := n.client.Time(ctx).Result()
	if err != nil {
		return 0
	}
	return max(0, readyAt(meta).Sub(shown))
}

// touch has the server carry out a write that changes nothing.
func (n *Node) touch(ctx context.Context) error {
	by := release
	if !n.cfg.Fenced {
		by = plainRelease
	}
	err := n.client.Eval(ctx, by.source, []string{Prefix + "probe"}, probeOwner).Err()
	if err != nil && refusesCommand(err) && !n.cfg.Fenced {
		err = n.client.SetXX(ctx, Prefix+"probe", probeOwner, time.Millisecond).Err()
	}
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}

// field returns the value of one line of INFO's reply, or nothing.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
