package sim

import (
	"strconv"
	"strings"
)

// script is one call of a script: it reads the clock once, and the tombstones once.
type script struct {
	*Node
	now        int64 // µs
	withdrawn  string
	ready      int64 // µs, from when on the node votes
	tombstones bool
	grace      int64 // ms
}

// admit is admit.lua and vote.lua.
func (s *script) admit(expected string, deadline int64) (code int, why int64) {
	if late := s.now - deadline; late > 0 && s.faults != NoDeadline {
		return CodeLate, late
	}
	kept, _ := s.look(s.meta, s.now)
	gone, _ := s.look(s.gone, s.now)
	s.withdrawn = gone.text
	if kept.text != expected && s.faults != NoMeta || expected == "" {
		return CodeForgotten, 0
	}
	s.ready, _ = strconv.ParseInt(expected[:min(16, len(expected))], 10, 64)
	if wait := s.ready - s.now; wait > 0 && s.faults != NoQuarantine {
		return CodeQuarantine, wait
	}
	return 0, 0
}

// grant is grant.lua.
func (s *script) grant(c *Command) (code int, value int64) {
	if s.withdrawn != "" && strings.Contains(s.withdrawn, c.Owner) && s.faults != NoTombstones {
		return CodeUndone, 0
	}
	holder, there := s.look(c.Key, s.now)
	switch {
	case !there || s.faults == Canary:
		s.set(c.Key, c.Owner, c.TTL)
		return s.fence(c.Counter, c.Fence)
	case holder.list:
		return CodeFailed, 0
	case holder.text != c.Owner:
		return 0, left(holder, s.now)
	}
	s.set(c.Key, c.Owner, c.TTL)
	stored, there := s.look(c.Counter, s.now)
	if stored.list {
		return CodeFailed, 0
	}
	if fence, fine := number(stored.text); there && fine {
		return 1, fence
	}
	return s.fence(c.Counter, c.Fence)
}

// fence is fence.lua: 0 for the fence that was proposed. The code is that of the grant: when it fails, the key is stored
// all the same, and so may be what was proposed.
func (s *script) fence(counter string, proposal uint64) (code int, fence int64) {
	ticks := s.now / 64
	ceiling, present := ticks+ahead, ticks
	stored, there := s.look(counter, s.now)
	if stored.list {
		return CodeFailed, 0
	}
	// The script compares text of 14 digits, which orders as the numbers do.
	const low, high = 10_000_000_000_000, 99_999_999_999_999
	proposed := int64(proposal)
	if there && s.ready > 0 && s.faults != StaleCounter && smaller(stored.text, strconv.FormatInt(s.ready/64, 10)) {
		stored, there = value{}, false
	}
	if proposed >= low && proposed <= high && ceiling >= low && ceiling <= high && proposed <= ceiling && s.faults != CounterFromZero {
		text := strconv.FormatInt(proposed, 10)
		s.set(counter, text, counterLife)
		if there && smaller(stored.text, text) || !there && smallerText(present, proposed) {
			return 1, 0
		}
	}
	own, fine := ticks, true
	if there {
		own, fine = number(stored.text)
	}
	if !fine {
		return CodeFailed, 0
	}
	own = max(own+1, min(proposed, ticks+ahead))
	if s.faults == CounterFromZero && !there {
		own = 1
	}
	s.set(counter, strconv.FormatInt(own, 10), counterLife)
	return 1, own
}

// smaller compares two numbers as text of one length.
func smaller(a, b string) bool { return len(a) == len(b) && a < b }

// smallerText compares two numbers as the script does.
func smallerText(a, b int64) bool {
	return strconv.FormatInt(a, 10) < strconv.FormatInt(b, 10)
}

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
	if s.tombstones {
		gone, _ := s.look(s.gone, s.now)
		if gone.list {
			return CodeFailed
		}
		owners := gone.text + owner + " "
		s.set(s.gone, owners[max(0, len(owners)-maxGone):], s.grace)
	}
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
