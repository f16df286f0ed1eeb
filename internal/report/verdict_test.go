package report

import (
	"regexp"
	"strings"
	"testing"
)

func written(t *testing.T, p *Page) string {
	t.Helper()
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A page without a verdict has no banner.
func TestNoVerdictNoBanner(t *testing.T) {
	if page := written(t, &Page{Title: "bench"}); strings.Contains(page, `class="verdict`) {
		t.Errorf("got a banner in %s", page)
	}
}

// Verdicts are told apart without their colours: by the word, and by the shape of the sign.
func TestVerdictsDifferInMoreThanColour(t *testing.T) {
	sign := regexp.MustCompile(`(?s)class="verdict \w+">\s*<svg[^>]*>(.*?)</svg>\s*<p><strong>(\w+)</strong> why</p>`)
	signs, words := map[string]bool{}, map[string]bool{}
	for word, outcome := range map[string]Outcome{"PASS": Passed, "FAIL": Failed, "UNKNOWN": Open} {
		found := sign.FindStringSubmatch(written(t, &Page{Verdict: Verdict{word, outcome, "why"}}))
		if found == nil {
			t.Fatalf("%s: got no banner", word)
		}
		signs[found[1]], words[found[2]] = true, true
	}
	if len(signs) != 3 || len(words) != 3 {
		t.Errorf("got %d signs and %d words, want 3 of each", len(signs), len(words))
	}
}
