// Package doctor looks whether a deployment is what Redlock assumes: independent masters that keep what they were told,
// on clocks that agree, and open to us for all that locking uses. It changes nothing on the nodes.
package doctor

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/quorum"
)

// Schema names the form of a [Report] in JSON.
const Schema = "quorumlock.doctor/1"

// Level says how bad a finding is.
type Level string

const (
	OK      Level = "ok"
	Note    Level = "note"    // worth knowing, and nothing to do about
	Warning Level = "warning" // locking works, and less well or less safely than it could
	Unknown Level = "unknown" // it could not be found out, which is not fine
	Problem Level = "problem" // an assumption does not hold, or locking does not work
)

// Levels are all levels, the worst one last.
var Levels = []Level{OK, Note, Warning, Unknown, Problem}

// Finding is one thing that was looked at.
type Finding struct {
	Check string `json:"check"` // what was looked at: a word that stays the same
	Level Level  `json:"level"`
	Text  string `json:"text"`          // what was found
	Why   string `json:"why,omitempty"` // why it matters; of everything but OK
	Do    string `json:"do,omitempty"`  // what to do; of everything but OK
}

// Node is what was found about one node.
type Node struct {
	Addr     string    `json:"addr"`  // without credentials
	Votes    bool      `json:"votes"` // now, or by itself in VotesIn
	Version  string    `json:"version,omitempty"`
	Role     string    `json:"role,omitempty"`
	Run      string    `json:"run_id,omitempty"`
	Uptime   float64   `json:"uptime_s"`    // 0 when it does not tell
	RTT      float64   `json:"rtt_ms"`      // the middle one of several; 0 without an answer
	Offset   float64   `json:"offset_ms"`   // of its clock against the median of all
	VotesIn  float64   `json:"votes_in_ms"` // 0 also when nobody can say
	Findings []Finding `json:"findings"`
}

// Report is what was found.
type Report struct {
	Schema   string    `json:"schema"`
	Verdict  Level     `json:"verdict"` // the worst level of all findings
	Mode     string    `json:"mode"`    // fenced or plain
	Need     int       `json:"need"`
	Voting   int       `json:"voting"` // now
	Nodes    []Node    `json:"nodes"`
	Findings []Finding `json:"findings"` // about all nodes together
}

// Config says which nodes, and what their clients do.
type Config struct {
	Addrs      []string
	TLS        *tls.Config
	Timeout    time.Duration // of one node's answer
	MaxTTL     time.Duration
	Deployment string
	Plain      bool
	Durable    bool     // the clients take the nodes to forget nothing in a restart
	Keys       []string // that the clients lock, or some like them; none: whether an ACL allows them is not looked at
}

func (c Config) policy() node.Policy {
	return node.Policy{Longest: c.MaxTTL, Stretch: 1 + clock.DefaultDrift.Rate, Members: node.Members(len(c.Addrs), c.Deployment), Durable: c.Durable}
}

// Run looks at all nodes at once. Its error is about the input.
func Run(ctx context.Context, cfg Config) (Report, error) {
	patients := make([]*patient, len(cfg.Addrs))
	for i, addr := range cfg.Addrs {
		client, name, err := node.Connect(addr, cfg.TLS, cfg.Timeout)
		if err != nil {
			return Report{}, fmt.Errorf("the address of node %d %w", i, err)
		}
		defer client.Close()
		patients[i] = &patient{Node: Node{Addr: name}, cfg: cfg, client: client}
	}
	var wg sync.WaitGroup
	for _, p := range patients {
		wg.Go(func() { p.examine(ctx) })
	}
	wg.Wait()
	return assemble(cfg, patients), nil
}

// assemble compares the nodes with each other, judges each, and sums up.
func assemble(cfg Config, patients []*patient) Report {
	rule := quorum.Majority(len(patients))
	r := Report{Schema: Schema, Mode: "fenced", Need: rule.Need()}
	if cfg.Plain {
		r.Mode = "plain"
	}
	compare(patients)
	for _, p := range patients {
		p.judge()
		if p.Votes && p.VotesIn == 0 {
			r.Voting++
		}
		r.Nodes = append(r.Nodes, p.Node)
	}
	r.Findings = together(cfg, rule, patients)
	r.Verdict = OK
	worst(&r.Verdict, r.Findings)
	for _, n := range r.Nodes {
		worst(&r.Verdict, n.Findings)
	}
	return r
}

// worst raises level to the worst one of the findings.
func worst(level *Level, findings []Finding) {
	for _, f := range findings {
		if rank(f.Level) > rank(*level) {
			*level = f.Level
		}
	}
}

func rank(l Level) int {
	for i, one := range Levels {
		if one == l {
			return i
		}
	}
	return len(Levels)
}

// Count returns how many findings of the report have the level.
func (r Report) Count(l Level) int {
	count := 0
	for _, of := range append([]Node{{Findings: r.Findings}}, r.Nodes...) {
		for _, f := range of.Findings {
			if f.Level == l {
				count++
			}
		}
	}
	return count
}
