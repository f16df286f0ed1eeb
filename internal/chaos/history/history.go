package history

import "time"

// History is one run.
type History struct {
	Setup      Setup       `json:"setup"`
	Operations []Operation `json:"-"` // in the order in which they were reported, which is roughly that of Returned
	Strikes    []Strike    `json:"strikes"`
	Sights     []Sight     `json:"sights"`
	// Stopped is when the clients were told to stop; 0 while they work. Ended is when everything was over.
	Stopped time.Duration `json:"stopped"`
	Ended   time.Duration `json:"ended"`
	// Interrupted says that the run was ended before its time.
	Interrupted bool `json:"interrupted,omitempty"`
	// Troubles are what kept the run from being what was planned: a fault that could not be brought, a client that died.
	Troubles []string `json:"troubles,omitempty"`
}

// Setup is what a run was made of.
type Setup struct {
	Nodes     []string      `json:"nodes"` // addresses
	Need      int           `json:"need"`  // how many of them decide
	TTL       time.Duration `json:"ttl"`
	Drift     time.Duration `json:"drift"`   // for a lease of that TTL
	MaxTTL    time.Duration `json:"max_ttl"` // longest TTL on the nodes
	Timeout   time.Duration `json:"timeout"` // of one node's answer
	Fenced    bool          `json:"fenced"`  // whether leases have fences
	Lock      string        `json:"lock"`    // which implementation
	Processes int           `json:"processes"`
	Clients   int           `json:"clients"` // of all processes together
}

// Sight is one look for keys on a node after the end.
type Sight struct {
	Node  int           `json:"node"`
	At    time.Duration `json:"at"`
	Left  []string      `json:"left,omitempty"` // keys of the run that are still there
	Error string        `json:"error,omitempty"`
}
