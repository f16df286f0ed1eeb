package quorum_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/quorumlock/quorumlock/quorum"
)

// members returns what Each visits.
func members(s quorum.Set) []int {
	var got []int
	s.Each(func(node int) { got = append(got, node) })
	return got
}

// All has the first n nodes and no other, up to the last bit.
func TestAllHasTheFirstNodes(t *testing.T) {
	for n := 0; n <= quorum.MaxNodes; n++ {
		s := quorum.All(n)
		if got := s.Len(); got != n {
			t.Errorf("All(%d).Len(): got %d want %d", n, got, n)
		}
		for node := range quorum.MaxNodes {
			if got, want := s.Has(node), node < n; got != want {
				t.Errorf("All(%d).Has(%d): got %t want %t", n, node, got, want)
			}
		}
	}
	if got := quorum.All(100); got != quorum.All(quorum.MaxNodes) {
		t.Errorf("All(100): got %v want all that there can be", got)
	}
}

// A set behaves as a sorted slice without duplicates, whatever is put in and taken out.
func TestASetIsASortedSlice(t *testing.T) {
	r := draw(t)
	for range 2_000 {
		var s quorum.Set
		var want []int
		for range r.IntN(20) {
			node := r.IntN(quorum.MaxNodes)
			s = s.With(node)
			want = append(want, node)
			if !s.Has(node) {
				t.Fatalf("%v.Has(%d) right after With: got false want true", s, node)
			}
		}
		var other quorum.Set
		for range r.IntN(20) {
			node := r.IntN(quorum.MaxNodes)
			other = other.With(node)
			want = slices.DeleteFunc(want, func(w int) bool { return w == node })
		}
		slices.Sort(want)
		want = slices.Compact(want)
		rest := s.Without(other)
		if got := members(rest); !slices.Equal(got, want) || rest.Len() != len(want) {
			t.Fatalf("%v without %v: got %v, %d members, want %v", s, other, got, rest.Len(), want)
		}
	}
}

// With and Without return a new set and leave the old one as it was: a set is a value.
func TestASetIsAValue(t *testing.T) {
	s := quorum.All(3)
	_, _ = s.With(7), s.Without(quorum.All(1))
	if want := quorum.Set(0b111); s != want {
		t.Errorf("got %v want %v", s, want)
	}
}

// Sets print as people write them.
func TestASetPrintsItsMembers(t *testing.T) {
	for _, c := range []struct {
		set  quorum.Set
		want string
	}{
		{0, "{}"},
		{quorum.All(1), "{0}"},
		{quorum.Set(0).With(3).With(0).With(2), "{0 2 3}"},
		{quorum.Set(0).With(63), "{63}"},
	} {
		if got := fmt.Sprint(c.set); got != c.want {
			t.Errorf("got %s want %s", got, c.want)
		}
	}
}
