package node

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// This file knows what a Redis user must be allowed, and finds out what it is not, by calls that change nothing.

// Need is one rule of an ACL that locking uses.
type Need struct {
	Rule  string // as for ACL SETUSER: a command with a plus, a pattern of keys, or one of channels
	For   string // what it is used for
	Class Class
	try   func(ctx context.Context, client redis.UniversalClient) error
}

// Class is what becomes of locking where a need is not met.
type Class uint8

const (
	Vital  Class = iota // nothing can be locked
	Memory              // locking works, and a restart cannot be told (R6)
	Waking              // locking works, and waiters ask again and again
)

const (
	nobody = Prefix + "nobody" // never there
	absent = Prefix + "probe"  // never there
)

// Needs returns what locking uses: fenced, by script, or plainly, with scripts where the server has them.
func Needs(fenced bool) []Need {
	vital := []Need{
		{"+eval", "scripts", Vital, func(ctx context.Context, c redis.UniversalClient) error {
			return c.Eval(ctx, "return 0", []string{absent}).Err()
		}},
		{"+evalsha", "scripts", Vital, func(ctx context.Context, c redis.UniversalClient) error {
			return c.EvalSha(ctx, strings.Repeat("0", 40), []string{absent}).Err()
		}},
		{"+get", "looking at a lock", Vital, func(ctx context.Context, c redis.UniversalClient) error { return c.Get(ctx, absent).Err() }},
		{"+set", "giving a lock", Vital, func(ctx context.Context, c redis.UniversalClient) error {
			return c.SetXX(ctx, absent, probeOwner, time.Millisecond).Err()
		}},
		{"+del", "taking a lock back", Vital, func(ctx context.Context, c redis.UniversalClient) error { return c.Del(ctx, absent).Err() }},
		{"+pexpire", "extending a lock", Vital, func(ctx context.Context, c redis.UniversalClient) error {
			return c.PExpire(ctx, absent, time.Second).Err()
		}},
		{"+pttl", "telling for how long a lock is held yet", Vital, func(ctx context.Context, c redis.UniversalClient) error { return c.PTTL(ctx, absent).Err() }},
	}
	info := Need{"+info", "seeing role, eviction and restarts", Memory, func(ctx context.Context, c redis.UniversalClient) error { return c.Info(ctx, "server").Err() }}
	if !fenced {
		return append(vital, info)
	}
	return append(append(vital,
		Need{"+mget", "giving and taking back several locks", Vital, func(ctx context.Context, c redis.UniversalClient) error { return c.MGet(ctx, absent).Err() }},
		Need{"+time", "the node's own clock, for deadlines and fences", Vital, func(ctx context.Context, c redis.UniversalClient) error { return c.Time(ctx).Err() }},
		info), waking()...)
}

// waking is what those who wait are told by.
func waking() []Need {
	return []Need{
		{"+pubsub|numsub", "seeing whether anybody waits", Waking, func(ctx context.Context, c redis.UniversalClient) error { return c.PubSubNumSub(ctx, waiting).Err() }},
		{"+publish", "waking who waits", Waking, func(ctx context.Context, c redis.UniversalClient) error { return c.Publish(ctx, wakeAny, "").Err() }},
		{"+zpopmin", "the line of those who wait", Waking, func(ctx context.Context, c redis.UniversalClient) error { return c.ZPopMin(ctx, nobody).Err() }},
		{"+zadd", "the line of those who wait", Waking, func(ctx context.Context, c redis.UniversalClient) error {
			return c.ZAddXX(ctx, nobody, redis.Z{Member: "nobody"}).Err()
		}},
		{"+zrange", "the line of those who wait", Waking, func(ctx context.Context, c redis.UniversalClient) error { return c.ZRange(ctx, nobody, 0, 0).Err() }},
		{"+zrem", "the line of those who wait", Waking, func(ctx context.Context, c redis.UniversalClient) error { return c.ZRem(ctx, nobody, "nobody").Err() }},
		{"+subscribe", "being woken", Waking, hear},
	}
}

// hear listens for a moment on channels like those of somebody who waits.
func hear(ctx context.Context, client redis.UniversalClient) error {
	pubsub := client.Subscribe(ctx)
	defer pubsub.Close()
	channels := []string{wakeAny, wake + uuid.NewString()}
	if err := pubsub.Subscribe(ctx, channels...); err != nil {
		return err
	}
	for range channels {
		if _, err := pubsub.Receive(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Lack is a need that is not met.
type Lack struct {
	Need
	Err *Error // what the server said
}

// Lacking tries everything that locking uses, and returns what the server forbids. An error is that the server could not
// be asked; it is an [*Error].
func Lacking(ctx context.Context, client redis.UniversalClient, fenced bool, timeout time.Duration) ([]Lack, error) {
	lacks, err := lacking(ctx, client, Needs(fenced), timeout)
	scripts := func(l Lack) bool { return l.Rule == "+eval" || l.Rule == "+evalsha" }
	if err != nil || fenced || !slices.ContainsFunc(lacks, scripts) {
		return lacks, err
	}
	// Without scripts mode Plain compares and deletes by transactions.
	if others, err := lacking(ctx, client, []Need{transactions}, timeout); err != nil || len(others) > 0 {
		return append(lacks, others...), err
	}
	return slices.DeleteFunc(lacks, scripts), nil
}

// transactions are what mode Plain does without scripts.
var transactions = Need{"+watch +unwatch +multi +exec +discard", "taking a lock back without scripts", Vital,
	func(ctx context.Context, client redis.UniversalClient) error {
		return client.Watch(ctx, func(tx *redis.Tx) error {
			_, err := tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error { return pipe.Get(ctx, absent).Err() })
			return err
		}, absent)
	}}

func lacking(ctx context.Context, client redis.UniversalClient, needs []Need, timeout time.Duration) ([]Lack, error) {
	var lacks []Lack
	keys, channels := false, false
	for _, need := range needs {
		err := within(ctx, timeout, func(ctx context.Context) error { return need.try(ctx, client) })
		var server redis.Error
		switch {
		case err == nil, errors.Is(err, redis.Nil):
			continue
		case !errors.As(err, &server) || hasPrefix(server.Error(), away) || hasPrefix(server.Error(), strange):
			return lacks, explain(err, timeout)
		case !forbids(err):
			continue // it is refused for another reason, as EVALSHA is without a script
		}
		switch of := aboutWhat(err); {
		case of == "keys" && !keys:
			keys = true
			lacks = append(lacks, Lack{Need{Rule: "~" + Prefix + "*", For: "what a node must remember, fences and lines", Class: need.Class}, explain(err, timeout)})
		case of == "channels" && !channels:
			channels = true
			lacks = append(lacks, Lack{Need{Rule: "&" + Prefix + "*", For: "waking, and being woken", Class: Waking}, explain(err, timeout)})
		case of != "keys" && of != "channels":
			lacks = append(lacks, Lack{need, explain(err, timeout)})
		}
	}
	return lacks, nil
}

// Allows returns why the user may not lock key, or nil: whether an ACL keeps the key from it. Nothing is read or written.
func Allows(ctx context.Context, client redis.UniversalClient, key string, timeout time.Duration) error {
	err := within(ctx, timeout, func(ctx context.Context) error { return client.Eval(ctx, "return 0", []string{key}).Err() })
	if what := aboutWhat(err); what != "" && what != "keys" { // no scripts
		err = within(ctx, timeout, func(ctx context.Context) error { return client.Get(ctx, key).Err() })
	}
	var server redis.Error
	if err == nil || errors.As(err, &server) && aboutWhat(err) != "keys" {
		return nil
	}
	return explainAt(err, timeout, key)
}

// aboutWhat returns what a refusal by an ACL is about; see forbidden.
func aboutWhat(err error) string {
	var server redis.Error
	if !errors.As(err, &server) {
		return ""
	}
	return forbidden(server.Error())
}

func within(ctx context.Context, timeout time.Duration, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return do(ctx)
}

// forbids reports whether err is that the server does not offer a command to us, or not for the key or the channel.
func forbids(err error) bool {
	var server redis.Error
	return errors.As(err, &server) && (hasPrefix(server.Error(), []string{"NOPERM", "ERR unknown command", "ERR Unknown Redis command"}) ||
		forbiddenInScript(server.Error()))
}

// forbidden returns what a refusal is about: "keys", "channels", the name of a command, or nothing when it does not say. The
// texts are those of Redis 6 to 8 and Valkey (src/acl.c and src/server.c).
func forbidden(text string) string {
	switch {
	case !strings.HasPrefix(text, "NOPERM") && !forbiddenInScript(text) && !strings.HasPrefix(text, "ERR unknown command"):
		return ""
	case strings.Contains(text, "access a key"), strings.Contains(text, "one of the keys"), strings.Contains(text, "can't access at least one of the keys"):
		return "keys"
	case strings.Contains(text, "access a channel"), strings.Contains(text, "one of the channels"), strings.Contains(text, "access the channel"):
		return "channels"
	}
	_, rest, _ := strings.Cut(text, "'")
	name, _, found := strings.Cut(rest, "'")
	if !found || strings.ContainsAny(name, " \t") || !strings.Contains(rest, "command") && !strings.HasPrefix(text, "ERR unknown command") {
		return ""
	}
	return strings.ToLower(name)
}
