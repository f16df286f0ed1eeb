package lock

import (
	"fmt"
	"strings"
)

// flaw is the one rule that a simple locker leaves out.
type flaw uint8

const (
	flawless flaw = iota
	halfVotes
	noDrift
	blindRelease
	noGuard
	noWriteBack
	answeredOnly
)

// Name is a locker that is wrong on purpose.
type Name struct {
	Name   string   // what Open is given
	Wrong  string   // what is wrong with it, in one line
	Rule   string   // which of the rules R1 to R9, or of the invariants, it breaks
	Checks []string // which checks of a run must catch it

	flaw flaw
}

var names = []Name{
	{"broken-majority", "N/2 votes are enough: two clients can each have as many", "R2",
		[]string{"exclusion"}, halfVotes},
	{"broken-drift", "trusts a lease for its whole TTL, as if all clocks ran alike", "R2",
		[]string{"window"}, noDrift},
	{"broken-release", "deletes the key without looking whose it is", "I5",
		[]string{"exclusion"}, blindRelease},
	{"broken-guard", "counts the votes of nodes that may have forgotten some", "R6",
		[]string{"exclusion"}, noGuard},
	{"broken-fence", "hands out the largest fence and tells no node of it", "R5",
		[]string{"fences"}, noWriteBack},
	{"broken-undo", "gives back once, where it heard a yes: what was granted without an answer stays", "R4",
		[]string{"leftovers"}, answeredOnly},
}

// Names returns the lockers that are wrong on purpose. The slice is the caller's.
func Names() []Name { return append([]Name(nil), names...) }

// Known returns nil for a name that Open knows, and says which ones there are for any other.
func Known(name string) error {
	if name == "" || name == "redlock" {
		return nil
	}
	_, err := find(name)
	return err
}

// find returns what the simple locker of that name leaves out.
func find(name string) (flaw, error) {
	known := []string{"redlock", "simple"}
	for _, n := range names {
		if n.Name == name {
			return n.flaw, nil
		}
		known = append(known, n.Name)
	}
	if name == "simple" {
		return flawless, nil
	}
	return flawless, fmt.Errorf("lock: unknown locker %q: want %s", name, strings.Join(known, ", "))
}
