package node

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// This file is for whoever looks at the guard of a node from outside, or knows what no client can: that a node which
// remembers nothing is new, and has not forgotten anything (R6).

// Standing is whether a node votes, as far as it remembers itself.
type Standing struct {
	Meta     string        // what its meta key says; empty: no client has asked it for a vote yet
	Now      time.Time     // by its own clock
	VotesIn  time.Duration // for how long it does not vote yet; 0 when it does, and without Meta
	Longest  time.Duration // the longest TTL that it allows; 0 without Meta
	Members  string        // what it belongs to; empty without Meta
	Changed  bool          // another server process, or another history of data, than the one that Meta was written by
	Told     bool          // INFO is answered; else Changed, Unfit, Run and Uptime are not known
	Unfit    error         // why it may not vote before somebody sets it up otherwise; nil when it may
	Run      string        // the server's run id
	Uptime   time.Duration
	Remember bool // it would be taken at its word that it has forgotten nothing within the quarantine of the policy
}

// Meta is a node's meta key.
const Meta = metaKey

// VotesIn is for how long a node with this meta does not vote yet, when its own clock shows now; 0 when it votes.
func VotesIn(meta string, now time.Time) time.Duration {
	if meta == "" {
		return 0
	}
	return max(0, readyAt(meta).Sub(now))
}

// Stand asks the server behind client how it stands to locks in mode Fenced by policy p. Its error is an [*Error].
func Stand(ctx context.Context, client redis.UniversalClient, p Policy, timeout time.Duration) (Standing, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	survey, err := (&Node{}).survey(ctx, client)
	if err != nil {
		return Standing{}, explain(err, timeout)
	}
	s := Standing{Told: survey.known, Run: survey.run, Uptime: survey.uptime, Remember: survey.remembers(p.Quarantine())}
	if why := survey.unfit(true); why != nil {
		s.Unfit = why
	}
	if s.Now, err = client.Time(ctx).Result(); err != nil {
		return s, explain(err, timeout)
	}
	s.Meta, err = client.Get(ctx, metaKey).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return s, explain(err, timeout)
	}
	if s.Meta == "" {
		return s, nil
	}
	s.VotesIn = VotesIn(s.Meta, s.Now)
	ms, _ := strconv.ParseInt(word(s.Meta, 1), 10, 64)
	s.Longest, s.Members = time.Duration(ms)*time.Millisecond, word(s.Meta, 2)
	s.Changed = s.Told && s.Run != "-" && (s.Run != word(s.Meta, 3) || survey.history != word(s.Meta, 4))
	return s, nil
}

// Strange returns why the node refuses clients with policy p, or nil.
func (s Standing) Strange(p Policy) error {
	switch {
	case s.Meta == "":
	case s.Members != p.Members:
		return p.strange(-1, s.Meta)
	case p.Longest > s.Longest:
		return p.strange(-2, s.Meta)
	}
	return nil
}

// Renew has the node forget what it was part of, so that it can be part of something else. It votes for nobody then
// until it is booted.
func Renew(ctx context.Context, client redis.UniversalClient, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := client.Del(ctx, metaKey).Err(); err != nil {
		return explain(err, timeout)
	}
	return nil
}

// Boot has the node note what it is part of by policy p, as a client's first look does. It begins the quarantine of a node
// that remembers nothing, and returns what the meta key says.
func Boot(ctx context.Context, client redis.UniversalClient, p Policy, timeout time.Duration) (meta string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	s, err := (&Node{}).survey(ctx, client)
	if err != nil {
		return "", explain(err, timeout)
	}
	reply, err := client.Eval(ctx, boot.source, []string{metaKey}, s.run, s.history, s.former, p.Longest.Milliseconds(),
		p.Members, strconv.FormatFloat(p.Stretch, 'f', -1, 64), flag(p.Durable)).Slice()
	if err != nil {
		return "", explain(err, timeout)
	}
	if len(reply) != 3 {
		return "", &Error{text: fmt.Sprintf("unexpected reply to the boot script: %d values", len(reply))}
	}
	code, _ := reply[0].(int64)
	meta, _ = reply[1].(string)
	if code < 0 {
		return meta, p.strange(code, meta)
	}
	return meta, nil
}

// Lift ends the wait of a node whose meta key says meta, because nothing can be outstanding. It reports whether it still
// said so.
func Lift(ctx context.Context, client redis.UniversalClient, meta string, timeout time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	reply, err := client.Eval(ctx, lift.source, []string{metaKey}, meta).Slice()
	if err != nil {
		return false, explain(err, timeout)
	}
	return len(reply) == 2 && reply[0] == int64(1), nil
}
