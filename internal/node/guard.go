package node

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/clock"
)

// This file keeps a server from voting that may have forgotten votes (R6): it restarted, was flushed, evicted keys, or
// was promoted from a replica.
//
// What a server is expected to remember stands in its meta key, and every grant names what its client has read there: a
// server that forgot it gives no grant. One that restored an old state remembers the meta key as well, so that each new
// connection is a reason to look whether the process behind it is still the one that wrote it: a connection does not
// outlive the process.

const (
	metaKey = Prefix + "meta"
	goneKey = Prefix + "gone" // owners that were undone before their grant came (R4)
)

// reviewed is how often a node that may not vote, for a reason that somebody has to mend, is looked at again.
const reviewed = time.Second

// Policy is what all clients of one deployment agree on, and what this one says about its nodes.
type Policy struct {
	Longest time.Duration // the longest TTL that any client uses
	Stretch float64       // by what factor a TTL may last longer on a node whose clock drifts
	Members string        // which nodes belong together; no spaces
	Fresh   bool          // no vote of before can be outstanding
	Durable bool          // a restart loses nothing that was answered
}

// Quarantine is for how long a server that may have forgotten votes does not vote.
func (p Policy) Quarantine() time.Duration {
	return time.Duration(float64(p.Longest)*p.Stretch) + 10*time.Millisecond
}

// Members is what a node knows a deployment by: its name, and how many nodes it has.
func Members(nodes int, deployment string) string { return fmt.Sprintf("%d:%s", nodes, deployment) }

// strange is why a node with this meta refuses us, by what boot.lua replied.
func (p Policy) strange(code int64, meta string) *Error {
	if code == -1 {
		return &Error{Permanent: true, text: fmt.Sprintf("belongs to other nodes: it is one of %q, and this client has %q",
			word(meta, 2), p.Members)}
	}
	return &Error{Permanent: true, text: fmt.Sprintf("allows TTLs up to %s ms, and this client's MaxTTL is %v",
		word(meta, 1), p.Longest)}
}

// guard is what is known of the server's memory. It is the lane's goroutine's own.
type guard struct {
	meta    string        // what the meta key says; empty: not looked yet
	looked  uint64        // how many connections had been opened when it was looked at last
	refusal *Error        // why the node may not vote before somebody mends something; nil: it may, as far as known
	review  time.Time     // when to look again then
	vouched bool          // a look has succeeded, or it is too late for one: what was declared about the time before is used up
	steady  time.Time     // until when the server does not vote because its clock stepped
	seen    survey        // what the last look showed
	at      clock.Instant // when that was asked for
}

// admit sees to it that the server behind every connection that is open now has been looked at, and returns why it may
// not vote.
func (n *Node) admit(ctx context.Context) *Error {
	g := &n.guard
	for {
		opened := n.opened.Load()
		known := g.meta != "" && g.looked == opened && !n.clock.old(n.cfg.Timeout/4)
		switch {
		case g.refusal != nil && known && time.Now().Before(g.review):
			return g.refusal
		case g.refusal == nil && known:
			return n.steadied()
		}
		if err := n.boot(ctx); err != nil {
			n.letGo() // the connection that is kept may have died with the one that was just used
			g.meta = ""
			return err
		}
		g.looked = opened
	}
}

// firstLook looks at a server that was declared to be new, before anybody has asked for a lock: the declaration is about
// now. Later it could be about a time in which locks were given and forgotten.
func (n *Node) firstLook() {
	ctx, cancel := context.WithTimeout(n.life, 2*n.cfg.Timeout)
	defer cancel()
	// Another client that was told the same may have been first, and be about to lift the wait that it began.
	for pause := time.Millisecond; pause < 64*time.Millisecond; pause *= 2 {
		if err := n.admit(ctx); err != nil || !n.waits() {
			break
		}
		n.guard.looked = never
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	n.guard.vouched = true
}

// waits reports whether the server does not vote yet, as far as is known.
func (n *Node) waits() bool {
	return n.guard.meta != "" && readyAt(n.guard.meta).UnixMicro() > n.clock.estimate(now())
}

// boot looks at the server, and has it note what it is expected to remember. Its error is one of the exchange; what the
// server is refused for is in the guard.
func (n *Node) boot(ctx context.Context) *Error {
	g := &n.guard
	at := now()
	s, err := n.look(ctx)
	if err != nil {
		return explain(err, n.cfg.Timeout)
	}
	if s.role == "replica" { // it would not carry the script out
		return s.unfit(true)
	}
	p := n.cfg.Policy
	sent := now()
	reply, err := n.mark(ctx, boot, s.run, s.history, s.former, p.Longest.Milliseconds(), p.Members,
		strconv.FormatFloat(p.Stretch, 'f', -1, 64), flag(p.Durable))
	if err != nil {
		return n.refused(err, "")
	}
	if len(reply) != 3 {
		return &Error{text: fmt.Sprintf("unexpected reply to the boot script: %d values", len(reply)), away: true}
	}
	code, _ := reply[0].(int64)
	meta, _ := reply[1].(string)
	shown, _ := reply[2].(int64)
	if step := n.clock.observe(shown, sent); step != 0 {
		n.stepped(step)
	}
	n.compare(shown)
	if code == 2 {
		if meta, err = n.lift(ctx, s, meta); err != nil {
			return explain(err, n.cfg.Timeout)
		}
	}
	g.seen, g.at = s, at
	g.refusal = s.unfit(true)
	switch {
	case g.refusal != nil:
	case code < 0:
		g.refusal = p.strange(code, meta)
	default:
		g.refusal = n.cfg.Roster.enter(n.index, n.addr, s.run)
	}
	if g.refusal != nil {
		g.review = time.Now().Add(reviewed)
	} else {
		g.vouched = true
	}
	if g.meta != "" && g.meta != meta {
		n.log().Warn("node may have forgotten votes", "node", n.addr, "votes_again", readyAt(meta))
	}
	g.meta = meta
	return nil
}

// lift lets a server vote at once that had no meta key, if nothing can be outstanding: it was declared to be new, or it
// tells, after the meta key was written, that it has been up for longer than any lock lasts and has dropped nothing. It
// returns what the meta key says then.
func (n *Node) lift(ctx context.Context, s survey, meta string) (string, error) {
	while := n.cfg.Policy.Quarantine()
	if !n.cfg.Policy.Fresh || n.guard.vouched {
		if !s.remembers(while) {
			return meta, nil
		}
		again, err := n.look(ctx)
		if err != nil || !again.remembers(while) || again.run != s.run || again.history != s.history {
			return meta, err
		}
	}
	reply, err := n.mark(ctx, lift, meta)
	if err != nil {
		return meta, err
	}
	if len(reply) == 2 && reply[0] == int64(1) {
		lifted, _ := reply[1].(string)
		return lifted, nil
	}
	return meta, nil
}

// look has the server that the lane asks tell of itself.
func (n *Node) look(ctx context.Context) (survey, error) {
	return alive(func() (survey, error) {
		s, err := n.survey(ctx, n.via())
		if errors.Is(err, errStale) {
			n.letGo()
		}
		return s, err
	})
}

// mark calls a script on the meta key of the server that the lane asks.
func (n *Node) mark(ctx context.Context, s script, args ...any) ([]any, error) {
	return alive(func() ([]any, error) {
		reply, err := n.via().Eval(ctx, s.source, []string{metaKey}, args...).Slice()
		if errors.Is(err, errStale) {
			n.letGo()
		}
		return reply, err
	})
}

// readyAt is from when on a node with this meta votes, on its own clock.
func readyAt(meta string) time.Time {
	ready, _ := strconv.ParseInt(word(meta, 0), 10, 64)
	return time.UnixMicro(ready)
}

// quarantined is why a node with this meta does not vote yet.
func quarantined(meta string) *Error {
	return &Error{text: "may have forgotten votes: it votes again at " + readyAt(meta).Format("15:04:05.000")}
}

// steadied returns why a server does not vote whose clock has stepped, until every lock of before is over (A2).
func (n *Node) steadied() *Error {
	if !time.Now().Before(n.guard.steady) {
		return nil
	}
	return &Error{text: "its clock has stepped: it votes again at " + n.guard.steady.Format("15:04:05.000")}
}

// stepped notes that the server's clock has made a step: keys may have expired before their time.
func (n *Node) stepped(by time.Duration) {
	n.guard.steady = time.Now().Add(n.cfg.Policy.Quarantine())
	n.log().Warn("node's clock has stepped", "node", n.addr, "by", by.Round(time.Millisecond), "votes_again", n.guard.steady)
}

// strange lists the first words of errors by which a server refuses us, and not the command.
var strange = []string{"NOAUTH", "WRONGPASS"}

// survey is what INFO tells of a server.
type survey struct {
	known                bool   // it answers INFO
	run, history, former string // "-" where it does not tell; history is the replication id and how many keys were evicted
	role, version        string
	uptime               time.Duration
	mayEvict             bool // a key with a TTL may be dropped when memory is short
	forgot               bool // keys were dropped since it started, or nobody can tell
}

// survey asks for INFO.
func (n *Node) survey(ctx context.Context, server redis.Cmdable) (survey, error) {
	info, err := server.Info(ctx, "all").Result()
	var said redis.Error
	refused := errors.As(err, &said) && !hasPrefix(said.Error(), away) && !hasPrefix(said.Error(), strange)
	if refused || err == nil && field(info, "run_id") == "" {
		return survey{run: "-", history: "-", former: "-"}, nil
	}
	return readSurvey(info), err
}

// readSurvey reads INFO's reply.
func readSurvey(info string) survey {
	s := survey{
		known: true, run: field(info, "run_id"), history: field(info, "master_replid"), former: field(info, "master_replid2"),
		role: field(info, "role"), version: field(info, "redis_version"),
	}
	if s.role == "slave" {
		s.role = "replica"
	}
	for _, id := range []*string{&s.run, &s.history, &s.former} {
		if *id == "" {
			*id = "-"
		}
	}
	// What was evicted is missing in the data like what was never replicated.
	if evicted := field(info, "evicted_keys"); s.history != "-" && evicted != "" {
		s.history += "/" + evicted
	}
	seconds, err := strconv.Atoi(field(info, "uptime_in_seconds"))
	s.uptime = time.Duration(seconds) * time.Second
	policy := field(info, "maxmemory_policy")
	s.mayEvict = field(info, "maxmemory") != "0" && policy != "" && policy != "noeviction"
	s.forgot = err != nil || field(info, "evicted_keys") != "0" || !strings.Contains(info, "cmdstat_")
	// What drops keys, and what makes the counters forget that.
	for _, name := range []string{"flushall", "flushdb", "swapdb", "debug", "replicaof", "slaveof", "psync", "sync",
		"config|resetstat", "config"} {
		s.forgot = s.forgot || field(info, "cmdstat_"+name) != ""
	}
	return s
}

// remembers reports whether the server certainly knows of every vote that it gave within the last while.
func (s survey) remembers(while time.Duration) bool {
	return s.known && !s.forgot && s.uptime > while+time.Second
}

// unfit returns why the server may not vote before somebody sets it up otherwise. fenced is whether votes must not be
// forgotten.
func (s survey) unfit(fenced bool) *Error {
	switch {
	case !s.known:
		return nil
	case s.role == "replica":
		return &Error{text: "a replica, not a master: its votes can be forgotten", Permanent: true}
	case s.mayEvict && fenced:
		return &Error{text: "may evict keys, and so forget votes: set maxmemory-policy noeviction", Permanent: true}
	}
	return nil
}

func flag(set bool) string {
	if set {
		return "1"
	}
	return "0"
}

// word returns a word of the meta key.
func word(meta string, index int) string {
	words := strings.Fields(meta)
	if index >= len(words) {
		return ""
	}
	return words[index]
}
