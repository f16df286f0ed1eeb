package quorum

import (
	"math/bits"
	"strconv"
	"strings"
)

// Set is a set of nodes, by index from 0 to MaxNodes - 1. The zero Set is empty.
type Set uint64

// All returns the set of the first n nodes.
func All(n int) Set {
	if n >= MaxNodes {
		return ^Set(0)
	}
	return Set(1)<<n - 1
}

// With returns s and node.
func (s Set) With(node int) Set { return s | 1<<node }

// Without returns s less the members of other.
func (s Set) Without(other Set) Set { return s &^ other }

// Has reports whether node is a member.
func (s Set) Has(node int) bool { return s>>node&1 == 1 }

// Len returns the number of members.
func (s Set) Len() int { return bits.OnesCount64(uint64(s)) }

// Each calls do for every member, in rising order.
func (s Set) Each(do func(node int)) {
	for rest := uint64(s); rest != 0; rest &= rest - 1 {
		do(bits.TrailingZeros64(rest))
	}
}

// String returns the members as {0 2 3}.
func (s Set) String() string {
	var b strings.Builder
	b.WriteByte('{')
	s.Each(func(node int) {
		if b.Len() > 1 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(node))
	})
	b.WriteByte('}')
	return b.String()
}
