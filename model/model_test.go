package model

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/record"
)

var (
	full   = flag.Bool("full", false, "also run the searches that take minutes")
	report = flag.String("json", "", "write what each search came to into this `file`") // after -args: go test has a -json too
)

// row is one line of the report.
type row struct {
	Model    string  `json:"model"`
	Variant  string  `json:"variant"`
	Defines  string  `json:"defines"`
	States   int     `json:"states"`
	Errors   int     `json:"errors"`
	Expected string  `json:"expected"` // "none" or "some" errors
	Seconds  float64 `json:"seconds"`
}

// The rules hold in every order of events within the bounds, and each rule that only looks right is found out.
func TestModels(t *testing.T) {
	if testing.Short() {
		t.Skip("searching takes a minute: not with -short")
	}
	tools(t)
	var rows []row
	for _, c := range configurations {
		if c.full && !*full {
			continue
		}
		t.Run(strings.Join(append([]string{c.model, c.name}, strings.Fields(c.defines)...), " "), func(t *testing.T) {
			limit := 3 * time.Minute
			if c.full {
				limit = 30 * time.Minute
			}
			got := search(t, c, limit)
			expected := "some"
			if c.right {
				expected = "none"
			}
			t.Logf("%d states, %d errors, want %s, %.1f s", got.States, got.Errors, expected, got.Seconds)
			rows = append(rows, row{c.model, c.name, c.defines, got.States, got.Errors, expected, got.Seconds})
			if complaint := judge(c, got); complaint != "" {
				t.Error(complaint)
			}
		})
	}
	if *report != "" {
		text, err := json.MarshalIndent(rows, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(*report, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	record.Add(t, figures(rows), "")
}

// figures are what the searches came to together.
func figures(rows []row) record.Figures {
	f := record.Figures{"searches": float64(len(rows)), "errors_in_right_rules": 0, "wrong_rules_found_out": 0}
	for _, r := range rows {
		f["states"] += float64(r.States)
		if r.Expected == "none" {
			f["right_rules"]++
			f["errors_in_right_rules"] += float64(r.Errors)
			f["states_of_right_rules"] += float64(r.States)
			continue
		}
		f["wrong_rules"]++
		if r.Errors > 0 {
			f["wrong_rules_found_out"]++
		}
	}
	return f
}

// judge says what is wrong with an outcome; nothing when it is as expected.
func judge(c configuration, got outcome) string {
	switch {
	case !c.right && got.Errors == 0:
		return "no error was found in a rule that is wrong"
	case !c.right:
		return ""
	case got.Errors != 0:
		return "an error was found: run the model by hand and look at its trail (CONTRIBUTING.md)"
	case !got.whole:
		return "the search was cut, so that it proves nothing"
	case got.States < c.states:
		return "too few states for a proof: does the model still do something?"
	}
	return ""
}
