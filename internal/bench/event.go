package bench

import "time"

// EventKind is what an Event is about.
type EventKind int

const (
	NodesStart     EventKind = iota // Count of them, of Text kind
	NodesAnswer                     // after At
	NodesQuiet                      // for At: they do not vote yet
	ProcessesStart                  // Count of them
	WarmupBegins                    // for At
	LoadBegins                      // the measured part
	Progress                        // At is how far it is
	FaultBegins                     // Fault on Nodes
	FaultEnded                      // and Err if it could not be carried out
	LoadEnded                       // locks under way are still waited for
	Tidying                         // nodes are looked at and removed
)

// Event is something that whoever waits for a run may want to see.
type Event struct {
	Kind      EventKind
	At        time.Duration
	Text      string
	Count     int
	Completed int64 // of Progress: cycles until now
	Lately    Point // of Progress: the last second
	Fault     string
	Nodes     []int // counted from 1
	Err       error
}
