package node

import (
	"fmt"
	"sync"
)

// Roster is who is behind the nodes of one locker. One server that stands under two addresses has one vote, and not two:
// the second is refused. Safe for concurrent use. The nil Roster refuses nobody.
type Roster struct {
	Nodes int // how many there are; 0: nobody compares their clocks

	mu     sync.Mutex
	runs   map[int]entry   // guarded by mu; by node
	clocks map[int]reading // guarded by mu; by node
}

type entry struct {
	addr, run string
}

// enter notes which server process answers at a node, and returns why it may not vote as that.
func (r *Roster) enter(index int, addr, run string) *Error {
	if r == nil || run == "-" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for other, e := range r.runs {
		if other != index && e.run == run {
			return &Error{text: fmt.Sprintf("is the same server as %s: one server has one vote", e.addr), Permanent: true}
		}
	}
	if r.runs == nil {
		r.runs = make(map[int]entry)
	}
	r.runs[index] = entry{addr: addr, run: run}
	return nil
}
