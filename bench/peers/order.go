package main

import "time"

// Some workloads need clients in several processes. Then this command starts itself again, with childArgument as its first
// argument, and the two talk in JSON: the child reads one Opening and then Orders, and writes Replies.

// childArgument makes this command a child.
const childArgument = "child"

// Opening is the first that a child is told. It opens the subject, locks keys of its own once for each worker, so that
// connections are open and scripts loaded, and is ready.
type Opening struct {
	Subject string        `json:"subject"`
	Addrs   []string      `json:"addrs"`
	Workers int           `json:"workers"`
	TTL     time.Duration `json:"ttl_ns,omitempty"` // of our leases; 0: the default
	Key     string        `json:"key"`              // what the names of its own keys begin with
}

// Order is one thing to do, on one key.
type Order struct {
	Do    string        `json:"do"`
	Key   string        `json:"key"`
	Times int           `json:"times,omitempty"`   // alone
	Rest  time.Duration `json:"rest_ns,omitempty"` // alone: before each
	Hold  time.Duration `json:"hold_ns,omitempty"`
	From  time.Duration `json:"from_ns,omitempty"` // contend: when to begin, on the shared clock
	End   time.Duration `json:"end_ns,omitempty"`  // contend: when to begin nothing more
}

// What can be done.
const (
	doContend = "contend" // all workers want the key, in a closed loop: one Reply with all holds
	doAlone   = "alone"   // lock keys that nobody else wants, so many: one Reply with how long each Lock took
	doHold    = "hold"    // lock, say so, hold, unlock: one Reply when it holds, and one with the hold; or one with the failure
	doKeep    = "keep"    // lock, say so, and then when the lease's window closes, again and again, until it is killed
)

// Reply is what a child answers.
type Reply struct {
	Ready   bool            `json:"ready,omitempty"`
	Holding bool            `json:"holding,omitempty"`
	Closes  time.Duration   `json:"closes_ns,omitempty"` // on the shared clock
	Locks   []time.Duration `json:"locks_ns,omitempty"`
	Holds   [][]Hold        `json:"holds,omitempty"`  // by worker
	Failed  map[string]int  `json:"failed,omitempty"` // cycles by error
}
