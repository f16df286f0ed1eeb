package sim

import (
	"testing"
	"time"
)

// made are the runs that show mutants which runs that are drawn show too rarely.
var made = map[Mutant]func() (Config, []Fault){
	OldClock: idled, StrayUnburied: strayed, DeclaredLate: declared, LiftedBlindly: lifted, OneSurvey: surveyed, FreshBelievedLate: believed,
	LookFromReply: stopped,
}

// idled is a run in which nothing goes wrong, and clients do nothing for a while.
func idled() (Config, []Fault) {
	cfg := small()
	cfg.Seed, cfg.Clients, cfg.Keys, cfg.Quiet, cfg.Horizon = 77, 2, 2, true, 2*time.Minute
	cfg.TTL, cfg.Longest, cfg.Budget, cfg.Delay = 3*time.Second, 3*time.Second, 50*time.Millisecond, 2*time.Millisecond
	return cfg, nil
}

// declared is a run on a new node that is flushed while the first look of one of two clients is on its way, both of which
// say that it is new.
func declared() (Config, []Fault) {
	cfg := small()
	cfg.Seed, cfg.Nodes, cfg.Budget, cfg.Fresh = 13, 1, 600*time.Millisecond, true
	return cfg, []Fault{
		{Kind: LinkSlow, Node: 0, Client: 0, For: 100 * time.Millisecond},
		{At: 700 * time.Millisecond, Kind: NodeFlush, Node: 0},
	}
}

// believed is a run on a new node that is flushed before some of the clients ask it for the first time.
func believed() (Config, []Fault) {
	cfg := small()
	cfg.Seed, cfg.Nodes, cfg.Clients, cfg.Fresh, cfg.Dialed = 1, 1, 3, true, true
	return cfg, []Fault{{At: time.Second, Kind: NodeFlush, Node: 0}}
}

// lifted is a run in which the word that nothing can be outstanding reaches a new node late: it was cut off meanwhile, has
// voted after its quarantine, and was flushed.
func lifted() (Config, []Fault) {
	cfg := small()
	cfg.Seed, cfg.Nodes, cfg.Clients, cfg.Budget, cfg.Fresh, cfg.Dialed = 1, 1, 3, 600*time.Millisecond, true, true
	const cut, whole = 10 * time.Millisecond, 2500 * time.Millisecond
	return cfg, []Fault{
		{At: cut, Kind: LinkOut, Node: 0, Client: 0, For: whole - cut},
		{At: whole - time.Millisecond, Kind: NodeFlush, Node: 0},
	}
}

// surveyed is a run in which a node is flushed after INFO has told that it remembers everything, and before the script
// comes that says so to the node.
func surveyed() (Config, []Fault) {
	cfg := small()
	cfg.Seed, cfg.Nodes, cfg.Clients, cfg.Workers, cfg.Dialed, cfg.Renew = 1020488, 1, 4, 3, true, true
	cfg.TTL, cfg.Longest, cfg.Guard = 2493*time.Millisecond, 2493*time.Millisecond, 124650*time.Microsecond
	cfg.Budget, cfg.Delay, cfg.Horizon = 232*time.Millisecond, 4296296, time.Minute
	return cfg, []Fault{
		{At: 692531296, For: 4255652798, Kind: LinkIn, Node: 0, Client: 3},
		{At: 892400288, For: 2391138740, Kind: NodeEmpty, Node: 0},
		{At: 4528027628, For: 2541518517, Kind: LinkSlow, Node: 0, Client: -1},
		{At: 6699807269, Kind: NodeBack, Node: 0, By: -43029635},
		{At: 8030 * time.Millisecond, Kind: NodeFlush, Node: 0},
	}
}

// strayed is a run in which connections to a node break, so that a grant may come by one after its release by another.
func strayed() (Config, []Fault) {
	cfg := small()
	cfg.Seed, cfg.Budget, cfg.Dialed = 907, 600*time.Millisecond, true
	return cfg, []Fault{{At: 100 * time.Millisecond, Kind: LinkLossy, Node: 0, Client: -1, For: 20 * time.Second}}
}

// stopped is a run in which a client is stopped while a look at a node is on its way back, which becomes a replica of an
// older copy of its own at that time and is promoted before the client goes on.
func stopped() (Config, []Fault) {
	cfg := small()
	cfg.Seed, cfg.Nodes, cfg.Workers, cfg.Budget, cfg.Dialed = 9, 1, 2, 100*time.Millisecond, true
	const at = 5590 * time.Millisecond
	return cfg, []Fault{
		{At: at, Kind: NodeDemote, Node: 0, For: interval + 2*cfg.Budget, By: time.Second},
		{At: at + time.Millisecond, Kind: ClientFreeze, Client: 0, For: interval + 2*cfg.Budget + 2*time.Millisecond},
	}
}

// What was known of a server before it was told what to remember does not count, nor does what a message says that comes
// after the server has forgotten that again: exclusion holds, and was lost before.
func TestWhatWasKnownBeforeDoesNotCount(t *testing.T) {
	for _, m := range []Mutant{OneSurvey, LiftedBlindly} {
		cfg, faults := m.run(0)
		if r := Run(cfg, faults, nil); len(r.Violations) > 0 {
			t.Errorf("%v: got %v and nothing is broken", m, r.Violations)
		}
		cfg.Mutant = m
		if r := Run(cfg, faults, nil); len(r.Violations) == 0 || r.Violations[0].Rule != "I1" {
			t.Errorf("%v: got %v want a violation of I1", m, r.Violations)
		}
	}
}
