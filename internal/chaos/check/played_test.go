package check

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

const (
	s  = time.Second
	ms = time.Millisecond
)

// story writes a history down.
type story struct {
	history.History
	value, plain map[string]uint64
	order        uint64
}

func newStory(nodes ...string) *story {
	t := &story{value: map[string]uint64{}, plain: map[string]uint64{}}
	t.Setup = history.Setup{Nodes: nodes, Need: len(nodes)/2 + 1, TTL: 2 * s, Drift: 100 * ms, MaxTTL: 2 * s, Timeout: 100 * ms, Fenced: true}
	return t
}

// did adds an operation; client n belongs to process n.
func (t *story) did(client int, kind history.Kind, key string, called, returned time.Duration, o history.Operation) {
	o.Client, o.Process, o.Kind, o.Key, o.Called, o.Returned = client, client, kind, key, called, returned
	o.Outcome = cmp.Or(o.Outcome, history.OK)
	t.Operations = append(t.Operations, o)
}

func (t *story) access(client int, kind history.Kind, key string, at time.Duration, o history.Operation) {
	if t.order++; o.Outcome == "" {
		o.Order = t.order
	}
	t.did(client, kind, key, at, at+ms, o)
}

// count adds one to both counters of a key.
func (t *story) count(client int, key string, fence uint64, at time.Duration) {
	t.access(client, history.Read, key, at, history.Operation{Fence: fence, Value: t.value[key]})
	t.value[key]++
	t.access(client, history.Write, key, at+2*ms, history.Operation{Fence: fence, Value: t.value[key]})
	t.access(client, history.Read, key, at+4*ms, history.Operation{Value: t.plain[key]})
	t.plain[key]++
	t.access(client, history.Write, key, at+6*ms, history.Operation{Value: t.plain[key]})
}

// locked is that a client asked for a key, had it, counted, and gave it back.
func (t *story) locked(client int, key string, fence uint64, called, from, until time.Duration) {
	trust := until + 900*ms
	t.did(client, history.Lock, key, called, from, history.Operation{Lease: owner(fence), Fence: fence, Until: min(trust, from+1900*ms)})
	t.count(client, key, fence, from+ms)
	t.did(client, history.Hold, key, from, until, history.Operation{Lease: owner(fence), Fence: fence, Until: trust})
	t.did(client, history.Unlock, key, until, until+ms, history.Operation{Lease: owner(fence), Fence: fence})
}

// lost is that a client had a key, and was told that it has lost it.
func (t *story) lost(client int, key string, fence uint64, called, from, trust, told time.Duration) {
	t.did(client, history.Lock, key, called, from, history.Operation{Lease: owner(fence), Fence: fence, Until: trust})
	t.count(client, key, fence, from+ms)
	t.did(client, history.Hold, key, from, told, history.Operation{Lease: owner(fence), Fence: fence, Until: trust, Outcome: history.Fail, Reason: history.Lost})
	t.did(client, history.Unlock, key, told, told+ms, history.Operation{Lease: owner(fence), Fence: fence, Outcome: history.Fail, Reason: history.Lost})
}

func (t *story) failed(client int, kind history.Kind, key string, called, returned time.Duration, why history.Reason) {
	t.did(client, kind, key, called, returned, history.Operation{Outcome: history.Fail, Reason: why, Error: "redlock: " + string(why)})
}

func (t *story) tried(client int, key string, fence uint64, called time.Duration) {
	t.did(client, history.Try, key, called, called+2*ms, history.Operation{Alone: true, Lease: key + owner(fence), Fence: fence, Until: called + 1900*ms})
	t.did(client, history.Hold, key, called+2*ms, called+10*ms, history.Operation{Alone: true, Lease: key + owner(fence), Fence: fence, Until: called + 1900*ms})
	t.did(client, history.Unlock, key, called+10*ms, called+12*ms, history.Operation{Alone: true, Lease: key + owner(fence), Fence: fence})
}

// struck is a fault that was there from one second to another.
func (t *story) struck(fault string, from, until time.Duration, nodes []int, effects ...history.Effect) *history.Strike {
	t.Strikes = append(t.Strikes, history.Strike{Fault: fault, Effects: effects, Nodes: nodes,
		Begin: history.Span{From: from, Until: from + 100*ms}, End: history.Span{From: until, Until: until + 100*ms}})
	return &t.Strikes[len(t.Strikes)-1]
}

func owner(fence uint64) string {
	return string(rune('A'+fence%26)) + string(rune('a'+fence/26%26)) + string(rune('a'+fence/676))
}

// ended sorts what was written down, and looks at every node.
func (t *story) ended(stopped time.Duration) *history.History {
	slices.SortStableFunc(t.Operations, func(a, b history.Operation) int { return cmp.Compare(a.Returned, b.Returned) })
	t.Stopped, t.Ended = stopped, stopped+2*s
	for n := range t.Setup.Nodes {
		t.Sights = append(t.Sights, history.Sight{Node: n, At: t.Ended})
	}
	return &t.History
}

// wanted is what is expected of played: everything.
func wanted() Expect {
	return Expect{Fenced: true, Losses: true, Minority: true, Outages: true, Recoveries: true,
		Recovery: 5 * s, Quarantine: 2 * s, Grace: s, Exceptions: 1, Patience: 10 * s}
}

// played is a history in which every promise was kept. Node a is killed at 10s, b and c are hung at 20s, a's link is slow at
// 30s, and process 1 is stopped at 34s.
func played() *history.History {
	t := newStory("a", "b", "c")
	t.struck("kill", 10*s, 14*s, []int{0}, history.Away, history.Amnesia)
	t.struck("pause", 20*s, 26*s, []int{1, 2}, history.Away)
	t.struck("slow 20ms", 30*s, 32*s, []int{0}, history.Late)
	frozen := 1
	t.struck("freeze", 34*s, 37*s, nil, history.Frozen).Process = &frozen

	t.locked(0, "k", 1, 500*ms, 1*s, 2*s)
	t.locked(1, "k", 2, 1500*ms, 2500*ms, 3500*ms)
	t.tried(0, "mine", 1, 5*s)
	t.locked(0, "k", 3, 10500*ms, 11*s, 12*s)
	t.tried(0, "mine", 2, 13*s)
	t.lost(1, "k", 4, 19*s, 19500*ms, 21400*ms, 21400*ms)
	t.failed(0, history.Try, "mine", 21*s, 21100*ms, history.NoQuorum)
	t.failed(0, history.Lock, "k", 21500*ms, 22500*ms, history.NoQuorum)
	t.locked(0, "k", 5, 23*s, 26500*ms, 28*s)
	t.tried(0, "mine", 3, 31*s)
	t.lost(1, "k", 6, 33*s, 33500*ms, 35400*ms, 37050*ms)
	t.locked(0, "k", 7, 34*s, 35600*ms, 36*s)
	t.access(1, history.Write, "k", 37*s, history.Operation{Fence: 6, Outcome: history.Fail, Reason: history.Stale})
	t.plain["k"]--
	t.access(1, history.Write, "k", 37010*ms, history.Operation{Value: t.plain["k"]})
	t.locked(1, "k", 8, 37500*ms, 38*s, 39*s)
	return t.ended(40 * s)
}
