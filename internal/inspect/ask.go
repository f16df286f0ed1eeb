package inspect

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/node"
)

// State is how a key stands on one node.
type State string

const (
	Held    State = "held"    // by Owner
	Free    State = "free"    // there is nothing
	Kept    State = "kept"    // for a process that was woken, for 200 ms at most
	Other   State = "other"   // there is something that is no lock, and keeps locks out
	Unknown State = "unknown" // the node did not tell
)

// Node is what one node says of a key.
type Node struct {
	Addr  string  `json:"addr"` // without credentials
	State State   `json:"state"`
	Owner string  `json:"owner,omitempty"` // of Held; hidden unless it is a UUID, or owners are to be shown
	Left  float64 `json:"left_ms"`         // of Held and Kept; -1: it never expires
	// Fence is the smallest that its last holder there can have, of Held also the present one's; 0: it has none.
	Fence   uint64  `json:"fence,omitempty"`
	Waiting int     `json:"waiting"`          // processes that wait for it there
	VotesIn float64 `json:"votes_in_ms"`      // for how long the node does not vote yet
	Error   string  `json:"error,omitempty"`  // why it did not tell
	RTT     float64 `json:"rtt_ms"`           // of the question
	Holds   string  `json:"holds,omitempty"`  // of Other: what
	Partial string  `json:"untold,omitempty"` // what else it did not tell, and why
	owner   string  // as it is
}

// turn begins what a key says while it is kept for a process; see wake.lua.
const turn = node.Prefix + "turn:"

// errUnanswered stands in a command until its answer is read: go-redis leaves it there when a connection could not be
// opened, or the node does not take our password, and puts the reason on the pipeline alone.
var errUnanswered = errors.New("no answer")

// questions are what a node is asked about a key.
type questions struct {
	owner  *redis.StringCmd
	left   *redis.DurationCmd
	fence  *redis.StringCmd
	line   *redis.StringSliceCmd
	second *redis.StringCmd
}

// ask asks the node about all keys in one pipeline.
func (t *target) ask(ctx context.Context, keys []string, timeout time.Duration) []Node {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	said := make([]Node, len(keys))
	pipe := t.client.Pipeline()
	asked := make([]questions, len(keys))
	for i, key := range keys {
		// The owner is asked for twice: what was told in between is told of it if it was there all the time.
		asked[i] = questions{pipe.Get(ctx, key), pipe.PTTL(ctx, key), pipe.Get(ctx, node.Counter(key)), pipe.ZRange(ctx, node.Line(key), 0, -1), pipe.Get(ctx, key)}
	}
	meta, clock := pipe.Get(ctx, node.Meta), pipe.Time(ctx)
	for _, cmd := range pipe.Cmds() {
		cmd.SetErr(errUnanswered)
	}
	start := time.Now()
	_, err := pipe.Exec(ctx)
	rtt := ms(time.Since(start))
	for i, key := range keys {
		n := &said[i]
		n.Addr, n.RTT = t.addr, rtt
		switch why := asked[i].owner.Err(); {
		case errors.Is(asked[i].second.Err(), errUnanswered):
			n.fail(err, timeout, key)
		case !tells(why):
			n.fail(why, timeout, key)
		case !tells(asked[i].second.Err()):
			n.fail(asked[i].second.Err(), timeout, key)
		default:
			n.read(asked[i], timeout)
		}
		if clock.Err() == nil && meta.Err() == nil {
			n.VotesIn = ms(node.VotesIn(meta.Val(), clock.Val()))
		}
	}
	return said
}

// tells reports whether an answer to GET tells what is under the key: also that there is nothing, or no string.
func tells(err error) bool {
	return err == nil || errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "WRONGTYPE")
}

func (n *Node) fail(err error, timeout time.Duration, key string) {
	n.State, n.Error = Unknown, node.ExplainAt(err, timeout, key).Error()
}

// read takes what the node told.
func (n *Node) read(q questions, timeout time.Duration) {
	n.Waiting = len(q.line.Val())
	if tick, err := strconv.ParseUint(q.fence.Val(), 10, 64); err == nil {
		n.Fence = tick * node.Tick
	}
	for _, rest := range []redis.Cmder{q.left, q.fence, q.line} {
		if why := rest.Err(); why != nil && !errors.Is(why, redis.Nil) {
			n.Partial = node.Explain(why, timeout).Error()
		}
	}
	n.owner = q.second.Val()
	switch {
	case redis.HasErrorPrefix(q.second.Err(), "WRONGTYPE"):
		n.State, n.Holds = Other, "no string"
	case q.second.Err() != nil:
		n.State, n.owner = Free, ""
	case strings.HasPrefix(n.owner, turn):
		n.State, n.owner = Kept, ""
	default:
		n.State = Held
	}
	switch left := q.left.Val(); {
	case n.State == Free || q.owner.Val() != q.second.Val(): // it is not told of whoever has it now
	case left == endless:
		n.Left = -1
	case left > 0:
		n.Left = ms(left)
	}
}

// endless is what go-redis makes of PTTL's reply about a key that never expires.
const endless = -1

// ms are the milliseconds of d, in full µs.
func ms(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
