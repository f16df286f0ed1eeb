package sim

import (
	"testing"
	"time"
)

// What the rules as they are built do not give is shown here, so that whoever mends it is told to take it out of this
// file and of docs/simulation.md.

// A client that is told Config.Fresh believes it of every node at its first look, also when that comes late: a node that
// lost its memory meanwhile votes at once, and exclusion is lost.
func TestKnownFreshIsBelievedLate(t *testing.T) {
	cfg := Draw(2151)
	cfg.Workers, cfg.Keys = 1, 1
	faults := []Fault{
		{Kind: LinkOut, Node: 5, Client: 0, For: 9 * time.Second},
		{Kind: LinkOut, Node: 6, Client: 0, For: 6 * time.Second},
		{Kind: LinkOut, Node: 1, Client: 0, For: 15 * time.Second},
		{At: 872832590, Kind: NodeFlush, Node: 0},
	}
	r := Run(cfg, faults, nil)
	if len(r.Violations) == 0 || r.Violations[0].Rule != "I1" {
		t.Errorf("got %v want a violation of I1: is it mended?", r.Violations)
	}
}

// A client that was idle has an old idea of the nodes' clocks, so that the first grants after that are too late by them,
// and a first round is lost for nothing.
func TestKnownIdleClientsAreTooLate(t *testing.T) {
	if r := again(685); r.Misjudged == 0 {
		t.Error("got no first round lost to an old idea of a node's clock: is it mended?")
	}
}

// A round is lost for nothing when a granter falls silent before it has written the fence down, and the node that could
// take its place granted a larger fence.
func TestKnownSecondPhaseGetsStuck(t *testing.T) {
	if r := again(1159); r.Stuck == 0 {
		t.Error("got no first round lost in its second round trip: is it mended?")
	}
}

// A release that finds its key leaves no tombstone, so that a grant that something in between sends again, before its
// deadline, is stored once more and keeps everybody out for a TTL.
func TestKnownGrantIsRevived(t *testing.T) {
	if r := again(1); r.Revived == 0 {
		t.Error("got no grant that was stored again after its release: is it mended?")
	}
}

func again(seed uint64) *Report {
	cfg := Draw(seed)
	return Run(cfg, Faults(cfg), nil)
}
