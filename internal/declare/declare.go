// Package declare says of a deployment that it is new: that no lock can be outstanding on its nodes, so that the first one
// need not wait out the quarantine of rule R6.
//
// Nobody can know that but whoever set the nodes up. What can be seen of it is looked at first, on all nodes; nothing is
// written anywhere as long as one of them has something against it.
package declare

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/quorum"
)

// Schema names the form of a [Result] in JSON.
const Schema = "quorumlock.init/1"

// Config says which nodes, and what all their clients agree on.
type Config struct {
	Addrs      []string
	TLS        *tls.Config
	Timeout    time.Duration // of one node's answer
	MaxTTL     time.Duration // the longest TTL of any client
	Deployment string
	Force      bool // declare although something speaks against it
}

// State is what became of one node.
type State string

const (
	Declared State = "declared"  // it did not vote, and does now
	Voted    State = "voted"     // it voted before, and remembers what it gave
	Refused  State = "refused"   // something speaks against it
	Silent   State = "silent"    // it could not be looked at
	Untouch  State = "untouched" // nothing speaks against it, but against another one
)

// Result is what was found, and done.
type Result struct {
	Schema   string `json:"schema"`
	Declared bool   `json:"declared"` // a majority votes now, and without force all do
	Forced   bool   `json:"forced"`   // something spoke against it
	Need     int    `json:"need"`
	Nodes    []Node `json:"nodes"`
}

// Node is what was found, and done, on one of them.
type Node struct {
	Addr    string   `json:"addr"` // without credentials
	State   State    `json:"state"`
	Checked []string `json:"checked"` // what was looked at, and is as it should be
	Against []string `json:"against"` // what speaks against it
	Notes   []string `json:"notes"`   // what else is worth knowing
	Locks   int      `json:"locks"`   // keys that could be locks
	Keys    int      `json:"keys"`    // keys that were looked at
}

func (n *Node) against(format string, args ...any) {
	n.Against = append(n.Against, fmt.Sprintf(format, args...))
}

func (n *Node) checked(format string, args ...any) {
	n.Checked = append(n.Checked, fmt.Sprintf(format, args...))
}

func (n *Node) note(format string, args ...any) {
	n.Notes = append(n.Notes, fmt.Sprintf(format, args...))
}

// candidate is a node on its way.
type candidate struct {
	Node
	client   *redis.Client
	standing node.Standing
	policy   node.Policy
	timeout  time.Duration
	seen     keys
}

// Run looks at all nodes, and declares them to be new if nothing speaks against it, or with force as many as it can reach.
// Its error is about the input; what was found against a node is in the result.
func Run(ctx context.Context, cfg Config) (Result, error) {
	result := Result{Schema: Schema, Need: quorum.Majority(len(cfg.Addrs)).Need()}
	policy := node.Policy{Longest: cfg.MaxTTL, Stretch: 1 + clock.DefaultDrift.Rate, Members: node.Members(len(cfg.Addrs), cfg.Deployment)}
	all := make([]*candidate, len(cfg.Addrs))
	for i, addr := range cfg.Addrs {
		client, name, err := node.Connect(addr, cfg.TLS, cfg.Timeout)
		if err != nil {
			return result, fmt.Errorf("the address of node %d %w", i, err)
		}
		defer client.Close()
		all[i] = &candidate{Node: Node{Addr: name}, client: client, policy: policy, timeout: cfg.Timeout}
	}
	each(all, func(c *candidate) { c.look(ctx) })
	twins(all)
	used(all)
	clear := true
	for _, c := range all {
		clear = clear && len(c.Against) == 0
	}
	if clear || cfg.Force {
		each(all, func(c *candidate) { c.declare(ctx, cfg.Force) })
	}
	voting := 0
	for _, c := range all {
		result.Forced = result.Forced || cfg.Force && len(c.Against) > 0
		if c.State == Declared || c.State == Voted {
			voting++
		}
		if c.State == "" {
			c.State = Untouch
			if len(c.Against) > 0 {
				c.State = Refused
			}
		}
		result.Nodes = append(result.Nodes, c.Node)
	}
	result.Declared = voting == len(all) || cfg.Force && voting >= result.Need
	return result, nil
}

// each does something to all candidates at once.
func each(all []*candidate, do func(c *candidate)) {
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() { do(c) })
	}
	wg.Wait()
}

// twins finds servers that stand under two addresses.
func twins(all []*candidate) {
	runs := map[string]string{}
	for _, c := range all {
		run := c.standing.Run
		if run == "" || run == "-" {
			continue
		}
		if other, twice := runs[run]; twice {
			c.against("is the same server as %s: one server has one vote", other)
		}
		runs[run] = c.Addr
	}
}

// declare has the node vote, if it does not.
func (c *candidate) declare(ctx context.Context, force bool) {
	if c.State == Silent {
		return
	}
	if c.standing.Meta != "" && c.standing.VotesIn == 0 && !c.standing.Changed && c.standing.Strange(c.policy) == nil && c.standing.Unfit == nil {
		c.State = Voted
		return
	}
	if c.standing.Unfit != nil { // a declaration does not make a vote of it
		c.State = Refused
		return
	}
	if err := c.vote(ctx, force); err != nil {
		c.State = Refused
		c.against("%v", err)
		return
	}
	c.State = Declared
}

// vote ends the node's wait. The keys are looked at once more after it has begun: from then on no vote is given that is
// forgotten.
func (c *candidate) vote(ctx context.Context, force bool) error {
	if c.standing.Strange(c.policy) != nil {
		if err := node.Renew(ctx, c.client, c.timeout); err != nil {
			return err
		}
	}
	meta, err := node.Boot(ctx, c.client, c.policy, c.timeout)
	if err != nil {
		return err
	}
	again, err := scan(ctx, c.client, c.timeout)
	switch {
	case err != nil && !force:
		return fmt.Errorf("its keys cannot be looked at: %w", err)
	case again.locks > c.seen.locks && !force:
		return fmt.Errorf("a lock was taken meanwhile: %s", again.some())
	}
	lifted, err := node.Lift(ctx, c.client, meta, c.timeout)
	if err == nil && !lifted {
		// Another client may have lifted it, or the node has forgotten what it was just told.
		now, again := node.Stand(ctx, c.client, c.policy, c.timeout)
		if again == nil && now.Meta != "" && now.VotesIn == 0 {
			return nil
		}
		return fmt.Errorf("changed meanwhile: try again")
	}
	return err
}
