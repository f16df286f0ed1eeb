package sim

import (
	"math"
	"strconv"
	"strings"
)

// This file is the twin of the scripts that keep a node from voting which may have forgotten votes (R6).

// BootArgs are the arguments of boot.lua, in its order.
type BootArgs struct {
	Run, History, Former string
	Longest              int64 // ms
	Members              string
	Stretch              float64
	Durable              bool
}

// Boot is boot.lua: its three replies. The script fails where the code is 0.
func (n *Node) Boot(a BootArgs) (code int, meta string, clock int64) {
	now := n.time()
	s := script{Node: n, now: now}
	keep := func(code int, ready float64, ttl string) (int, string, int64) {
		text := padded(ready) + " " + ttl + " " + a.Members + " " + a.Run + " " + a.History
		s.set(n.meta, text, 0)
		return code, text, now
	}
	quarantine := func(ttl int64) float64 {
		if n.faults == NoQuarantine {
			return 0
		}
		return float64(now) + float64(float64(ttl)*1000*a.Stretch) + 10000 // rounded after each step, as in Lua
	}
	longest := strconv.FormatInt(a.Longest, 10)
	kept, there := n.look(n.meta, now)
	if !there {
		return keep(CodeUnknown, quarantine(a.Longest), longest)
	}
	if kept.list {
		return 0, "", now
	}
	words := strings.Split(kept.text, " ")
	if len(words) != 5 || !digits(words[0]) || !digits(words[1]) || words[2] == "" || words[3] == "" || words[4] == "" {
		return keep(1, quarantine(a.Longest), longest)
	}
	ready, _ := strconv.ParseFloat(words[0], 64)
	allowed, _ := strconv.ParseInt(words[1], 10, 64)
	switch {
	case words[2] != a.Members && n.faults != AnyMembers:
		return -1, kept.text, now
	case a.Longest > allowed:
		return -2, kept.text, now
	case a.Run == "-" || a.Run == words[3] && (a.History == words[4] || n.faults == OneHistory):
		return 1, kept.text, now
	case a.Durable && a.Run != words[3] && (strings.Trim(a.Former, "0-") == "" || n.faults == OneFormer && a.Former != replication(words[4])):
		return keep(1, ready, words[1])
	}
	return keep(1, math.Max(ready, quarantine(allowed)), words[1])
}

// replication is the part of a history that names it: how many keys were evicted stands behind it.
func replication(history string) string {
	id, _, _ := strings.Cut(history, "/")
	return id
}

// Lift is lift.lua: its two replies. The script fails where the code is [CodeFailed].
func (n *Node) Lift(expected string) (code int, meta string) {
	s := script{Node: n, now: n.time()}
	kept, there := n.look(n.meta, s.now)
	switch {
	case kept.list:
		return CodeFailed, ""
	case (!there || kept.text != expected) && n.faults != LiftedBlindly:
		return 0, ""
	}
	meta = strings.Repeat("0", 16) + expected[min(16, len(expected)):]
	s.set(n.meta, meta, 0)
	return 1, meta
}

func padded(ready float64) string {
	text := strconv.FormatFloat(ready, 'f', 0, 64)
	return strings.Repeat("0", max(0, 16-len(text))) + text
}

func digits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
