package twin

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/sim"
)

// meta and gone are the keys that belong to no lock.
const (
	meta = node.Prefix + "meta"
	gone = node.Prefix + "gone"
)

var (
	keys = []string{"k1", "k2", "k3"}
	// One owner's name is the beginning of another's: tombstones are found by a search for the name.
	owners = []string{"anna", "annabel", "ben", "2f1c6a52-8f0e-4f43-9d55-0c1e8a7b9d10"}
)

// names returns every key that the commands may touch: those of locks, their counters, and the node's own.
func names() []string {
	all := append([]string(nil), keys...)
	for _, key := range keys {
		all = append(all, node.Counter(key))
	}
	return append(all, meta, gone)
}

// call is a command with everything filled in: what every node is told, to the byte.
type call struct {
	kind     kind
	meta     string
	deadline int64
	grace    int64
	parts    []sim.Command
	boot     sim.BootArgs
	key      string
	text     string
	ttl      int64
}

// script returns what EVALSHA is given, in the order in which package node arranges it.
func (c call) script() (keys []string, args []any) {
	switch c.kind {
	case boot:
		b := c.boot
		return []string{meta}, []any{b.Run, b.History, b.Former, b.Longest, b.Members,
			strconv.FormatFloat(b.Stretch, 'f', -1, 64), digit(b.Durable)}
	case lift:
		return []string{meta}, []any{c.meta}
	case grant:
		keys, args = []string{meta, gone}, []any{c.meta, c.deadline, c.parts[0].TTL}
	case batch:
		keys, args = []string{gone}, []any{c.grace}
	}
	for _, p := range c.parts {
		keys = append(keys, p.Key)
		if p.Op == sim.OpGrant || p.Op == sim.OpRaise {
			keys = append(keys, p.Counter)
		}
		if c.kind == batch {
			args = append(args, int(p.Op))
		}
		args = append(args, p.Owner)
		switch p.Op {
		case sim.OpGrant, sim.OpRaise:
			args = append(args, p.Fence)
		case sim.OpExtend:
			args = append(args, p.TTL)
		}
	}
	if c.kind == grant {
		args = append(args, "no turn of ours")
	}
	if c.kind == withdraw {
		keys, args = append(keys, gone), append(args, c.grace)
	}
	return keys, args
}

func digit(set bool) string {
	if set {
		return "1"
	}
	return "0"
}

// String returns the call as a line of a transcript.
func (c call) String() string {
	var b strings.Builder
	b.WriteString(string(c.kind))
	switch c.kind {
	case boot:
		fmt.Fprintf(&b, " %+v", c.boot)
	case store:
		fmt.Fprintf(&b, " %s %q for %d ms", c.key, c.text[:min(80, len(c.text))], c.ttl)
	case spoil, remove:
		fmt.Fprintf(&b, " %s", c.key)
	case grant:
		fmt.Fprintf(&b, " meta %q deadline %d", c.meta, c.deadline)
	case lift:
		fmt.Fprintf(&b, " meta %q", c.meta)
	}
	if c.grace > 0 {
		fmt.Fprintf(&b, " grace %d", c.grace)
	}
	for _, p := range c.parts {
		fmt.Fprintf(&b, "\n      %s %s %s ttl %d fence %d", ops[p.Op], p.Key, p.Owner, p.TTL, p.Fence)
	}
	return b.String()
}

var ops = map[sim.Op]string{sim.OpGrant: "grant", sim.OpRaise: "raise", sim.OpExtend: "extend", sim.OpRelease: "release"}
