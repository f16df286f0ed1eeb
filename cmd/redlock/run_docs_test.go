package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/internal/runner"
)

// Every command line of redlock run in the help is one, and the docs name each variable and action. That the commands in the docs
// work, internal/handbook sees.
func TestRunDocsAreUnderstood(t *testing.T) {
	text, err := os.ReadFile("../../docs/run.md")
	if err != nil {
		t.Fatal(err)
	}
	docs := string(text)
	words := regexp.MustCompile(`'[^']*'|\S+`)
	seen := 0
	for line := range strings.Lines(runPage) {
		_, rest, found := strings.Cut(strings.TrimSpace(line), "redlock run -")
		if !found {
			continue
		}
		rest = "-" + rest
		seen++
		f := &runFlags{grace: boundedFlag{most: longestWait}, wait: boundedFlag{most: longestWait}, ttl: boundedFlag{most: longestWait}, maxHold: boundedFlag{most: longestWait}}
		cmd := newRun()
		cmd.ResetFlags()
		f.add(cmd.Flags())
		if err := cmd.ParseFlags(words.FindAllString(rest, -1)); err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		if _, err := f.command(cmd, cmd.Flags().Args()); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if err := f.refuse(cmd.Flags()); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
	if seen < 1 {
		t.Errorf("looked at %d command lines, want at least 1", seen)
	}
	for _, name := range []string{"REDLOCK_KEY", "REDLOCK_OWNER", "REDLOCK_FENCE", "REDLOCK_VALID_UNTIL"} {
		if !strings.Contains(docs, "`"+name+"`") || !strings.Contains(runPage, name) {
			t.Errorf("%s is not in the docs, or not in the help", name)
		}
	}
	for _, action := range runner.OnLostNames[1:] {
		if !strings.Contains(docs, "`--on-lost "+action+"`") {
			t.Errorf("--on-lost %s is not in the docs", action)
		}
	}
}
