package report

// Verdict is what a page says first, as a banner: a word, which is all that matters, and why. Its zero value is none.
type Verdict struct {
	Word    string // such as PASS; empty: there is no banner
	Outcome Outcome
	Text    string // a sentence or two
}

// Outcome is how a verdict is meant. Each has a sign and a colour of its own.
type Outcome uint8

const (
	Open   Outcome = iota // nobody knows
	Passed                // as it should be
	Failed                // not as it should be
)

// Class is the outcome's name in the page's style.
func (o Outcome) Class() string {
	switch o {
	case Passed:
		return "passed"
	case Failed:
		return "failed"
	}
	return "open"
}
