package twin

import "github.com/quorumlock/quorumlock/internal/sim"

// kind is what a command does: calls a script, is somebody else's, moves the clock, or looks.
type kind string

const (
	grant    kind = "grants"      // one or more, of one TTL
	batch    kind = "batch"       // one or more of raises, extends and releases
	release  kind = "release"     // a single one, which leaves no tombstone
	extend   kind = "extend"      // of mode Plain
	plainly  kind = "releases"    // several, which leave no tombstones
	withdraw kind = "withdrawals" // releases that leave tombstones
	boot     kind = "boot"
	lift     kind = "lift"

	flush  kind = "FLUSHALL" // the memory is lost
	store  kind = "SET"      // by another client, or by an old state that came back
	spoil  kind = "LPUSH"    // on a key that was deleted before
	remove kind = "DEL"      // by hand
	wait   kind = "wait"     // the clock moves
	look   kind = "look"     // the contents are compared
)

// command is a command before the state in which it meets the nodes is known: what it depends on is named, so that it
// still makes sense when commands before it are left out.
type command struct {
	kind     kind
	parts    []part   // of scripts but boot
	expected expected // of grant and lift
	deadline int64    // of grant: µs from now on
	grace    int64    // of batch and withdrawals: ms; 0 in a batch that leaves no tombstones
	boot     sim.BootArgs
	target   int    // of store, spoil and remove: one of names()
	text     string // of store, unless it is a number
	fence    number // of store
	ttl      int64  // of store: ms; 0 is for ever
	move     moment // of wait
}

// part is one of the commands that a script carries out.
type part struct {
	op    sim.Op
	key   int
	owner int   // or holder
	ttl   int64 // ms; scripts are never sent any below 1, and so is grace
	fence number
}

// holder is whoever holds the key.
const holder = -1

// expected is what a client takes the meta key to say.
type expected int

const (
	told    expected = iota // what the last boot has told
	older                   // what an earlier one had told
	changed                 // something else
	nothing                 // it has not looked
)

// number is a fence, as far as it can be known beforehand: so many ticks from a base.
type number struct {
	base base
	off  int64
}

type base int

const (
	fixed   base = iota
	clock        // the node's clock, in ticks
	tenfold      // ten times the clock: a digit more, and between the bounds as text
	ceiling      // the largest that a proposal may be
	counter      // what the key's counter says
	since        // from when on the node votes, in ticks
)

// moment is where the clock goes: so many µs from a point.
type moment struct {
	from point
	key  int // of end: one of names()
	by   int64
}

type point int

const (
	present point = iota
	tick          // the next one begins
	end           // of the last ms in which a key is there
	votes         // from when on the node votes
)
