package model

import "testing"

// A search that found nothing counts only if it was whole and large enough.
func TestOnlyWholeSearchesCount(t *testing.T) {
	right := configuration{right: true, states: 100}
	for _, c := range []struct {
		name string
		c    configuration
		text string
		fine bool
	}{
		{"whole", right, "State-vector 44 byte, depth reached 9, errors: 0\n      100 states, stored\n", true},
		{"too few states", right, "depth reached 9, errors: 0\n       99 states, stored\n", false},
		{"an error", right, "depth reached 9, errors: 1\n      100 states, stored\n", false},
		{"too deep", right, "error: max search depth too small\n depth reached 9, errors: 0\n 100 states, stored\n", false},
		{"no memory", right, "pan: reached -DMEMLIM bound\npan: out of memory\nWarning: Search not completed\n errors: 0\n 100 states, stored\n", false},
		{"a wrong rule found out", configuration{}, "errors: 1\n 5 states, stored\n", true},
		{"a wrong rule not found out", configuration{}, "errors: 0\n 500 states, stored\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := read(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if complaint := judge(c.c, got); (complaint == "") != c.fine {
				t.Errorf("got complaint %q, want none: %v", complaint, c.fine)
			}
		})
	}
	if _, err := read("pan: something else"); err == nil {
		t.Error("got no error for a text without numbers")
	}
}
