package sim

import (
	"math"
	"strconv"
	"strings"
)

// script is one call of a script: it reads the clock once.
type script struct {
	*Node
	now       int64  // µs
	withdrawn string // owners that were undone before their grant came
	ready     int64  // µs, from when on the node votes
}

// admit is the beginning of grants.lua: 0, or why the node gives no grant. The script compares ready with the clock as text
// first, where that says the same.
func (s *script) admit(expected string, deadline int64) (why int) {
	if s.now > deadline && s.faults != NoDeadline {
		return CodeLate
	}
	kept, _ := s.look(s.meta, s.now)
	gone, _ := s.look(s.gone, s.now)
	s.withdrawn = gone.text
	if kept.text != expected && s.faults != NoMeta || expected == "" {
		return CodeForgotten
	}
	s.ready, _ = strconv.ParseInt(expected[:min(16, len(expected))], 10, 64)
	if s.now < s.ready && s.faults != NoQuarantine {
		return CodeQuarantine
	}
	return 0
}

// grant is one grant of grants.lua: 1 and the fence, 0 for the one that was proposed; 0 and the ms that are left when
// another owner holds the key; or why it is not given, and 0. When it fails, the key may be stored all the same.
func (s *script) grant(c *Command) Result {
	if s.withdrawn != "" && strings.Contains(s.withdrawn, c.Owner) && s.faults != NoTombstones {
		return Result{Code: CodeUndone}
	}
	holder, there := s.look(c.Key, s.now)
	switch {
	case !there || s.faults == Canary:
		s.set(c.Key, c.Owner, c.TTL)
		return s.fence(c.Counter, c.Fence)
	case holder.list:
		return Result{Code: CodeFailed}
	case holder.text != c.Owner:
		return Result{Value: left(holder, s.now), Holder: holder.text}
	}
	s.set(c.Key, c.Owner, c.TTL)
	stored, _ := s.look(c.Counter, s.now)
	if fence, fine := number(stored.text); fine {
		return Result{Code: 1, Value: fence}
	}
	return s.fence(c.Counter, c.Fence)
}

// fence is the fast path of grants.lua, which takes the proposal and says 0, and fence.lua behind it.
func (s *script) fence(counter string, proposal uint64) Result {
	stored, there := s.look(counter, s.now)
	if stored.list {
		return Result{Code: CodeFailed}
	}
	present, proposed := s.now/64, int64(min(proposal, math.MaxInt64))
	ceiling := present + ahead
	text := strconv.FormatUint(proposal, 10)
	if proposed > present && proposed <= ceiling && s.faults != CounterFromZero && (!there || smaller(stored.text, text)) {
		s.set(counter, text, counterLife)
		return Result{Code: 1}
	}
	last, fine := number(stored.text)
	missing := !fine || last < s.ready/64 && s.faults != StaleCounter
	if missing {
		last = present
	}
	own := max(last+1, min(proposed, ceiling))
	if missing && s.faults == CounterFromZero {
		own = 1
	}
	s.set(counter, strconv.FormatInt(own, 10), counterLife)
	return Result{Code: 1, Value: own}
}

// smaller compares two numbers of equally many digits as text, as the script does.
func smaller(a, b string) bool { return len(a) == len(b) && a < b }

// raise is raise.lua.
func (s *script) raise(c *Command) int {
	holder, there := s.look(c.Key, s.now)
	switch {
	case holder.list:
		return CodeFailed
	case !there || holder.text != c.Owner:
		return 0
	}
	if stored, there := s.look(c.Counter, s.now); there {
		before, fine := number(stored.text)
		switch {
		case !fine:
			return CodeFailed
		case before > int64(c.Fence):
			return 0
		}
	}
	s.set(c.Counter, strconv.FormatUint(c.Fence, 10), counterLife)
	return 1
}

// extend is extend.lua.
func (s *script) extend(key, owner string, ttl int64) int {
	holder, there := s.look(key, s.now)
	switch {
	case holder.list:
		return CodeFailed
	case there && holder.text == owner || !there && s.faults == ExtendCreates:
		s.set(key, owner, ttl)
		return 1
	}
	return 0
}

// release is release.lua.
func (s *script) release(key, owner string) int {
	holder, there := s.look(key, s.now)
	if holder.list {
		return CodeFailed
	}
	if there && (holder.text == owner || s.faults == DelWithoutOwner) {
		s.note(key, holder, true)
		delete(s.values, key)
		return 1
	}
	return 0
}

// bury is bury.lua, behind releases that have found nothing: 0, or that it fails.
func (s *script) bury(grace int64, owners string) int {
	gone, _ := s.look(s.gone, s.now)
	if gone.list {
		return CodeFailed
	}
	owners = gone.text + owners
	if gone.text != "" {
		grace = max(grace, left(gone, s.now))
	}
	s.set(s.gone, owners[max(0, len(owners)-maxGone):], grace)
	return 0
}

// set is SET with PX; a ttl of 0 keeps the key for ever.
func (s *script) set(key, text string, ttl int64) {
	old, had := s.values[key]
	s.note(key, old, had)
	v := value{text: text}
	if ttl > 0 {
		v.expires = s.now/1000 + ttl
	}
	s.values[key] = v
}

// number reads a counter, if it is one.
func number(text string) (n int64, fine bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
