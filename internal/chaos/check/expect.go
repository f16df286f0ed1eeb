package check

import "time"

// Expect is what a run was planned to show. A check that nothing is expected of is left out where the run has nothing for
// it, and is done where it has.
type Expect struct {
	Fenced     bool `json:"fenced"`     // leases have fences, and a storage asks for them
	Losses     bool `json:"losses"`     // leases are lost to more than stopped processes
	Minority   bool `json:"minority"`   // clients try keys of their own while a minority of nodes is struck
	Outages    bool `json:"outages"`    // now and then a majority is away
	Recoveries bool `json:"recoveries"` // now and then a majority does not vote, and votes again long before the end

	// Least is how many samples a check needs, by its name; 1 for those that are not here.
	Least map[string]int `json:"least,omitempty"`

	Recovery   time.Duration `json:"recovery"`   // after a majority is back, somebody has acquired within it
	Quarantine time.Duration `json:"quarantine"` // for which a node does not vote that has forgotten, or whose clock was set
	Grace      time.Duration `json:"grace"`      // after which clients have noticed that a node is back
	// Exceptions is how many tries may fail for each kind of fault that leaves a majority alone: one in a hundred, and never
	// more than these, or than one in a thousand where that is more.
	Exceptions int `json:"exceptions"`
	// Patience is how long to look for an order that explains the history. 0 means for ever.
	Patience time.Duration `json:"patience"`
}

// least returns how many samples a check needs.
func (x *Expect) least(name string) int { return max(1, x.Least[name]) }
