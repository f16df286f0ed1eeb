package handbook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// source is one file of the module: its path from the root, with slashes, and its text.
type source struct{ path, text string }

// sources returns every file in which code stands that is compiled and run: Go, Lua, Promela and SQL.
var sources = sync.OnceValues(func() ([]source, error) {
	var all []source
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "out" || entry.Name() == "bin"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.Contains(".go .lua .sql", filepath.Ext(path)) || filepath.Ext(path) == "":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		all = append(all, source{filepath.ToSlash(name), string(text)})
		return err
	})
	if err == nil && len(all) < 100 {
		err = fmt.Errorf("found %d files of source, want at least 100", len(all))
	}
	return all, err
})

// tried reports whether the file is one whose code a test runs as it stands: tests, with their Examples, and the programs
// and scripts in examples, and whatever is no Go.
func (s source) tried() bool {
	return !strings.HasPrefix(s.path, "internal/handbook/judge") &&
		(strings.HasSuffix(s.path, "_test.go") || strings.HasPrefix(s.path, "examples/") || path.Ext(s.path) != ".go")
}

// inSource returns an error unless the block's lines stand in a file that is run by a test, one after the other. A line that
// is only "// ..." stands for any number of lines.
func inSource(b *block) error {
	all, err := sources()
	if err != nil {
		return err
	}
	var parts []string
	part := ""
	for line := range strings.Lines(b.text) {
		switch line = strings.TrimSpace(line); line {
		case "// ...", "// …", "-- ...":
			parts, part = append(parts, part), ""
		case "":
		default:
			part += "\n" + line
		}
	}
	parts = append(parts, part)
	if strings.Join(parts, "") == "" {
		return errors.New("is empty")
	}
	for _, file := range all {
		if file.tried() && containsAll(squeezed(file.text), parts) {
			return nil
		}
	}
	return fmt.Errorf("stands in no test, Example or program that is run:\n%s\nwhat to do: write it there with the same lines, or %s", b.text, advice)
}

// squeezed returns the lines of text without what surrounds them.
func squeezed(text string) string {
	var s strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			s.WriteString("\n" + line)
		}
	}
	s.WriteString("\n")
	return s.String()
}

// containsAll reports whether the parts, each of whole lines, stand in text in this order.
func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		at := strings.Index(text, part+"\n")
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}

// function matches how a test, a benchmark, a fuzz target or an example begins.
var function = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz|Example)\w*)\(`)

// testsIn returns the names of the tests in a directory, given from the module's root.
func testsIn(dir string) ([]string, error) {
	all, err := sources()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range all {
		if path.Dir(file.path) == path.Clean(dir) && strings.HasSuffix(file.path, "_test.go") {
			for _, match := range function.FindAllStringSubmatch(file.text, -1) {
				names = append(names, match[1])
			}
		}
	}
	return names, nil
}
