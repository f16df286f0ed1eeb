package demo

import "time"

// Kind is what an [Event] is about.
type Kind string

// The kinds of events, and the fields that each of them sets beside At and Kind.
const (
	Starting Kind = "starting" // Count nodes of kind Backend
	Ready    Kind = "ready"    // Nodes; Took to start
	Act      Kind = "act"      // Act; Count nodes are up when it begins, Need of them decide
	Holds    Kind = "holds"    // Who, Key, Fence; Took since it asked
	Releases Kind = "releases" // Who, Key, Fence; Took: held for; Err if that did not reach a majority
	Clings   Kind = "clings"   // Who, Key: will hold on until it is told to stop
	Lost     Kind = "lost"     // Who, Key, Fence; Took: held for; Spare: until a node could have let the key go; Err
	GivesUp  Kind = "gives-up" // Who, Key; Took since it asked; Err
	Killing  Kind = "killing"  // Nodes, Numbers
	Killed   Kind = "killed"   // Nodes, Numbers; Took; Count nodes are left
	Reviving Kind = "reviving" // Nodes, Numbers: are being started
	Revived  Kind = "revived"  // Nodes, Numbers: one of them; Took since Reviving; Count nodes are up
	Alone    Kind = "alone"    // Act, Count nodes up; locks without competition: Samples of them took Took in the median and Worst at most
	Removing Kind = "removing" // the nodes are being removed
)

// Event is one thing that happened on the stage.
type Event struct {
	At      time.Duration // since the demo began
	Kind    Kind
	Act     int
	Who     string
	Key     string
	Fence   uint64
	Took    time.Duration
	Worst   time.Duration
	Spare   time.Duration
	Backend string
	Nodes   []string // addresses
	Numbers []int    // of the same nodes, from 1
	Count   int
	Need    int
	Samples int
	Err     error
}
