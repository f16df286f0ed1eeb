package inspect

import (
	"testing"

	"github.com/quorumlock/quorumlock/quorum"
)

const (
	ann = "6d6cc6ac-5e37-4a35-9b9d-b4a4a0e0d4ac"
	ben = "0f8fad5b-d9cb-469f-a165-70867728950e"
)

// A verdict is given only when no answer of those that are silent could change it.
func TestVerdicts(t *testing.T) {
	a, b := Node{State: Held, owner: ann, Left: 1000}, Node{State: Held, owner: ben, Left: 1000}
	free, kept, other, silent := Node{State: Free}, Node{State: Kept}, Node{State: Other}, Node{State: Unknown}
	for _, c := range []struct {
		nodes []Node
		want  Verdict
	}{
		{[]Node{a, a, a}, IsHeld},
		{[]Node{a, a, b}, IsHeld},
		{[]Node{a, a, silent}, IsHeld},
		{[]Node{a, b, b}, IsHeld},
		{[]Node{a, silent, silent}, NoQuorum},
		{[]Node{a, silent, b}, NoQuorum},
		{[]Node{a, silent, free}, NoQuorum},
		{[]Node{free, silent, free}, IsFree},
		{[]Node{free, a, free}, IsFree},
		{[]Node{free, a, b}, Split},
		{[]Node{other, other, free}, Split},
		{[]Node{other, other, silent}, Split},
		{[]Node{other, free, silent}, NoQuorum},
		{[]Node{kept, kept, free}, IsKept},
		{[]Node{kept, free, a}, IsKept},
		{[]Node{kept, a, b}, Split},
		{[]Node{silent, silent, silent}, NoQuorum},
		{[]Node{a, a, b, b}, Split},
		{[]Node{a, a, b, silent}, NoQuorum},
		{[]Node{a}, IsHeld},
		{[]Node{free}, IsFree},
		{[]Node{silent}, NoQuorum},
	} {
		k := Key{Nodes: c.nodes}
		k.judge(quorum.Majority(len(c.nodes)))
		if k.Verdict != c.want {
			t.Errorf("got %q, want %q, from %+v", k.Verdict, c.want, c.nodes)
		}
	}
}

// A key is held until the majority is over, and the lease has the largest fence that a majority has.
func TestUntilWhenAKeyIsHeld(t *testing.T) {
	for _, c := range []struct {
		left []float64
		want float64
	}{
		{[]float64{300, 100, 200}, 200},
		{[]float64{300, 200}, 200},
		{[]float64{-1, 100, 200}, 200},
		{[]float64{-1, 100, -1}, -1},
		{[]float64{0, 100, 200}, 100},
	} {
		k := Key{}
		for i, left := range c.left {
			k.Nodes = append(k.Nodes, Node{State: Held, owner: ann, Left: left, Fence: uint64(64 * (i + 1))})
		}
		k.Nodes = append(k.Nodes, make([]Node, 3-len(k.Nodes))...)
		k.judge(quorum.Majority(3))
		if k.Verdict != IsHeld || k.Left != c.want || k.Fence != uint64(64*(len(c.left)-1)) || k.Granted != len(c.left) {
			t.Errorf("got %v, left %v, fence %d, granted %d of %v, want left %v", k.Verdict, k.Left, k.Fence, k.Granted, c.left, c.want)
		}
	}
}

// What may be somebody's secret is not shown, and its fence is not taken for its holder's, unless one asks for it.
func TestOwnersOfOthersAreHidden(t *testing.T) {
	const secret = "c2VjcmV0LXRva2VuLW9mLXNvbWVib2R5"
	for owner, want := range map[string]string{ann: ann, secret: Hidden, "urn:uuid:" + ann: Hidden, "{" + ann + "}": Hidden} {
		k := Key{Nodes: []Node{{State: Held, owner: owner, Left: 1, Fence: 64}}}
		k.judge(quorum.Majority(1))
		k.hide(false)
		if k.Owner != want || k.Nodes[0].Owner != want || (k.Fence == 64) != (want == ann) {
			t.Errorf("got %+v, want the owner %q", k, want)
		}
		if k.hide(true); k.Nodes[0].Owner != owner {
			t.Errorf("got %q although owners were asked for", k.Nodes[0].Owner)
		}
	}
}
