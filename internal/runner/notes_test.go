package runner

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// What nodes say is told once, and kept for whoever asks why.
func TestNotesTellWhatIsNew(t *testing.T) {
	n := newNotes([]string{"a:1", "b:1", "c:1"})
	if got, want := n.against(), "a:1: no answer; b:1: no answer; c:1: no answer"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	say := func(a redlock.Answer) {
		a.Addr = []string{"a:1", "b:1", "c:1"}[a.Node]
		n.answered(t.Context(), a)
	}
	say(redlock.Answer{Op: "lock", Node: 0, Yes: true, After: 1234567 * time.Nanosecond})
	say(redlock.Answer{Op: "lock", Node: 1})
	say(redlock.Answer{Op: "lock", Node: 1})
	say(redlock.Answer{Op: "lock", Node: 2, Err: errors.New("broken\npipe")})
	want := []string{"a:1: yes, after 1.23ms", "b:1: held by another owner", "c:1: broken pipe"}
	if got := n.take(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := n.votes(); got != 1 {
		t.Errorf("got %d votes, want 1", got)
	}
	say(redlock.Answer{Op: "extend", Node: 0})
	say(redlock.Answer{Op: "extend", Node: 1, Yes: true})
	say(redlock.Answer{Op: "unlock", Node: 1, Err: errors.New("too late to matter")})
	if got, want := n.take(), []string{"a:1: does not have the key any more", "b:1: yes, after 0s"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := n.against(), "a:1: does not have the key any more; c:1: broken pipe"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := n.take(); got != nil {
		t.Errorf("told again: %q", got)
	}
}

// Lines that nobody reads do not pile up.
func TestNotesAreBounded(t *testing.T) {
	n := newNotes([]string{"a:1"})
	for i := range 10 * mostNews {
		n.answered(t.Context(), redlock.Answer{Op: "lock", Addr: "a:1", Yes: i%2 == 0})
	}
	if got := len(n.take()); got != mostNews {
		t.Errorf("got %d lines, want %d", got, mostNews)
	}
}

// Of several values of one variable the last one is kept, in its place.
func TestLastOfEachVariable(t *testing.T) {
	got := lastOfEach([]string{"A=1", "B=2", "A=3", "C", "B=4"})
	if want := []string{"A=3", "C", "B=4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
