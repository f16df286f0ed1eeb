package sim

import (
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// What the rules as they are built do not give is shown here, so that whoever mends it is told to take it out of this
// file and of docs/simulation.md. The runs are written down in full, so that a change of what is drawn changes none.

// A round is lost for nothing when a granter falls silent before it has written the fence down, and the node that could
// take its place granted a larger fence.
func TestKnownSecondPhaseGetsStuck(t *testing.T) {
	cfg := Config{Seed: 1159, Nodes: 3, Clients: 4, Workers: 1, Keys: 4, TTL: 1073 * time.Millisecond,
		Longest: 1073 * time.Millisecond, Budget: 67 * time.Millisecond, MaxHold: 2146 * time.Millisecond,
		Drift: clock.DefaultDrift, Apart: apart, Renew: true, Delay: 2161290, Quiet: true, Horizon: time.Minute,
		Pace: 1224 * time.Millisecond}
	if r := Run(cfg, Faults(cfg), nil); r.Stuck == 0 || len(r.Violations) > 0 {
		t.Errorf("got %d first rounds lost in their second round trip, and %v: is it mended?", r.Stuck, r.Violations)
	}
}

// A round is lost for nothing on new nodes when another client that says that they are new has had them note what to
// remember, and has not yet let them vote.
func TestKnownNewNodeIsNotLetVoteYet(t *testing.T) {
	cfg := Config{Seed: 2029377, Nodes: 7, Clients: 2, Workers: 1, Keys: 2, TTL: 1164 * time.Millisecond,
		Longest: 1164 * time.Millisecond, Budget: 135 * time.Millisecond, Drift: clock.DefaultDrift, Apart: apart, Renew: true,
		Delay: 1824324, Fresh: true, Dialed: true, Quiet: true, Horizon: time.Minute, Pace: 965 * time.Millisecond}
	faults := []Fault{{Kind: NodeEmpty, Node: 0, For: 44179 * time.Millisecond}, {Kind: LinkOut, Node: 1, Client: -1, For: 44179 * time.Millisecond}}
	if r := Run(cfg, faults, nil); r.Early == 0 || len(r.Violations) > 0 {
		t.Errorf("got %d first rounds lost on new nodes, and %v: is it mended?", r.Early, r.Violations)
	}
}

// A release that finds its key leaves no tombstone, nor does one that comes by the connection by which its grant went, so
// that a grant that something in between sends again, before its deadline, is stored once more and keeps everybody out for
// a TTL.
func TestKnownGrantIsRevived(t *testing.T) {
	cfg := small()
	cfg.Seed, cfg.Dialed = 4, true
	faults := []Fault{{Kind: LinkDouble, Node: 0, Client: -1, For: 20 * time.Second}}
	if r := Run(cfg, faults, nil); r.Revived == 0 || len(r.Violations) > 0 {
		t.Errorf("got %d grants that were stored again after their release, and %v: is it mended?", r.Revived, r.Violations)
	}
}

// That nodes are new is believed of every node that has no meta key at the first look. If a node votes for one client
// and forgets that before the first look of another, it votes at once, and exclusion is lost.
func TestKnownDeclarationArrivesLate(t *testing.T) {
	cfg, faults := declared()
	cfg.Mutant = DeclaredLate
	if r := Run(cfg, faults, nil); len(r.Violations) == 0 || r.Violations[0].Rule != "I1" {
		t.Errorf("got %v want a violation of I1: is it mended?", r.Violations)
	}
}

// small is a run of two callers on one key.
func small() Config {
	return Config{Nodes: 3, Clients: 2, Workers: 1, Keys: 1, TTL: 2 * time.Second, Longest: 2 * time.Second,
		Budget: 200 * time.Millisecond, Drift: clock.DefaultDrift, Apart: apart, Delay: 5 * time.Millisecond,
		Horizon: 40 * time.Second, Pace: time.Second}
}
