package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is what goes wrong.
type Kind uint8

const (
	NodeEmpty    Kind = iota // crashes, and comes back without memory
	NodeSnapshot             // crashes, and comes back with what it knew some time ago
	NodeTail                 // crashes, and comes back without the last part of its log
	NodeRestart              // restarts with everything
	NodePromote              // a replica that lags takes the node's place
	NodeDemote               // is a replica of an older copy of its own for a while, and its connections stay
	NodeFlush                // forgets everything, and goes on
	NodeEvict                // drops keys, as it was set up to when memory is short
	NodePause                // hangs, then carries its backlog out
	NodeBack                 // its clock is set back
	NodeNudge                // its clock is set forward by less than the drift allows
	NodeForward              // its clock is set forward, against A2
	ClientCrash
	ClientFreeze  // is stopped, and goes on
	ClientSuspend // its machine sleeps: the monotonic clock stands still
	ClientWall    // its wall clock is set
	CancelStorm   // every caller who waits gives up
	LinkOut       // nothing arrives at the node
	LinkIn        // nothing comes back from the node
	LinkLossy     // connections break
	LinkSlow      // messages take up to several TTLs
	LinkDouble    // something in between sends messages again, later
	kinds
)

var kindNames = [kinds]string{"node empty", "node snapshot", "node tail", "node restart", "node promote", "node demote",
	"node flush", "node evict", "node pause", "node back", "node nudge", "node forward", "client crash", "client freeze", "client suspend",
	"client wall", "cancel storm", "link out", "link in", "link lossy", "link slow", "link double"}

func (k Kind) String() string { return kindNames[k] }

// forgets reports whether memory is lost by it.
func (k Kind) forgets() bool {
	return k <= NodeFlush && k != NodeRestart
}

// Fault is one thing that goes wrong.
type Fault struct {
	At     time.Duration
	For    time.Duration // how long it lasts
	Kind   Kind
	Node   int           // which node
	Client int           // which process; -1 on a link: all
	By     time.Duration // how far a clock is set, or how much memory is lost
}

func (f Fault) String() string {
	who := fmt.Sprintf("n%d", f.Node)
	switch {
	case f.Kind >= LinkOut && f.Client >= 0:
		who = fmt.Sprintf("c%d-n%d", f.Client, f.Node)
	case f.Kind >= ClientCrash && f.Kind < LinkOut:
		who = fmt.Sprintf("c%d", f.Client)
	}
	text := fmt.Sprintf("%v %s", f.Kind, who)
	if f.By != 0 {
		text += fmt.Sprintf(" by %v", f.By.Round(time.Microsecond))
	}
	if f.For != 0 {
		text += fmt.Sprintf(" for %v", f.For.Round(time.Millisecond))
	}
	return text
}

// Faults makes up what goes wrong in the run of cfg, in the order of time.
func Faults(cfg Config) []Fault {
	r := fork(cfg.Seed, "faults")
	if cfg.Quiet {
		return minority(cfg, r)
	}
	var all []Fault
	at := time.Duration(0)
	for {
		at += time.Duration(r.ExpFloat64() * float64(cfg.Pace))
		// Drawn in full before it is looked at, so that one does not shift the next.
		f := Fault{At: at, Kind: Kind(r.IntN(int(kinds))), Node: r.IntN(cfg.Nodes), Client: r.IntN(cfg.Clients)}
		length, amount, everybody, back := r.Float64(), r.Float64(), r.IntN(3) == 0, r.IntN(2) == 0
		if at >= cfg.calm() {
			return all
		}
		if !cfg.allows(f.Kind) {
			continue
		}
		f.For = time.Duration(length * length * 3 * float64(cfg.TTL))
		switch f.Kind {
		case NodeSnapshot:
			f.By = time.Duration(amount * 5 * float64(cfg.TTL))
		case NodeTail, NodePromote, NodeDemote:
			f.By = time.Duration(amount * amount * float64(cfg.TTL))
		case NodeBack:
			f.By, f.For = -time.Duration(amount*float64(cfg.quarantine())/8), 0
		case NodeNudge:
			f.By, f.For = time.Duration(amount*float64(time.Millisecond)), 0
		case NodeForward:
			f.By, f.For = time.Duration(amount*5*float64(cfg.TTL)), 0
			if back {
				f.By = -f.By
			}
		case NodeFlush, CancelStorm:
			f.For = 0
		case NodeEvict:
			f.Node, f.For = cfg.Nodes-1-f.Node%cfg.Evicting, 0
		case ClientWall:
			f.By, f.For = time.Duration(amount*2*float64(cfg.TTL)), 0
			if back {
				f.By = -f.By
			}
		case LinkOut, LinkIn, LinkLossy, LinkSlow, LinkDouble:
			if everybody {
				f.Client = -1
			}
		}
		if f.Kind == NodeDemote && !f.prolong(cfg) {
			continue
		}
		f.For = min(f.For, cfg.calm()-at)
		all = append(all, f)
		if f.Kind == NodeForward && everybody { // all nodes follow one source of time
			for hop := 1; hop < cfg.Nodes; hop++ {
				other := f
				other.Node = (f.Node + hop) % cfg.Nodes
				all = append(all, other)
			}
		}
	}
}

// prolong has a node be a replica for longer than what is not seen, which goes by between two looks and within a vote. It
// reports whether that ends in time.
func (f *Fault) prolong(cfg Config) bool {
	f.For += interval + 2*cfg.Budget
	return f.At+f.For <= cfg.calm()
}

// allows reports whether a kind of fault is part of the run: see [Config].
func (c *Config) allows(k Kind) bool {
	switch {
	case k.forgets() && !c.forgetful():
		return false
	case c.Durable && k != NodePromote && k != NodeDemote && k.forgets():
		return false // it would not be durable
	case k == NodeForward:
		return c.Beyond
	case k == NodeEvict:
		return c.Evicting > 0
	}
	return true
}

// minority makes fewer than half of the nodes faulty for the whole run.
func minority(cfg Config, r *rand.Rand) []Fault {
	var all []Fault
	nodes := r.Perm(cfg.Nodes)
	for _, node := range nodes[:(cfg.Nodes-1)/2] {
		kind := []Kind{NodePause, NodeEmpty, LinkOut, LinkIn, LinkSlow, LinkLossy}[r.IntN(6)]
		all = append(all, Fault{For: cfg.calm(), Kind: kind, Node: node, Client: -1})
	}
	slices.SortFunc(all, func(a, b Fault) int { return a.Node - b.Node })
	return all
}
