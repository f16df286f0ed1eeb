package inspect

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/quorumlock/quorumlock/quorum"
)

// Verdict is how a key stands over the quorum.
type Verdict string

const (
	IsHeld   Verdict = "held"      // a majority has it for one owner
	IsFree   Verdict = "free"      // a majority has nothing under it: whoever asks can have it
	IsKept   Verdict = "kept"      // nobody holds it, and too many nodes keep it for a process that was woken
	Split    Verdict = "undecided" // nobody holds it, and nobody can have it now: what is left of tries, or is no lock
	NoQuorum Verdict = "no quorum" // too few nodes told to say
)

// Key is how one key stands.
type Key struct {
	Key     string  `json:"key"`
	Verdict Verdict `json:"verdict"`
	Owner   string  `json:"owner,omitempty"`   // of IsHeld; hidden as a node's
	Granted int     `json:"granted,omitempty"` // of IsHeld: by so many nodes
	// Left is, of IsHeld, for how long a majority has it yet, unless its owner extends it or gives it back; -1: for ever.
	Left float64 `json:"left_ms"`
	// Fence is, of IsHeld, the fence of the lease, up to 63 more if it was handed over within its process; 0: it has none.
	Fence   uint64 `json:"fence,omitempty"`
	Waiting int    `json:"waiting"` // processes that wait for it, as far as a node tells
	Nodes   []Node `json:"nodes"`
}

// judge decides what the nodes' answers come to.
func (k *Key) judge(rule quorum.Rule) {
	votes := map[string]int{}
	free, kept, silent := 0, 0, 0
	for _, n := range k.Nodes {
		k.Waiting = max(k.Waiting, n.Waiting)
		switch n.State {
		case Held:
			votes[n.owner]++
		case Free:
			free++
		case Kept:
			kept++
		case Unknown:
			silent++
		}
	}
	most := 0
	for owner, count := range votes {
		most = max(most, count)
		if count >= rule.Need() {
			k.held(owner, count, rule)
			return
		}
	}
	switch {
	case free >= rule.Need():
		k.Verdict = IsFree
	case most+silent >= rule.Need(): // those that are silent may have it for the same owner
		k.Verdict = NoQuorum
	case free+silent >= rule.Need():
		k.Verdict = NoQuorum
	case free+kept+silent >= rule.Need():
		k.Verdict = IsKept
	default:
		k.Verdict = Split
	}
}

// held notes that a majority has the key for owner.
func (k *Key) held(owner string, count int, rule quorum.Rule) {
	k.Verdict, k.Owner, k.Granted = IsHeld, owner, count
	var left []float64
	var fences []uint64
	for _, n := range k.Nodes {
		if n.State == Held && n.owner == owner {
			left, fences = append(left, n.Left), append(fences, n.Fence)
		}
	}
	// A majority has the lease's fence, and fewer a larger one: those that have granted when it was won already.
	if slices.Sort(fences); ours(owner) { // else the counters are of somebody before
		k.Fence = fences[len(fences)-rule.Need()]
	}
	// A majority has it until the one expires that is in its place from behind; what never expires comes last.
	slices.SortFunc(left, func(a, b float64) int {
		if (a < 0) != (b < 0) {
			return cmp.Compare(b, a)
		}
		return cmp.Compare(a, b)
	})
	k.Left = left[len(left)-rule.Need()]
}

// hide takes out the owners that may be secrets: what other programs keep there may be what they give the lock back by. A
// UUID is what this library keeps there.
func (k *Key) hide(show bool) {
	for i := range k.Nodes {
		k.Nodes[i].Owner = shown(k.Nodes[i].owner, show)
	}
	k.Owner = shown(k.Owner, show)
}

// Hidden stands for an owner that is not shown.
const Hidden = "(hidden)"

func shown(owner string, show bool) string {
	if owner == "" || show || ours(owner) {
		return owner
	}
	return Hidden
}

// ours reports whether owner is one of this library's.
func ours(owner string) bool { return len(owner) == 36 && uuid.Validate(owner) == nil }
