// Package house keeps the rules of the house that no compiler keeps: which room may import which.
package house

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/quorumlock/quorumlock"

// pkg is what `go list` tells about one package.
type pkg struct {
	ImportPath   string
	Module       *struct{ Path string }
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// list runs `go list -json` on patterns and flags, in the main module.
func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	return listIn(t, ".", args...)
}

// listIn does so in the module that is in dir.
func listIn(t *testing.T, dir string, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Module,Standard,Imports,TestImports,XTestImports,Deps"}, args...)...)
	cmd.Dir = filepath.Join("../..", dir)
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, failed.String())
	}
	var all []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// library is what a service links.
var library = []string{"redlock", "quorum", "clock", "internal/protocol", "internal/node"}

func libraryPatterns() []string {
	var patterns []string
	for _, room := range library {
		patterns = append(patterns, "./"+room)
	}
	return patterns
}

// chosen are the packages of others that the library was written on.
var chosen = []string{"github.com/redis/go-redis/v9", "github.com/google/uuid", "github.com/hashicorp/go-multierror"}

// A service that links the library links Redis's client, google/uuid, hashicorp's multierror, and what these need.
func TestLibraryLinksLittle(t *testing.T) {
	onlyModulesOf(t, chosen, "-deps")
}

// The library's tests need no more than that, and miniredis.
func TestLibraryTestsLinkLittle(t *testing.T) {
	onlyModulesOf(t, append(slices.Clone(chosen), "github.com/alicebob/miniredis/v2"), "-deps", "-test")
}

// onlyModulesOf checks that the packages of the library which go list names with flags are of no module but ours, those
// of the given packages, and those that these need.
func onlyModulesOf(t *testing.T, packages []string, flags ...string) {
	t.Helper()
	allowed := []string{module}
	for _, p := range list(t, append([]string{"-deps"}, packages...)...) {
		if p.Module != nil {
			allowed = append(allowed, p.Module.Path)
		}
	}
	seen := 0
	for _, p := range list(t, append(flags, libraryPatterns()...)...) {
		seen++
		if p.Standard || p.Module == nil || slices.Contains(allowed, p.Module.Path) {
			continue
		}
		t.Errorf("the library needs %s, of module %s", p.ImportPath, p.Module.Path)
	}
	if seen < 50 {
		t.Errorf("looked at %d packages, want at least 50", seen)
	}
}

// rooms are the rooms of the house and which others each may import. What a room's tests may import beyond that stands
// in testRooms.
var (
	rooms = map[string][]string{
		"quorum":                 nil,
		"clock":                  nil,
		"internal/protocol":      {"quorum", "clock"},
		"internal/node":          {"clock"},
		"redlock":                {"internal/protocol", "internal/node", "quorum", "clock"},
		"redlock/redlocktest":    {"redlock", "internal/memory", "internal/faketime"},
		"redlock/fencing":        nil,
		"redlock/otelredlock":    {"redlock"},
		"internal/sim":           {"internal/protocol", "quorum", "clock"},
		"internal/twin":          nil,
		"internal/cluster":       {"internal/child"},
		"internal/access":        nil,
		"internal/child":         nil,
		"internal/declare":       {"internal/node", "quorum", "clock"},
		"internal/doctor":        {"internal/node", "quorum", "clock"},
		"internal/inspect":       {"internal/node", "quorum"},
		"internal/runner":        {"redlock"},
		"internal/sweep":         nil,
		"internal/machine":       nil,
		"internal/report":        {"redlock", "quorum", "clock"},
		"internal/bench":         {"redlock", "internal/access", "internal/child", "internal/cluster", "internal/sweep", "internal/machine", "internal/report", "quorum", "clock"},
		"internal/chaos":         {"redlock", "internal/access", "internal/cluster", "internal/report", "internal/child", "internal/sweep", "internal/machine", "internal/chaos/history", "internal/chaos/check", "internal/chaos/fault", "internal/chaos/plan", "internal/chaos/lock", "internal/chaos/storage", "internal/chaos/worker", "quorum", "clock"},
		"internal/browser":       nil,
		"internal/chaos/history": nil,
		"internal/chaos/check":   {"internal/chaos/history"},
		"internal/chaos/fault":   {"internal/chaos/history", "internal/cluster"},
		"internal/chaos/plan":    {"internal/chaos/fault", "internal/chaos/history", "internal/cluster", "quorum"},
		"internal/chaos/lock":    {"redlock", "quorum", "clock"},
		"internal/chaos/storage": nil,
		"internal/chaos/worker":  {"redlock", "internal/access", "internal/chaos/history", "internal/chaos/lock", "internal/chaos/storage"},
		"internal/demo":          {"redlock", "internal/cluster", "internal/report", "quorum", "clock"},
		"internal/handbook":      nil,
		"internal/house":         nil,
		"internal/faketime":      nil,
		"internal/memory":        nil,
		"internal/proof":         {"redlock", "internal/memory", "quorum", "clock"},
		"internal/record":        nil,
		"internal/reliability":   {"internal/cluster", "internal/machine", "internal/record"},
		"cmd/redlock":            {"redlock", "internal/access", "internal/bench", "internal/chaos", "internal/chaos/check", "internal/chaos/history", "internal/chaos/lock", "internal/chaos/plan", "internal/chaos/worker", "internal/declare", "internal/demo", "internal/doctor", "internal/inspect", "internal/cluster", "internal/report", "internal/runner", "internal/sim", "quorum", "clock"},
		"integration":            {"redlock", "internal/cluster", "internal/record", "quorum", "clock"},
		"integration/soak":       nil,
		"integration/image":      {"internal/cluster"},
		"examples":               {"redlock"},
		"examples/prometheus":    {"redlock", "redlock/otelredlock"},
		"model":                  nil,
	}
	testRooms = map[string][]string{
		"redlock": {"internal/memory", "internal/record", "internal/faketime"},
		// A holder that slept is refused, also by scripts on real Redis.
		"redlock/fencing": {"redlock", "redlock/redlocktest", "internal/cluster"},
		// They run as processes on nodes that are started for them, and on nodes in memory where it is about their clocks.
		"examples":            {"internal/child", "internal/cluster", "redlock/redlocktest"},
		"redlock/otelredlock": {"internal/memory", "internal/faketime"},
		// It runs what stands in the pages.
		"internal/handbook": {"redlock", "internal/cluster", "internal/node", "quorum", "clock"},
		// Its lockers are tried on nodes that fail.
		"internal/chaos/lock": {"internal/cluster"},
		// Workers are given nodes to lock on.
		"internal/chaos/worker": {"internal/cluster"},
		// The simulated nodes answer as the scripts do on real ones.
		"internal/twin": {"internal/sim", "internal/node", "internal/cluster", "internal/record"},
		// What they look at are nodes, in memory and real ones.
		"internal/declare": {"internal/cluster", "redlock"},
		"internal/doctor":  {"internal/cluster"},
		"internal/inspect": {"internal/cluster", "redlock"},
		// Their pages are looked at.
		"internal/report": {"internal/browser"},
		"internal/bench":  {"internal/browser", "internal/faketime"},
		"internal/chaos":  {"internal/browser"},
		// A lease is taken from nodes in memory.
		"internal/runner": {"internal/cluster"},
		// They tell how much they did.
		"internal/sim":   {"internal/record"},
		"model":          {"internal/record"},
		"internal/proof": {"internal/record", "internal/faketime"},
		"clock":          {"internal/faketime"},
		"internal/node":  {"internal/record"},
		// What processes write down is told by a clock that they share.
		"integration":       {"internal/chaos/history", "internal/access", "internal/bench", "internal/declare", "internal/doctor", "internal/inspect"},
		"integration/soak":  {"internal/chaos", "internal/chaos/check", "internal/chaos/history", "internal/chaos/lock", "internal/chaos/plan", "internal/chaos/worker", "internal/cluster", "internal/record"},
		"internal/protocol": {"internal/record"},
	}
)

// nested are the rooms that are modules of their own: who links the library is to have nothing of what they need in its list
// of modules.
var nested = []string{"redlock/otelredlock", "examples/prometheus"}

// The list of modules of whoever links the library has nothing of OpenTelemetry.
func TestMainModuleHasNoTelemetry(t *testing.T) {
	for _, file := range []string{"../../go.mod", "../../go.sum"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "go.opentelemetry.io/") {
			t.Errorf("%s has a module of go.opentelemetry.io", filepath.Base(file))
		}
	}
}

// Imports run in the direction of the arrows between the rooms, in code and in tests.
func TestImportsFollowTheArrows(t *testing.T) {
	seen := 0
	packages := list(t, "./...")
	for _, dir := range nested {
		packages = append(packages, listIn(t, dir, "./...")...)
	}
	for _, p := range packages {
		from := room(p.ImportPath)
		allowed, known := rooms[from]
		if !known {
			t.Errorf("%s is in no room: say in this test what it may import", p.ImportPath)
			continue
		}
		check := func(kind string, imports, allowed []string) {
			for _, path := range imports {
				to := room(path)
				if to == "" || to == from || slices.Contains(allowed, to) {
					continue
				}
				t.Errorf("%s imports %s in its %s, against the arrows", p.ImportPath, to, kind)
			}
		}
		check("code", p.Imports, allowed)
		inTests := append(slices.Clone(allowed), testRooms[from]...)
		check("tests", append(p.TestImports, p.XTestImports...), inTests)
		seen++
	}
	if seen < 8 {
		t.Errorf("looked at %d packages, want at least 8", seen)
	}
}

// room returns the room that a package is in: the longest of the names above that begins its path; what is of no
// room is its own, and "" is not of this module.
func room(path string) string {
	inner, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		return ""
	}
	longest := ""
	for name := range rooms {
		if (inner == name || strings.HasPrefix(inner, name+"/")) && len(name) > len(longest) {
			longest = name
		}
	}
	if longest == "" {
		return inner
	}
	return longest
}

// What the library's tests share stays as light as they are: nodes in memory need miniredis and nothing else. Their bubbles
// belong to tests, so that no room of a command may have them.
func TestMemoryLinksLittle(t *testing.T) {
	for _, p := range list(t, "-deps", "./internal/memory") {
		if p.Standard || p.Module == nil || p.Module.Path == module {
			continue
		}
		if !slices.Contains([]string{"github.com/alicebob/miniredis/v2", "github.com/yuin/gopher-lua"}, p.Module.Path) {
			t.Errorf("internal/memory needs %s, of module %s", p.ImportPath, p.Module.Path)
		}
	}
	for _, p := range list(t, "-deps", "./cmd/redlock") {
		if p.ImportPath == module+"/internal/memory" || strings.HasPrefix(p.ImportPath, "pgregory.net/rapid") {
			t.Errorf("./cmd/redlock links %s", p.ImportPath)
		}
	}
}

// Docker, charts, command lines and proxies stay out of what a service links, whatever the list of modules says.
func TestLibraryLinksNoDocker(t *testing.T) {
	var deps []string
	for _, p := range list(t, "./redlock") {
		deps = append(deps, p.Deps...)
	}
	for _, dep := range deps {
		for _, word := range []string{"docker", "dockertest", "cobra", "toxiproxy", "plot", "miniredis", "redsync", "rapid", "testing", "opentelemetry", "prometheus"} {
			if strings.Contains(dep, word) && !strings.HasPrefix(dep, "internal/") {
				t.Errorf("./redlock links %s", dep)
			}
		}
	}
	if len(deps) < 50 {
		t.Errorf("got %d dependencies, want at least 50", len(deps))
	}
}
