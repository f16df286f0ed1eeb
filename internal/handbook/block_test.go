package handbook

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the module's directory.
const root = "../.."

// block is a fenced block of a page.
type block struct {
	page     string // from the module's root, with slashes
	line     int    // of its fence
	language string // as the fence says; empty for output
	text     string
	before   *block // the one before it under the same heading; nil if there is none
}

func (b *block) String() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

// pages returns every page that people read, by its path from the module's root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"README.md", "CONTRIBUTING.md", "docs/*.md", "examples/*.md", "examples/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			texts[filepath.ToSlash(name)] = string(text)
		}
	}
	if len(texts) < 10 {
		t.Fatalf("got %d pages, want at least 10", len(texts))
	}
	return texts
}

// blocks returns the fenced blocks of a page.
func blocks(page, text string) ([]*block, error) {
	var all []*block
	var open, last *block
	number := 0
	for line := range strings.Lines(text) {
		number++
		fence, fenced := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case open == nil && fenced:
			open = &block{page: page, line: number, language: strings.TrimSpace(fence), before: last}
		case open != nil && fenced && strings.TrimSpace(fence) == "":
			all = append(all, open)
			open, last = nil, open
		case open != nil:
			open.text += line
		case strings.HasPrefix(line, "#"):
			last = nil
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%v: the block has no end", open)
	}
	return all, nil
}

// Blocks are found with their language, their line, and the block before them under the same heading.
func TestBlocks(t *testing.T) {
	all, err := blocks("page.md", "# One\n\n```sh\nmake\n```\n\nprints\n\n```\ntargets\n```\n\n## Two\n\n- a\n\n  ```go\n  x := 1\n  ```\n")
	if err != nil || len(all) != 3 {
		t.Fatalf("got %v, %v, want three blocks", all, err)
	}
	sh, out, code := all[0], all[1], all[2]
	if sh.language != "sh" || sh.text != "make\n" || sh.line != 3 || sh.before != nil {
		t.Errorf("got %+v", sh)
	}
	if out.language != "" || out.before != sh {
		t.Errorf("got %+v, want output after the commands", out)
	}
	if code.language != "go" || code.before != nil || code.text != "  x := 1\n" {
		t.Errorf("got %+v, want it to begin anew under its heading", code)
	}
	if _, err := blocks("page.md", "```sh\nmake\n"); err == nil {
		t.Error("got no error for a block without an end")
	}
}
