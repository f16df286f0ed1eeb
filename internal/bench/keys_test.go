package bench

import (
	"strings"
	"testing"
)

// Distinct workers never share a key, one key is one, and by Zipf's law a few keys are wanted most.
func TestKeys(t *testing.T) {
	distinct := Distinct.choosers("p/", 1)
	a, b := distinct(1), distinct(2)
	first, again := a(), a()
	if other := b(); other == first || again != first {
		t.Errorf("got %q, then %q, and %q of another worker", first, again, other)
	}
	one := One.choosers("p/", 1)
	if got, other := one(1)(), one(2)(); got != other || !strings.HasPrefix(got, "p/") {
		t.Errorf("got %q and %q, want one key", got, other)
	}
	counts := map[string]int{}
	zipf := Zipf.choosers("p/", 1)
	for worker := range 10 {
		next := zipf(worker)
		for range 1000 {
			counts[next()]++
		}
	}
	if counts["p/0"] < 1000 || counts["p/0"] > 5000 || len(counts) < 100 {
		t.Errorf("got the first key %d times in 10000, and %d keys", counts["p/0"], len(counts))
	}
	if one, again := Zipf.choosers("p/", 7)(3), Zipf.choosers("p/", 7)(3); one() != again() {
		t.Error("got another key from the same seed")
	}
	for _, name := range []string{"distinct", "one", "zipf"} {
		if got, err := ParseKeys(name); err != nil || string(got) != name {
			t.Errorf("%q: got %q, %v", name, got, err)
		}
	}
	if _, err := ParseKeys("some"); err == nil {
		t.Error("got no error for an unknown choice")
	}
}
