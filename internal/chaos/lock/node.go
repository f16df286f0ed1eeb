package lock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// node is one Redis master. It is safe for concurrent use.
type node struct {
	addr    string
	client  *redis.Client
	timeout time.Duration

	mu    sync.Mutex
	shown int64     // guarded by mu; what the node's clock showed in its last reply, in µs; 0: never
	asked time.Time // guarded by mu; when that was asked for
}

func newNode(addr string, timeout time.Duration) *node {
	return &node{addr: addr, timeout: timeout, client: redis.NewClient(&redis.Options{
		Addr:                     addr,
		Protocol:                 2,
		DisableIdentity:          true,
		MaxRetries:               -1, // a command that is sent twice may be carried out twice, the second time too late
		DialerRetries:            1,
		ContextTimeoutEnabled:    true,
		DialTimeout:              timeout,
		ReadTimeout:              timeout,
		WriteTimeout:             timeout,
		PoolSize:                 64,
		PoolTimeout:              timeout,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})}
}

// refusal is a no that the node said itself.
type refusal string

func (r refusal) Error() string { return string(r) }

// The nodes' reasons.
const (
	refusedHeld refusal = "held by another owner"
	refusedLate refusal = "asked too late"
	refusedGone refusal = "the key is not this owner's"
)

// grant is what a node answered to one try.
type grant struct {
	fence    int64
	deadline int64 // until when the node may give it, in µs of its clock; 0: it was never asked
	err      error // nil: yes
}

// unknown reports whether the node may have granted, or may do so yet, without our knowing.
func (g grant) unknown() bool {
	var said refusal
	return g.err != nil && g.deadline != 0 && !errors.As(g.err, &said)
}

// grant asks for the key. The quarantine is 0 for no guard.
func (n *node) grant(ctx context.Context, key, owner string, ttl, quarantine time.Duration, fenced bool) grant {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	deadline, err := n.deadline(ctx)
	if err != nil {
		return grant{err: err}
	}
	reply, err := n.run(ctx, 3, grantScript, []string{key, counter(key), guardKey},
		owner, ttl.Milliseconds(), deadline, quarantine.Microseconds(), fenced)
	g := grant{deadline: deadline, err: err}
	switch {
	case err != nil:
	case reply[1] == 1:
		g.fence = reply[2]
	case reply[1] == 0:
		g.err = refusedHeld
	case reply[1] == -2:
		g.err = refusedLate
	default:
		g.err = refusal(fmt.Sprintf("may have forgotten votes: votes again in %v", time.Duration(reply[2])*time.Microsecond))
	}
	return g
}

// vouch says that the node is new.
func (n *node) vouch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	deadline, err := n.deadline(ctx)
	if err == nil {
		_, err = n.run(ctx, 2, vouchScript, []string{guardKey}, deadline)
	}
	return err
}

func (n *node) raise(ctx context.Context, key, owner string, fence int64) error {
	return n.mine(ctx, raiseScript, []string{key, counter(key)}, owner, fence)
}

func (n *node) extend(ctx context.Context, key, owner string, ttl time.Duration) error {
	return n.mine(ctx, extendScript, []string{key}, owner, ttl.Milliseconds())
}

// mine runs a script that does something to what is still the owner's.
func (n *node) mine(ctx context.Context, s *redis.Script, keys []string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	reply, err := n.run(ctx, 2, s, keys, args...)
	if err == nil && reply[1] != 1 {
		err = refusedGone
	}
	return err
}

// release deletes the key, whoever it belongs to if blind. It returns whether something was deleted, and the node's clock.
func (n *node) release(ctx context.Context, key, owner string, blind bool) (deleted bool, now int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	reply, err := n.run(ctx, 2, releaseScript, []string{key}, owner, blind)
	if err != nil {
		return false, 0, err
	}
	return reply[1] == 1, reply[0], nil
}

// deadline returns until when a command may be carried out that is sent now, in µs of the node's clock (R4). The node is
// asked for its clock if it has never told.
func (n *node) deadline(ctx context.Context) (int64, error) {
	n.mu.Lock()
	unknown := n.shown == 0
	n.mu.Unlock()
	if unknown {
		asked := time.Now()
		shown, err := n.client.Time(ctx).Result()
		if err != nil {
			return 0, err
		}
		n.observe(shown.UnixMicro(), asked)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.shown + (time.Since(n.asked) + n.timeout + 5*time.Millisecond).Microseconds(), nil
}

// observe notes what the node's clock showed.
func (n *node) observe(shown int64, asked time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.shown == 0 || asked.After(n.asked) {
		n.shown, n.asked = shown, asked
	}
}

// run runs a script that replies with the node's clock and more, want numbers together.
func (n *node) run(ctx context.Context, want int, s *redis.Script, keys []string, args ...any) ([]int64, error) {
	asked := time.Now()
	reply, err := s.Run(ctx, n.client, keys, args...).Int64Slice()
	switch {
	case err != nil:
		return nil, err
	case len(reply) != want:
		return nil, fmt.Errorf("unexpected reply of %d numbers", len(reply))
	}
	n.observe(reply[0], asked)
	return reply, nil
}
