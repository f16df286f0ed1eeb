package demo

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// Result is what one check found in a history.
type Result struct {
	Name     string   // the promise, as a sentence
	Samples  int      // how many observations could have broken it
	Saw      string   // the samples in words
	Problems []string // how it was broken; a check without samples is a problem too
}

// OK reports whether the promise was kept, and was put to the test.
func (r Result) OK() bool { return len(r.Problems) == 0 }

func (r *Result) bad(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// Judge puts every promise to the history.
func Judge(h *History) []Result {
	checks := []func(*History) Result{oneHolder, fencesGrow, turns, firstTry, nobodyInOutage, namesTheDead, toldInTime, recovers, nothingLeft}
	results := make([]Result, len(checks))
	for i, check := range checks {
		r := check(h)
		if r.Samples == 0 {
			r.bad("nothing was observed that could have shown it")
		}
		results[i] = r
	}
	return results
}

// Passed reports whether all of the results are OK. No results are no pass.
func Passed(results []Result) bool {
	return len(results) > 0 && !slices.ContainsFunc(results, func(r Result) bool { return !r.OK() })
}

// handOuts returns the holds in the order in which they were handed out.
func (h *History) handOuts() []Hold {
	return slices.SortedFunc(slices.Values(h.Holds), func(a, b Hold) int { return cmp.Compare(a.Belief.From, b.Belief.From) })
}

// within returns the holds that were handed out within span, in order.
func (h *History) within(span Span) []Hold {
	return slices.DeleteFunc(h.handOuts(), func(one Hold) bool { return !span.holds(one.Belief.From) })
}

// oneHolder: the belief intervals of one key are disjoint. A sample is a hand-over from one contender to another.
func oneHolder(h *History) Result {
	r := Result{Name: "never two holders at a time"}
	last := map[string]Hold{} // by key: the one that ends last so far
	for _, one := range h.handOuts() {
		before, some := last[one.Key]
		if one.Belief.Until < one.Belief.From {
			r.bad("%s's hold of %s that began at %s has no end", one.Who, one.Key, at(one.Belief.From))
		}
		if some && one.Belief.From < before.Belief.Until {
			r.bad("%s got %s at %s while %s held it until %s", one.Who, one.Key, at(one.Belief.From), before.Who, at(before.Belief.Until))
		}
		if some && one.Who != before.Who {
			r.Samples++
		}
		if !some || one.Belief.Until > before.Belief.Until {
			last[one.Key] = one
		}
	}
	r.Saw = fmt.Sprintf("%s, %d by another than before", count(len(h.Holds), "hold"), r.Samples)
	return r
}

// fencesGrow: a later holder of a key has a larger fence.
func fencesGrow(h *History) Result {
	r := Result{Name: "every fence is larger than the one before"}
	last := map[string]Hold{}
	for _, one := range h.handOuts() {
		before, some := last[one.Key]
		if some {
			r.Samples++
		}
		if one.Fence <= before.Fence {
			r.bad("%s got fence %d at %s, after %s with %d", one.Who, one.Fence, at(one.Belief.From), cmp.Or(before.Who, "nobody"), before.Fence)
		}
		last[one.Key] = one
	}
	r.Saw = count(len(h.Holds), "fence")
	return r
}

// turns: in each calm time somebody acquired.
func turns(h *History) Result {
	r := Result{Name: "with a majority up, turns went on"}
	var saw []string
	for _, c := range h.Calm {
		n := len(h.within(c.Span))
		r.Samples += n
		saw = append(saw, fmt.Sprintf("%d with %d up", n, c.Up))
		if n == 0 {
			r.bad("nobody held the key between %s and %s, with %d nodes up", at(c.Span.From), at(c.Span.Until), c.Up)
		}
	}
	if len(h.Calm) != 3 {
		r.bad("%d of 3 acts with a majority were played", len(h.Calm))
	}
	r.Saw = strings.Join(saw, ", ")
	return r
}

// firstTry: without competition and with a majority up, the first round wins, dead nodes or not.
func firstTry(h *History) Result {
	r := Result{Name: "without competition, the first try wins", Samples: len(h.Solos)}
	after := 0
	for _, s := range h.Solos {
		if s.Err != nil {
			r.bad("in act %d: %v", s.Act, s.Err)
		}
		if s.Act == 2 {
			after++
		}
	}
	if after == 0 {
		r.Samples = 0 // the dead nodes are what it is about
	}
	r.Saw = fmt.Sprintf("%s, %d after the first kills", count(len(h.Solos), "try"), after)
	return r
}

// nobodyInOutage: nobody acquires while no majority is up, and the error says that this is why.
func nobodyInOutage(h *History) Result {
	r := Result{Name: fmt.Sprintf("nobody acquired while %d of %d were down", len(h.Down), len(h.Nodes))}
	for _, one := range h.within(h.Outage) {
		r.bad("%s got %s at %s", one.Who, one.Key, at(one.Belief.From))
	}
	for _, try := range h.outageTries() {
		r.Samples++
		if !errors.Is(try.Err, redlock.ErrNoQuorum) {
			r.bad("%s was refused at %s for another reason: %v", try.Who, at(try.Span.Until), try.Err)
		}
	}
	r.Saw = count(r.Samples, "try") + " in vain"
	return r
}

// namesTheDead: an error of the outage names every node that was down.
func namesTheDead(h *History) Result {
	r := Result{Name: "each error named the dead nodes"}
	for _, try := range h.outageTries() {
		r.Samples++
		for _, addr := range h.Down {
			if !slices.Contains(try.Named, addr) {
				r.bad("%s's error at %s does not name %s: %v", try.Who, at(try.Span.Until), addr, try.Err)
			}
		}
	}
	if len(h.Down) == 0 {
		r.Samples = 0
	}
	r.Saw = fmt.Sprintf("%s, %s each", count(r.Samples, "error"), count(len(h.Down), "node"))
	return r
}

// outageTries returns the tries that began and ended while a majority was down.
func (h *History) outageTries() []Try {
	return slices.DeleteFunc(slices.Clone(h.Tries), func(t Try) bool {
		return t.Span.From < h.Outage.From || t.Span.Until > h.Outage.Until
	})
}

// toldInTime: whoever loses a lease hears of it, with the right cause, before any node could have let the key go.
func toldInTime(h *History) Result {
	r := Result{Name: "the holder was told before anybody else could have the key"}
	least := time.Duration(0)
	for _, one := range h.Holds {
		if !one.Lost {
			continue
		}
		spare := one.spare(h.Drift)
		if h.Outage.holds(one.Belief.Until) {
			if r.Samples == 0 || spare < least {
				least = spare
			}
			r.Samples++
		}
		if spare <= 0 {
			r.bad("%s was told at %s, %s too late", one.Who, at(one.Belief.Until), round(-spare))
		}
		if !errors.Is(one.Cause, redlock.ErrLost) {
			r.bad("%s was told at %s with the wrong cause: %v", one.Who, at(one.Belief.Until), one.Cause)
		}
	}
	r.Saw = count(r.Samples, "lost lease")
	if r.Samples > 0 {
		r.Saw += fmt.Sprintf(", told %s before", round(least))
	}
	return r
}

// recovers: somebody acquires soon after the nodes are back.
func recovers(h *History) Result {
	r := Result{Name: fmt.Sprintf("somebody acquired within %s of their return", h.Bound)}
	since := h.within(Span{h.Outage.Until, 1<<63 - 1})
	if len(since) == 0 || h.Back == 0 {
		r.bad("nobody acquired any more")
		return r
	}
	r.Samples = 1
	took := since[0].Belief.From - h.Back
	if took > h.Bound {
		r.bad("%s was the first, after %s", since[0].Who, round(took))
	}
	r.Saw = fmt.Sprintf("%s after %s", since[0].Who, round(took))
	if took < 0 {
		r.Saw = since[0].Who + " before the last of them was up"
	}
	return r
}

// nothingLeft: at the end no node has any of the keys.
func nothingLeft(h *History) Result {
	r := Result{Name: "no key is left on any node at the end"}
	for _, s := range h.Seen {
		switch {
		case s.Err != nil:
			r.bad("%s on %s: %v", s.Key, s.Node, s.Err)
		case s.Found:
			r.bad("%s is still on %s", s.Key, s.Node)
		}
	}
	seen := map[string]bool{}
	for _, s := range h.Seen {
		seen[s.Node] = true
	}
	for _, addr := range h.Nodes {
		if !seen[addr] {
			r.bad("%s was not looked at", addr)
		}
	}
	r.Samples = len(h.Seen)
	r.Saw = fmt.Sprintf("%s on %s", count(len(h.Seen), "look"), count(len(seen), "node"))
	return r
}

func at(t time.Duration) string { return fmt.Sprintf("%.3fs", t.Seconds()) }

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond / 10) }

func count(n int, what string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(what, "y"):
		what = strings.TrimSuffix(what, "y") + "ies"
	default:
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
