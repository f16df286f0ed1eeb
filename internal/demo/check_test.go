package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

const s = time.Second

// played is a history in which every promise was kept: nodes a, b and c; a is killed at 10s, b at 20s, both are back at 31s.
func played() *History {
	hold := func(who string, fence uint64, from, until time.Duration) Hold {
		return Hold{Who: who, Key: "k", Fence: fence, Belief: Span{from, until}, Trusted: until + s}
	}
	lost := hold("ben", 5, 19*s, 22*s)
	lost.Lost, lost.Cause, lost.Trusted = true, redlock.ErrLost, 22*s
	noQuorum := fmt.Errorf("wrapped: %w", redlock.ErrNoQuorum)
	return &History{
		Nodes: []string{"a", "b", "c"},
		Drift: s / 10,
		Calm:  []Calm{{3, Span{0, 10 * s}}, {2, Span{11 * s, 18 * s}}, {3, Span{31 * s, 40 * s}}},
		// As they are written down: when they end.
		Holds: []Hold{
			hold("ann", 1, 1*s, 2*s), hold("ben", 2, 2*s, 4*s), hold("ann", 3, 5*s, 6*s),
			hold("ann", 4, 12*s, 13*s),
			lost,
			hold("ann", 6, 32*s, 33*s), hold("ben", 7, 34*s, 35*s),
		},
		Tries: []Try{
			{"ann", Span{3 * s, 4 * s}, redlock.ErrHeld, []string{"a", "b", "c"}}, // not in the outage
			{"ann", Span{21 * s, 23 * s}, noQuorum, []string{"a", "b", "c"}},
			{"ben", Span{23 * s, 25 * s}, noQuorum, []string{"a", "b"}},
		},
		Solos:  []Solo{{Act: 1, Took: s}, {Act: 2, Took: s}},
		Down:   []string{"a", "b"},
		Outage: Span{20 * s, 30 * s},
		Back:   31 * s,
		Bound:  3 * s,
		Seen:   []Sight{{Node: "a", Key: "k"}, {Node: "b", Key: "k"}, {Node: "c", Key: "k"}},
	}
}

// A history in which every promise was kept passes every check.
func TestAGoodHistoryPasses(t *testing.T) {
	results := Judge(played())
	for _, r := range results {
		if !r.OK() || r.Samples == 0 || r.Saw == "" {
			t.Errorf("%s: got %d samples, saw %q, problems %q", r.Name, r.Samples, r.Saw, r.Problems)
		}
	}
	if !Passed(results) {
		t.Error("got no pass")
	}
}

// Each way to break a promise is found by the check for it.
func TestEachCheckFailsOnABadHistory(t *testing.T) {
	for _, c := range []struct {
		broken string
		spoil  func(h *History)
		check  string // part of its name
		says   string // part of what it says
	}{
		{"a hold begins before the last one ends", func(h *History) { h.Holds[1].Belief.From -= s / 2 },
			"two holders", "ben got k at 1.500s while ann held it until 2.000s"},
		{"a hold lies within another one", func(h *History) { h.Holds[0].Belief.Until = 13 * s },
			"two holders", "ann got k at 12.000s while ann held it until 13.000s"},
		{"a hold has no end", func(h *History) { h.Holds[6].Belief.Until = 0 },
			"two holders", "no end"},
		{"nobody took over from anybody", func(h *History) {
			for i := range h.Holds {
				h.Holds[i].Who = "ann"
			}
		}, "two holders", "nothing was observed"},
		{"a fence comes twice", func(h *History) { h.Holds[2].Fence = 2 }, "fence", "ann got fence 2 at 5.000s, after ben with 2"},
		{"a fence is smaller", func(h *History) { h.Holds[6].Fence = 1 }, "fence", "after ann with 6"},
		{"there are no fences", func(h *History) { h.Holds[0].Fence = 0 }, "fence", "after nobody with 0"},
		{"no turn while a minority was down", func(h *History) { h.Holds[3].Belief = Span{10*s + 1, 10*s + 2} },
			"turns", "nobody held the key between 11.000s and 18.000s, with 2 nodes up"},
		{"an act was not played", func(h *History) { h.Calm = h.Calm[:2] }, "turns", "2 of 3"},
		{"a dead node cost a lock", func(h *History) { h.Solos[1].Err = errors.New("broken") }, "first try", "in act 2: broken"},
		{"no first tries after the kill", func(h *History) { h.Solos = h.Solos[:1] }, "first try", "nothing was observed"},
		{"somebody acquired in the outage", func(h *History) {
			h.Holds[5].Belief = Span{25 * s, 26 * s}
		}, "nobody acquired", "ann got k at 25.000s"},
		{"the outage was taken for a held key", func(h *History) { h.Tries[1].Err = redlock.ErrHeld },
			"nobody acquired", "for another reason"},
		{"nobody tried in the outage", func(h *History) { h.Tries = h.Tries[:1] }, "nobody acquired", "nothing was observed"},
		{"an error leaves a dead node out", func(h *History) { h.Tries[2].Named = []string{"a", "c"} },
			"named the dead", "ben's error at 25.000s does not name b"},
		{"no node was down", func(h *History) { h.Down = nil }, "named the dead", "nothing was observed"},
		{"the holder was told too late", func(h *History) { h.Holds[4].Belief.Until = 23 * s },
			"was told", "ben was told at 23.000s, 900ms too late"},
		{"the holder was told something else", func(h *History) { h.Holds[4].Cause = context.Canceled },
			"was told", "wrong cause: context canceled"},
		{"the holder was never told", func(h *History) { h.Holds[4].Lost = false }, "was told", "nothing was observed"},
		{"only a lease outside the outage was lost", func(h *History) {
			h.Holds[4].Lost = false
			h.Holds[1].Lost, h.Holds[1].Cause = true, redlock.ErrLost
		}, "was told", "nothing was observed"},
		{"it took too long to recover", func(h *History) { h.Bound = s / 2 }, "return", "ann was the first, after 1s"},
		{"nobody acquired after the outage", func(h *History) {
			h.Holds = h.Holds[:5]
		}, "return", "nobody acquired any more"},
		{"a key is left", func(h *History) { h.Seen[1].Found = true }, "left", "k is still on b"},
		{"a node could not be asked", func(h *History) { h.Seen[1].Err = errors.New("refused") }, "left", "k on b: refused"},
		{"a node was not asked", func(h *History) { h.Seen = h.Seen[:2] }, "left", "c was not looked at"},
	} {
		h := played()
		c.spoil(h)
		results, found := Judge(h), false
		for _, r := range results {
			if strings.Contains(r.Name, c.check) {
				found = true
				if text := strings.Join(r.Problems, "; "); !strings.Contains(text, c.says) {
					t.Errorf("%s: %q got problems %q, want %q", c.broken, r.Name, text, c.says)
				}
			}
		}
		if !found {
			t.Errorf("%s: no check is called %q", c.broken, c.check)
		}
		if Passed(results) {
			t.Errorf("%s: passed", c.broken)
		}
	}
}

// A spoiled history fails the check that it was spoiled for, and not all of them: the checks are told apart.
func TestChecksAreIndependent(t *testing.T) {
	h := played()
	h.Seen[0].Found = true
	failed := 0
	for _, r := range Judge(h) {
		if !r.OK() {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("one key is left: got %d failed checks, want 1", failed)
	}
}

// A run in which nothing happened passes no check.
func TestNothingPassesOnAnEmptyHistory(t *testing.T) {
	for _, r := range Judge(&History{}) {
		if r.OK() {
			t.Errorf("%s: passed without samples", r.Name)
		}
	}
	if Passed(nil) {
		t.Error("no results: got a pass")
	}
}

// Looking at a lease whose window has closed does not move the end of that window.
func TestAPromiseEndsWithTheWindow(t *testing.T) {
	if got := max(promise(3*s, 2*s), promise(4*s, 1*s), promise(6*s, 0)); got != 5*s {
		t.Errorf("got trust until %v, want 5s", got)
	}
}
