package redlock_test

import (
	"os"
	"strings"
	"testing"
)

// The README's code is the code of an Example, which runs.
func TestReadmeShowsAnExample(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(readme), "```go\n")
	if !ok {
		t.Fatal("got no Go code in README.md")
	}
	block, _, _ = strings.Cut(block, "```")
	lines := 0
	inside := false
	for line := range strings.Lines(block) {
		code := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(code, "err = locker.Do("):
			inside = true
		case code == "}" && line == "}\n":
			inside = false
		}
		if !inside || code == "" {
			continue
		}
		lines++
		if !strings.Contains(string(example), "\t"+code+"\n") {
			t.Errorf("got %q in README.md, which is in no Example", code)
		}
	}
	if lines < 5 {
		t.Errorf("compared %d lines, want at least 5", lines)
	}
}
