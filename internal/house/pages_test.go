package house

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pages are those whose Go code is taken from files that are compiled and tested, and where these are.
var pages = map[string][]string{
	"docs/testing.md": {"redlock/redlocktest"},
	"docs/fencing.md": {"redlock/fencing", "examples/fencing-sql"},
}

// Every block of Go on these pages stands in a file that is tested, line by line, whatever its indentation there.
func TestPagesShowCodeThatIsTested(t *testing.T) {
	for page, places := range pages {
		text, err := os.ReadFile("../../" + page)
		if err != nil {
			t.Fatal(err)
		}
		var tested []string
		for _, place := range places {
			tested = append(tested, sources(t, "../../"+place)...)
		}
		blocks := strings.Split(string(text), "```go\n")[1:]
		for _, block := range blocks {
			code, _, closed := strings.Cut(block, "```")
			if !closed || !standsIn(code, tested) {
				t.Errorf("%s: this code stands in no file of %v:\n%s", page, places, code)
			}
		}
		if len(blocks) < 3 {
			t.Errorf("%s: got %d blocks of Go, want at least 3", page, len(blocks))
		}
	}
}

// standsIn reports whether one of the files has the lines of code, one after the other.
func standsIn(code string, files []string) bool {
	code = trimmed(code)
	for _, file := range files {
		if strings.Contains(file, "\n"+code) && code != "" {
			return true
		}
	}
	return false
}

// sources returns the Go files in a directory that run in tests: those of packages and of tests, trimmed.
func sources(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		files = append(files, "\n"+trimmed(string(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// trimmed returns a text without what begins and ends its lines.
func trimmed(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text)) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

// A page that shows code which is in no file, in another order, or cut short within a line is found out.
func TestStandsIn(t *testing.T) {
	files := []string{"\n" + trimmed("package p\n\nfunc f() {\n\ta := 1\n\tb := 2\n}\n")}
	for code, want := range map[string]bool{
		"a := 1\nb := 2\n":   true,
		"\ta := 1\n":         true,
		"b := 2\na := 1\n":   false,
		"a := 1\n\nb := 2\n": false,
		"a := 3\n":           false,
		"a :=":               false,
		":= 2\n":             false,
		"":                   false,
	} {
		if got := standsIn(code, files); got != want {
			t.Errorf("%q: got %v, want %v", code, got, want)
		}
	}
}
