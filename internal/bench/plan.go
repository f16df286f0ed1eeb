package bench

import (
	"fmt"
	"slices"
	"time"
)

// strike is a fault and the nodes that it hits, counted from 0.
type strike struct {
	Fault
	nodes []int
	end   time.Duration // after the warm-up, by plan
}

// overlaps reports whether the two are there at the same time. A fault without a length is there until the end.
func (s strike) overlaps(other strike) bool { return s.At < other.end && other.At < s.end }

// plan decides which nodes each fault hits: the one that it names, or as many as it counts, beginning at the last node,
// and none that another fault has at the same time.
func plan(faults []Fault, nodes int, duration time.Duration) ([]strike, error) {
	strikes := make([]strike, len(faults))
	for i, f := range faults {
		strikes[i] = strike{Fault: f, end: duration}
		if f.For > 0 {
			strikes[i].end = min(f.At+f.For, duration)
		}
		if f.At >= duration {
			return nil, fmt.Errorf("fault %s begins after the run of %v", f, duration)
		}
	}
	// Names first: a count takes what is left.
	for i, s := range strikes {
		if s.Node == 0 {
			continue
		}
		if s.Node > nodes {
			return nil, fmt.Errorf("fault %s: there are %d nodes", s.Fault, nodes)
		}
		if other := taken(strikes, i, s.Node-1); other != nil {
			return nil, fmt.Errorf("fault %s: node %d has %s at that time", s.Fault, s.Node, other.Fault)
		}
		strikes[i].nodes = []int{s.Node - 1}
	}
	for i, s := range strikes {
		for n := nodes - 1; n >= 0 && len(strikes[i].nodes) < s.Count; n-- {
			if taken(strikes, i, n) == nil {
				strikes[i].nodes = append(strikes[i].nodes, n)
			}
		}
		slices.Sort(strikes[i].nodes)
		if len(strikes[i].nodes) < s.Count {
			return nil, fmt.Errorf("fault %s: of %d nodes, %d are left for it", s.Fault, nodes, len(strikes[i].nodes))
		}
	}
	return strikes, nil
}

// taken returns the fault other than number i that has node n at the time of number i, or nil.
func taken(strikes []strike, i, n int) *strike {
	for j := range strikes {
		if j == i || !strikes[j].overlaps(strikes[i]) {
			continue
		}
		for _, m := range strikes[j].nodes {
			if m == n {
				return &strikes[j]
			}
		}
	}
	return nil
}
