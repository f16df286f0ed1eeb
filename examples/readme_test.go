package examples

import (
	"os"
	"strings"
	"testing"
)

// shown returns the arguments with which README.md starts a program.
func shown(t *testing.T, name string) []string {
	t.Helper()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, command, ok := strings.Cut(string(page), "\ngo run ./examples/"+name+" ")
	if !ok {
		t.Fatalf("got no command in README.md that runs %s", name)
	}
	command, _, _ = strings.Cut(command, "\n")
	return words(command)
}

// words cuts a command line as a shell does, as far as README.md makes use of that.
func words(line string) (words []string) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		word, rest, _ := strings.Cut(line, " ")
		if quoted, ok := strings.CutPrefix(line, "'"); ok {
			word, rest, _ = strings.Cut(quoted, "'")
		}
		words, line = append(words, word), rest
	}
	return words
}

// Every program is in the README's table, and has its command there.
func TestReadmeNamesEveryProgram(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	programs := 0
	for _, e := range entries {
		if _, err := os.Stat(e.Name() + "/main.go"); err != nil {
			continue
		}
		programs++
		for _, want := range []string{"| [" + e.Name() + "](" + e.Name() + "/main.go) |", "examples/" + e.Name()} {
			if !strings.Contains(string(page), want) {
				t.Errorf("got no %q in README.md", want)
			}
		}
	}
	if programs < 3 {
		t.Errorf("got %d programs, want at least 3", programs)
	}
}
