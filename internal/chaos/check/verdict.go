package check

import (
	"fmt"
	"time"
)

// Outcome is what came of a check, or of all of them.
type Outcome string

// A promise was kept and was put to the test; it was broken, or never put to the test; or the run cannot tell.
const (
	Pass    Outcome = "pass"
	Fail    Outcome = "fail"
	Unknown Outcome = "unknown"
)

// Verdict is what a history shows. The zero value is no pass.
type Verdict struct {
	Outcome Outcome  `json:"outcome"`
	Results []Result `json:"results"`
	Why     []string `json:"why,omitempty"` // it cannot be a pass, though no check failed
}

// Result is what one check found.
type Result struct {
	Name     string    `json:"name"`  // a word, always the same
	Title    string    `json:"title"` // the promise, as a sentence
	Outcome  Outcome   `json:"outcome"`
	Samples  int       `json:"samples"` // observations that could have broken it
	Saw      string    `json:"saw"`     // the samples in words
	Broken   int       `json:"broken"`  // how often it was broken
	Problems []Problem `json:"problems,omitempty"`

	why string // nobody can tell, although nothing was broken
}

// Problem is one way in which a promise was broken.
type Problem struct {
	Text    string        `json:"text"`
	At      time.Duration `json:"at"`
	Key     string        `json:"key,omitempty"`
	Clients []int         `json:"clients,omitempty"`
}

// keep is how many problems of a check are kept. All of them are counted.
const keep = 20

func (r *Result) bad(p Problem) {
	if r.Broken++; r.Broken <= keep {
		r.Problems = append(r.Problems, p)
	}
}

// grade sets the outcome. A run that was cut short cannot be blamed for what it has not shown.
func (r *Result) grade(least int, short bool) {
	if r.Samples < least {
		text := "nothing was observed that could have shown it"
		if r.Samples > 0 {
			text = fmt.Sprintf("%s that could have shown it, want %d", count(r.Samples, "observation"), least)
		}
		if short {
			r.why = text
		} else {
			r.bad(Problem{Text: text})
		}
	}
	switch {
	case r.Broken > 0:
		r.Outcome = Fail
	case r.why != "":
		r.Outcome = Unknown
	default:
		r.Outcome = Pass
	}
}
