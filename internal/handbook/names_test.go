package handbook

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// allTests returns the names of all tests, benchmarks, fuzz targets and examples.
func allTests(t *testing.T) map[string]bool {
	t.Helper()
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range all {
		if strings.HasSuffix(file.path, "_test.go") {
			for _, match := range function.FindAllStringSubmatch(file.text, -1) {
				names[match[1]] = true
			}
		}
	}
	if len(names) < 200 {
		t.Fatalf("found %d tests, want at least 200", len(names))
	}
	return names
}

var namedTest = regexp.MustCompile("`((?:Test|Benchmark|Fuzz|Example)[A-Z]\\w*)`")

// Every test that a page names is there.
func TestNamedTestsExist(t *testing.T) {
	names := allTests(t)
	count := 0
	for page, text := range pages(t) {
		for _, match := range namedTest.FindAllStringSubmatch(text, -1) {
			count++
			if !names[match[1]] {
				t.Errorf("%s names the test %s, which does not exist", page, match[1])
			}
		}
	}
	if count < 60 {
		t.Errorf("found %d names of tests, want at least 60", count)
	}
}

// proof matches a group of tests and the directory that they are in: `TestA`, `TestB` (internal/x).
var proof = regexp.MustCompile("((?:`\\w+`,?\\s+)+)\\(([a-z/]+)[,)]")

// Each of the rules R1 to R9, and what is looked at of clocks, names tests that show it, which are where it says.
func TestEveryRuleNamesItsTests(t *testing.T) {
	text := pages(t)["docs/how-it-works.md"]
	_, rules, _ := strings.Cut(text, "\n## The rules\n")
	rules, _, _ = strings.Cut(rules, "\n## ")
	for _, name := range []string{"R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "A2"} {
		_, rule, _ := strings.Cut(rules, fmt.Sprintf("\n- **%s ", name))
		rule, _, _ = strings.Cut(rule, "\n- **")
		_, proofs, _ := strings.Cut(rule, "*Shown by*")
		proofs, _, _ = strings.Cut(proofs, "\n\n")
		shown := 0
		for _, group := range proof.FindAllStringSubmatch(proofs, -1) {
			there, err := testsIn(group[2])
			if err != nil {
				t.Fatal(err)
			}
			for _, named := range namedTest.FindAllStringSubmatch(group[1], -1) {
				shown++
				if !slices.Contains(there, named[1]) {
					t.Errorf("%s is shown by %s, which is not in %s", name, named[1], group[2])
				}
			}
		}
		if all := len(namedTest.FindAllString(proofs, -1)); shown != all || shown < 2 {
			t.Errorf("%s: got %d tests with the directory that they are in, of %d; want at least two", name, shown, all)
		}
	}
}

var (
	link    = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// anchor is what a heading can be linked by.
func anchor(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

// Every link to a file, or to a heading of a page, leads somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	texts := pages(t)
	count := 0
	for page, text := range texts {
		for _, match := range link.FindAllStringSubmatch(prose(text), -1) {
			target, section, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, ":") {
				continue
			}
			count++
			file := page
			if target != "" {
				file = path.Join(path.Dir(page), target)
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s links %s, which is not there", page, match[1])
				continue
			}
			if section != "" && !slices.Contains(anchors(texts[file]), section) {
				t.Errorf("%s links %s, and that page has no such heading", page, match[1])
			}
		}
	}
	if count < 50 {
		t.Errorf("looked at %d links, want at least 50", count)
	}
}

func anchors(text string) []string {
	var all []string
	for _, match := range heading.FindAllStringSubmatch(prose(text), -1) {
		all = append(all, anchor(match[1]))
	}
	return all
}

// prose returns a page without its blocks.
func prose(text string) string {
	parts := strings.Split("\n"+text, "\n```")
	var b strings.Builder
	for i := 0; i < len(parts); i += 2 {
		_, rest, _ := strings.Cut(parts[i], "\n")
		if i == 0 {
			rest = parts[i]
		}
		b.WriteString(rest + "\n")
	}
	return b.String()
}

// The index in docs/README.md has every page, and the README leads to it.
func TestIndexHasEveryPage(t *testing.T) {
	texts := pages(t)
	if !strings.Contains(texts["README.md"], "(docs/README.md)") {
		t.Error("README.md does not link docs/README.md")
	}
	index := texts["docs/README.md"]
	for _, page := range slices.Sorted(maps.Keys(texts)) {
		name, in := strings.CutPrefix(page, "docs/")
		if !in {
			name = "../" + page
		}
		if page != "README.md" && page != "docs/README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("docs/README.md does not link %s", name)
		}
	}
}

var (
	inlineMake = regexp.MustCompile("`make ([a-z][a-z-]*)[^`]*`")
	inlineVerb = regexp.MustCompile("`(?:go run \\./cmd/)?redlock ([a-z]+)(?: [^`]*)?`")
	target     = regexp.MustCompile(`(?m)^([a-z-]+):`)
)

// A target of make and a verb of the command that stand in a sentence are there.
func TestSentencesNameWhatExists(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, match := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, match[1])
	}
	count := 0
	for page, text := range pages(t) {
		for _, match := range inlineMake.FindAllStringSubmatch(text, -1) {
			count++
			if !slices.Contains(targets, match[1]) {
				t.Errorf("%s: there is no target in %s", page, match[0])
			}
		}
		for _, match := range inlineVerb.FindAllStringSubmatch(text, -1) {
			count++
			if _, err := os.Stat(filepath.Join(root, "cmd/redlock/help", match[1]+".txt")); err != nil && match[1] != "completion" { // whose help is cobra's
				t.Errorf("%s: there is no verb in %s", page, match[0])
			}
		}
	}
	if count < 20 {
		t.Errorf("looked at %d, want at least 20", count)
	}
}

var fileName = regexp.MustCompile(`\b[a-z_]+\.(?:lua|go)\b`)

// The scripts and files that a diagram names are there, and so are the rooms.
func TestDiagramsNameWhatExists(t *testing.T) {
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, file := range all {
		have[path.Base(file.path)] = true
	}
	diagrams, err := blocks("docs/how-it-works.md", pages(t)["docs/how-it-works.md"])
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	room := regexp.MustCompile(`(?:internal|cmd)/[a-z]+`)
	for _, b := range diagrams {
		for _, name := range fileName.FindAllString(b.text, -1) {
			count++
			if !have[name] {
				t.Errorf("%v names %s, which does not exist", b, name)
			}
		}
		for _, name := range room.FindAllString(b.text, -1) {
			count++
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("%v names %s, which does not exist", b, name)
			}
		}
	}
	if count < 12 {
		t.Errorf("found %d names, want at least 12", count)
	}
}
