package handbook

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// spoken are the directories and files whose errors a user meets, by what their texts are made with: errors.New, fmt.Errorf, or the
// field "text" of a node's error.
var spoken = []string{"redlock", "internal/node", "internal/access", "clock", "cmd/redlock/access.go",
	"internal/runner", "internal/declare", "internal/doctor"}

// unspoken are texts that nobody meets as they stand: parts of others.
var unspoken = []string{
	"redlock: … … …",                        // the address of node 0 …
	"redlock: … …: …",                       // an operation, a key, and a sentinel
	"redlock: …",                            // a key's error
	"redlock: TTL …: …",                     // a drift's error
	"…: …",                                  // both ends of a context
	"the connection died while it was idle", // is asked again by another connection
}

var quoted = regexp.MustCompile("`([^`]+)`")

var verb = regexp.MustCompile(`%[-+#0-9.]*[a-zA-Z]`)

// plain returns a text of the source as the page has it: what is filled in is "…".
func plain(text string, format bool) string {
	if format {
		text = verb.ReplaceAllString(text, "…")
	}
	return strings.TrimSpace(strings.ReplaceAll(text, "%%", "%"))
}

// errorTexts returns the texts of all errors that a file's code makes.
func errorTexts(t *testing.T, file source) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file.path, file.text, 0)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	add := func(e ast.Expr) {
		format := false
		if call, ok := e.(*ast.CallExpr); ok && called(call) == "fmt.Sprintf" {
			e, format = call.Args[0], true
		}
		if text, ok := literal(e); ok {
			texts = append(texts, plain(text, format))
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			switch called(n) {
			case "errors.New":
				add(n.Args[0])
			case "fmt.Errorf":
				if text, ok := literal(n.Args[0]); ok {
					texts = append(texts, plain(text, true))
				}
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "text" {
				add(n.Value)
			}
		case *ast.FuncDecl:
			if n.Name.Name == "Error" && n.Recv != nil {
				ast.Inspect(n, func(inner ast.Node) bool {
					if back, ok := inner.(*ast.ReturnStmt); ok && len(back.Results) == 1 {
						add(back.Results[0])
					}
					return true
				})
			}
		}
		return true
	})
	return texts
}

// called returns the name of the function that is called, with its package's.
func called(call *ast.CallExpr) string {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	of, ok := selector.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return of.Name + "." + selector.Sel.Name
}

// literal returns the text of a literal, or of the literals and names that are added up to one.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, one := literal(e.X)
		right, other := literal(e.Y)
		if !one {
			left = "…"
		}
		if !other {
			right = "…"
		}
		return left + right, one || other
	}
	return "", false
}

// tableTexts returns what stands in backticks in the first column of the tables under a heading of a page.
func tableTexts(page, title string) []string {
	_, section, _ := strings.Cut(page, "\n## "+title+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var texts []string
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| `") {
			for _, match := range quoted.FindAllStringSubmatch(cells[0], -1) {
				texts = append(texts, match[1])
			}
		}
	}
	return texts
}

// docs/errors.md has every text of an error that the code makes, and no other.
func TestErrorsPageHasEveryText(t *testing.T) {
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]string{}
	for _, file := range all {
		if (slices.Contains(spoken, path.Dir(file.path)) || slices.Contains(spoken, file.path)) && strings.HasSuffix(file.path, ".go") && !strings.HasSuffix(file.path, "_test.go") {
			for _, text := range errorTexts(t, file) {
				made[text] = file.path
			}
		}
	}
	for _, text := range unspoken {
		if made[text] == "" {
			t.Errorf("no code makes the error %q any more: take it out of this test", text)
		}
		delete(made, text)
	}
	page := pages(t)["docs/errors.md"]
	told := map[string]bool{}
	for _, title := range []string{"What a call returns", "What a node says", "What Dial and New refuse", "What the command refuses", "What run says", "What init and doctor say of a node"} {
		texts := tableTexts(page, title)
		if len(texts) < 5 {
			t.Errorf("got %d texts under %q, want at least 5", len(texts), title)
		}
		for _, text := range texts {
			told[text] = true
		}
	}
	for _, text := range slices.Sorted(maps.Keys(made)) {
		if !told[text] {
			t.Errorf("docs/errors.md does not have the error of %s: %s", made[text], text)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(told)) {
		if made[text] == "" {
			t.Errorf("docs/errors.md has an error that no code makes: %s", text)
		}
	}
	if len(made) < 50 {
		t.Errorf("found %d texts, want at least 50", len(made))
	}
}

// What Redis says of itself is in the page with each word that the code knows.
func TestErrorsPageHasWhatRedisSays(t *testing.T) {
	text, err := os.ReadFile(root + "/internal/node/error.go")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for _, list := range regexp.MustCompile(`\[\]string\{([^}]*)\}`).FindAllStringSubmatch(string(text), -1) {
		for _, word := range regexp.MustCompile(`"[^"]*"`).FindAllString(list[1], -1) {
			words[strings.TrimSpace(strings.Trim(word, `"`))] = true
		}
	}
	for _, rare := range []string{"CROSSSLOT", "ERR syntax error", "ERR Unknown Redis command"} {
		delete(words, rare)
	}
	told := tableTexts(pages(t)["docs/errors.md"], "What Redis says")
	for word := range words {
		if !slices.Contains(told, word) {
			t.Errorf("docs/errors.md does not have %q under \"What Redis says\"", word)
		}
	}
	for _, word := range told {
		if !words[word] {
			t.Errorf("docs/errors.md has %q, of which the code knows nothing", word)
		}
	}
	if len(words) < 12 {
		t.Errorf("found %d words, want at least 12", len(words))
	}
}
