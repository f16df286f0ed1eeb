package check

import (
	"fmt"
	"strings"
)

// leftovers: at the end every node was looked at, and none had a key of the run. What nobody could look at, nobody can tell.
func leftovers(r *run, res *Result) {
	seen := map[int]bool{}
	for _, s := range r.h.Sights {
		res.Samples++
		seen[s.Node] = true
		name := r.node(s.Node)
		switch {
		case s.Error != "":
			res.why = fmt.Sprintf("%s could not be looked at: %s", name, s.Error)
		case len(s.Left) > 0:
			some := s.Left[:min(3, len(s.Left))]
			res.bad(Problem{Text: fmt.Sprintf("%s still has %s: %s", name, count(len(s.Left), "key"), strings.Join(some, ", ")), At: s.At, Key: some[0]})
		}
	}
	for n := range r.h.Setup.Nodes {
		if !seen[n] {
			res.why = r.node(n) + " was not looked at"
		}
	}
	res.Saw = fmt.Sprintf("%s on %s", count(res.Samples, "look"), count(len(seen), "node"))
}

func (r *run) node(n int) string {
	if n < 0 || n >= len(r.h.Setup.Nodes) {
		return fmt.Sprintf("node %d", n)
	}
	return r.h.Setup.Nodes[n]
}
