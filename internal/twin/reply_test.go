package twin

import (
	"fmt"
	"strings"

	"github.com/quorumlock/quorumlock/internal/sim"
)

// reply is what a node says: numbers, and a text from boot and lift; or that the script failed. What an error says is not
// compared.
type reply struct {
	failed  bool
	numbers []int64
	text    string
}

// String returns the reply as it is compared.
func (r reply) String() string {
	if r.failed {
		return "error"
	}
	return strings.TrimSpace(strings.Trim(fmt.Sprint(r.numbers), "[]") + " " + r.text)
}

// good reports whether one number says that everything was done, as nearly always.
func (r reply) good(c call) bool {
	n := r.numbers
	return c.kind == grant && len(n) == 2 && n[1] == 0 || (c.kind == plainly || c.kind == withdraw) && len(n) == 1 && n[0] == 1
}

// about returns what a script said to one of its commands: in a reply that is about all of them, or at its place.
func (r reply) about(c call, i int) sim.Result {
	n := r.numbers
	switch {
	case r.good(c):
		return sim.Result{Code: 1}
	case c.kind == grant && len(n) == 2:
		return sim.Result{Code: int(n[1])}
	case c.kind == grant:
		return sim.Result{Code: int(n[1+2*i]), Value: n[2+2*i]}
	case c.kind == batch:
		return sim.Result{Code: int(n[1+i])}
	case len(n) == 1:
		return sim.Result{Code: int(n[0])}
	default:
		return sim.Result{Code: int(n[i])}
	}
}

// spell returns a reply to grants that says everything about each.
func (r reply) spell(c call) reply {
	if r.failed || c.kind != grant || len(r.numbers) == 2 && r.numbers[1] != 0 {
		return r
	}
	long := []int64{r.numbers[0]}
	for i, p := range c.parts {
		said := r.about(c, i)
		if said == (sim.Result{Code: 1}) {
			said.Value = int64(p.Fence)
		}
		long = append(long, int64(said.Code), said.Value)
	}
	r.numbers = long
	return r
}
