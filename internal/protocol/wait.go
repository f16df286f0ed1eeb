package protocol

import (
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/quorum"
)

// Wait is what a process that waits for a key knows of it on each node, and decides by that when to go for it again.
//
// A node that has the process enrolled wakes it when the key is free and its turn has come, and tells it when the key is
// extended. It is believed until the time at which the key expires, and asked once more then. Of a node that does not
// tell, a pause that grows has to do.
//
// All this is about who tries when, and no part of the proof: when it is wrong, time is lost and nothing else. A Wait is
// not safe for concurrent use. Make one with [NewWait].
type Wait struct {
	rule quorum.Rule
	pace Pace

	heard  quorum.Set      // whose announcements are heard
	asked  quorum.Set      // to enroll us, and not answered yet
	listed quorum.Set      // have us enrolled, and can tell us
	marked quorum.Set      // may have us enrolled, whether they can tell us or not
	called quorum.Set      // have woken us since, and do not have us enrolled any more
	failed quorum.Set      // did not enroll us when they were asked last
	free   quorum.Set      // have said that the key is free
	held   quorum.Set      // have said that it is held
	until  []time.Duration // by node: when it expires there, if it is held, or is looked at again; monotonic
	glance []time.Duration // by node: after what time it is looked at again, as long as the holder does not show itself
	due    time.Duration   // when nodes that have called us are asked to enroll us again; monotonic

	tries  int           // lost so far
	splits int           // lost in a row without anybody having won
	tried  time.Duration // when the last one was lost; monotonic
	pause  time.Duration // to the next one, where nobody tells
	rest   time.Duration // of it, less a random part
	step   time.Duration // twice as long as a try takes, and no longer than the longest pause
	put    bool          // the next try has been put off until the time below
	off    time.Duration // monotonic
}

// Pace is how long to pause where nothing is announced: from Min, doubled up to Max.
type Pace struct {
	Min, Max time.Duration
}

// minStep is the shortest step: less is beyond what timers do.
const minStep = 2 * time.Millisecond

// NewWait returns a Wait that knows nothing yet.
func NewWait(rule quorum.Rule, pace Pace) *Wait {
	return &Wait{rule: rule, pace: pace, until: make([]time.Duration, rule.Nodes()),
		glance: make([]time.Duration, rule.Nodes()), step: minStep}
}

// Trying tells that a try begins. A node that wakes us from now on may have been asked before it did, or after.
func (w *Wait) Trying() { w.free, w.put = 0, false }

// Yielded tells that a holder in this process gave the key back, for whoever is first.
func (w *Wait) Yielded(now clock.Instant) {
	w.free, w.tried, w.pause, w.rest = 0, now.Mono(), w.pace.Min, w.pace.Min
	w.splits, w.step, w.put = 0, minStep, false // what was is over: somebody here has had the key since
}

// Answer is what a node said in a try that was lost.
type Answer struct {
	Held bool          // another owner has the key
	Left time.Duration // for how long; 0: unknown
}

// Lost tells of a try that took so long. answers is by node. random is in [0, 1).
func (w *Wait) Lost(now clock.Instant, took time.Duration, end End, answers []Answer, random float64) {
	w.held, w.failed = 0, 0
	for node, a := range answers {
		if a.Held && !w.free.Has(node) {
			w.Kept(now, node, a.Left)
		}
	}
	w.due, w.tried = now.Mono(), now.Mono()
	w.pause = min(max(w.pace.Min, 2*w.pause), w.pace.Max)
	w.rest = w.pause - time.Duration(random*float64(w.pause/2))
	w.step = min(max(2*took, minStep), max(w.pace.Max, minStep))
	w.tries++
	if w.splits++; end == Taken {
		w.splits = 0 // somebody else has won
	}
}

// Hears tells whether a node's announcements are heard from now on.
func (w *Wait) Hears(node int, does bool) {
	one := quorum.Set(0).With(node)
	w.failed = w.failed.Without(one)
	if does {
		w.heard |= one
		return
	}
	w.heard, w.listed = w.heard.Without(one), w.listed.Without(one)
	if w.asked.Has(node) {
		// Whether it wakes us before it answers, nobody hears: it is asked again, whatever it answers.
		w.asked, w.called, w.due = w.asked.Without(one), w.called|one, 0
	}
}

// Asked tells that nodes have been asked to enroll us.
func (w *Wait) Asked(nodes quorum.Set) {
	w.asked |= nodes
	w.marked |= nodes
	w.called = w.called.Without(nodes)
}

// Enrolled tells that a node has us enrolled, and for how long the key is held there; 0: it is free.
func (w *Wait) Enrolled(now clock.Instant, node int, left time.Duration) {
	w.asked = w.asked.Without(quorum.Set(0).With(node))
	if w.called.Has(node) || !w.heard.Has(node) {
		return // it has woken us since, which comes by another connection; or that has gone
	}
	w.listed = w.listed.With(node)
	if left > 0 {
		// Somebody who is none of us, or in mode Plain, says nothing when he gives the key back. Who extends it says that.
		w.glance[node] = min(max(w.pace.Max, 2*w.glance[node]), glances*w.pace.Max)
		w.Kept(now, node, min(left, w.glance[node]))
	} else {
		w.released(node)
	}
}

// Extended tells that a node has announced that the key is extended, for another left.
func (w *Wait) Extended(now clock.Instant, node int, left time.Duration) {
	w.glance[node] = 0
	w.Kept(now, node, left)
}

// Failed tells that a node does not have us enrolled.
func (w *Wait) Failed(node int) {
	one := quorum.Set(0).With(node)
	w.asked, w.listed, w.failed = w.asked.Without(one), w.listed.Without(one), w.failed|one
}

// Free tells that a node has woken us, because the key is free there.
func (w *Wait) Free(now clock.Instant, node int) {
	if w.called == 0 {
		w.due = (now.Mono() + w.step)
	}
	w.called = w.called.With(node)
	w.put = w.put && w.called.Len() < w.rule.Need() // a majority keeps the key for us now, and not for long
	w.listed, w.marked = w.listed.Without(w.called), w.marked.Without(w.called)
	w.released(node)
}

func (w *Wait) released(node int) {
	w.free = w.free.With(node)
	w.held = w.held.Without(w.free)
}

// Kept tells that the key is held on a node for another left; 0: for an unknown time.
func (w *Wait) Kept(now clock.Instant, node int, left time.Duration) {
	if left <= 0 {
		left = w.pace.Max
	}
	w.held = w.held.With(node)
	w.free = w.free.Without(w.held)
	w.until[node] = now.Mono() + left + time.Millisecond // by which the node's answer may have been cut
}

// Listed returns the nodes that may have us enrolled, or keep the key for us because they have woken us.
func (w *Wait) Listed() quorum.Set { return w.marked | w.called }

// Move is what a process that waits does next.
type Move uint8

const (
	Sleep Move = iota // until the time that was named, or until something is told
	Ask               // the nodes that were named to enroll us
	Try               // go for the key
)

// Next returns what to do at now; with Ask, also the nodes, and with Sleep, for how long. random, in [0, 1), spreads those
// who would go for the key at the same time.
func (w *Wait) Next(now clock.Instant, random float64) (move Move, ask quorum.Set, sleep time.Duration) {
	at := now.Mono()
	possible := w.possible(at)
	if possible <= at {
		if !w.put {
			w.put, w.off = true, at+time.Duration(random*float64(w.spread()))
		}
		if possible = w.off; possible <= at {
			return Try, 0, 0
		}
	} else {
		w.put = false
	}
	next := possible
	for node := range w.until {
		when := next
		switch {
		case !w.heard.Has(node) || (w.asked | w.failed).Has(node):
			continue
		case w.called.Has(node):
			when = w.due
		case !w.listed.Has(node):
			when = at
		case w.held.Has(node):
			when = w.until[node]
		}
		if when <= at {
			ask = ask.With(node)
		}
		next = min(next, when)
	}
	if ask != 0 {
		return Ask, ask, 0
	}
	return Sleep, 0, next - at
}

// spread returns by how much the next try is put off at most. Nobody else is awake when a majority has woken us; else
// others may think as we do now.
func (w *Wait) spread() time.Duration {
	switch {
	case w.tries == 0 || w.called.Len() >= w.rule.Need():
		return 0
	case w.splits > 0:
		return min(w.step<<min(w.splits, 5), max(w.pace.Max, minStep))
	default:
		return w.step
	}
}

// possible returns when so many nodes are free, or may be, that they are a majority.
func (w *Wait) possible(at time.Duration) time.Duration {
	var buffer [16]time.Duration
	times := buffer[:0]
	again := w.tried + w.rest
	for node := range w.until {
		switch {
		case w.free.Has(node):
			times = append(times, at)
		case w.held.Has(node) && (w.listed | w.asked).Has(node):
			// It will tell.
		case w.held.Has(node):
			times = append(times, min(w.until[node], again))
		default:
			times = append(times, again)
		}
	}
	if len(times) < w.rule.Need() {
		return at + long
	}
	slices.Sort(times)
	return times[w.rule.Need()-1]
}

// glances is how many times the longest pause a waiter looks away at most, while a holder does not show itself.
const glances = 8

// long is how long a process sleeps that has nothing to wait for but to be told something.
const long = time.Hour
