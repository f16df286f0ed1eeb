package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Line is a line of a run's story.
type Line struct {
	At   time.Duration // since the run began
	Who  string        // a process (c0), a node (n0), Struck or Violated
	Key  string        // that it is about; empty: about none or about all
	Held bool          // a lease begins or ends
	Text string
}

// Whose lines are no process's and no node's.
const (
	Struck   = "**" // a fault happens
	Violated = "!!" // an invariant does not hold
)

// String returns the line as text: when, who, what.
func (l Line) String() string {
	return fmt.Sprintf("%13.6fs  %-3s %s", l.At.Seconds(), l.Who, l.Text)
}

func (w *world) telling() bool { return w.story != nil }

// tellHeld tells that a lease begins or ends.
func (w *world) tellHeld(s *lease, format string, args ...any) {
	w.story(Line{At: w.now, Who: s.p.name(), Key: s.lock.key, Held: true, Text: fmt.Sprintf(format, args...)})
}

func (w *world) tell(who, key, format string, args ...any) {
	w.story(Line{At: w.now, Who: who, Key: key, Text: fmt.Sprintf(format, args...)})
}

func (p *process) name() string { return "c" + strconv.Itoa(p.slot) }

func (s *server) name() string { return "n" + strconv.Itoa(s.index) }

var opNames = [...]string{"", "grant", "raise", "extend", "release"}

// said is what a node was asked for and what it answered, in words.
func (w *world) said(c *command, r Result, again bool) string {
	asked := fmt.Sprintf("%s %s for %s", opNames[c.Op], c.Key, c.Owner)
	if again {
		asked += " (sent a second time)"
	}
	return asked + ": " + answered(c, r, w.before.text)
}

func answered(c *command, r Result, holder string) string {
	micros := time.Duration(r.Value) * time.Microsecond
	switch {
	case r.Code == CodeLate:
		return fmt.Sprintf("refused, it comes %v after its deadline", micros)
	case r.Code == CodeForgotten:
		return "refused, the node does not remember what the client expects"
	case r.Code == CodeQuarantine:
		return fmt.Sprintf("refused, the node may have forgotten votes and does not vote for %v", micros)
	case r.Code == CodeUndone:
		return "refused, it was undone before it came"
	case r.Code == 1 && c.Op == OpGrant && r.Value == 0:
		return fmt.Sprintf("yes, with the fence proposed, %d", c.Fence)
	case r.Code == 1 && c.Op == OpGrant:
		return fmt.Sprintf("yes, with fence %d", r.Value)
	case r.Code == 1 && c.Op == OpRaise:
		return fmt.Sprintf("yes, to %d", c.Fence)
	case r.Code == 1:
		return "yes"
	case c.Op == OpGrant:
		return fmt.Sprintf("no, it is %s's for %v", holder, time.Duration(r.Value)*time.Millisecond)
	case holder == "":
		return "no, nobody has it"
	}
	return fmt.Sprintf("no, it is %s's", holder)
}

// lifts is what comes of a lift, in words.
func lifts(reply response) string {
	if reply.code == 1 {
		return "it votes"
	}
	return "it has forgotten something since"
}

// looks is what a client learns from a look at a server, in words.
func looks(reply response) string {
	if reply.code < 0 {
		return "it is one of other nodes, or allows no TTL of that length"
	}
	ready, _, _ := strings.Cut(reply.meta, " ")
	at, _ := strconv.ParseInt(ready, 10, 64)
	if wait := at - reply.clock; wait > 0 {
		return fmt.Sprintf("it may have forgotten votes and does not vote for %v", time.Duration(wait)*time.Microsecond)
	}
	return "it votes"
}
