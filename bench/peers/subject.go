package main

import (
	"context"
	"slices"
	"time"
)

// Subject is one client that takes and gives back locks, opened on a set of nodes. Cycle is called by many workers at
// once unless the kind says that it is one thread.
type Subject interface {
	// Cycle locks key, calls hold if that is not nil, and unlocks. It returns nil only when both were granted.
	Cycle(ctx context.Context, worker int, key string, hold func()) error
	// Close gives everything back that Open took.
	Close()
}

// Site is where and for whom a subject is opened.
type Site struct {
	Addrs   []string // one for each node
	Workers int      // how many call Cycle at the same time
	Faulty  bool     // nodes will hang or die, so that connections to them are taken for long
	Grant   string   // the text of the library's grant script, for the raw client; may be empty

	TTL time.Duration // of this library's leases; 0: its default
}

// Kind is a subject that can be opened, and what the report says about it.
type Kind struct {
	Name  string // in tables, flags and JSON
	Notes string // its settings, one sentence for the report
	Ours  bool
	// Single: it has one node only, whatever the site has, so that nothing survives that node. Shown apart.
	Single bool
	// Limit: it does the bytes and nothing of what makes a lock safe. One worker, one thread.
	Limit bool
	// Batch is how many locks a Cycle takes together; 0 means 1.
	Batch int
	Open  func(ctx context.Context, site Site) (Subject, error)
}

func (k Kind) batch() int { return max(1, k.Batch) }

// ttl is what subjects without a default of their own ask for: this library's default.
const ttl = 10 * time.Second

// The names that the targets are about.
const (
	oursPlain      = "quorumlock Plain"
	oursFenced     = "quorumlock Fenced"
	redsyncDefault = "redsync"
	redsyncFast    = "redsync fail-fast"
	redsyncRueidis = "redsync over rueidis"
	rueidisLock    = "rueidislock"
	redisLock      = "redislock (single node)"
	rawPlain       = "raw"
	rawPipelined   = "raw (64 per write)"
	rawFenced      = "raw grants.lua"
	rawFencedPiped = "raw grants.lua (64 per write)"
)

// kinds are all subjects, in the order of the tables.
var kinds = []Kind{
	oursKind(oursPlain), oursKind(oursFenced),
	redsyncKind(redsyncDefault, false), redsyncKind(redsyncFast, true), redsyncRueidisKind(),
	rueidislockKind(), redislockKind(),
	rawKind(rawPlain, 1, false), rawKind(rawPipelined, 64, false),
	rawKind(rawFenced, 1, true), rawKind(rawFencedPiped, 64, true),
}

// kindsNamed returns the kinds of these names, in the order of the tables.
func kindsNamed(names ...string) []Kind {
	var some []Kind
	for _, k := range kinds {
		if slices.Contains(names, k.Name) {
			some = append(some, k)
		}
	}
	return some
}
