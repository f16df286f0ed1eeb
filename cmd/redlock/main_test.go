package main

import (
	"encoding/json"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/runner"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == processVerb { // a test's bench has started us
		os.Exit(run())
	}
	testscript.Main(heeding{m}, map[string]func(){"redlock": main, "beat": beat, "record": record})
}

// heeding runs tests that are about signals also where nohup, or a shell's &, has them ignored: commands get them then.
type heeding struct{ tests *testing.M }

func (h heeding) Run() int {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	return h.tests.Run()
}

// Every script in testdata does what it says.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"jsonlines": jsonLines, "benchresult": benchResult, "waiting": waitingOf,
			"lines": linesOf, "samerest": sameRest, "nodes": startNodes, "down": downNode, "tell": tellNode, "code": codeOf, "held": holdKey, "untilfails": untilFails},
		Setup: func(env *testscript.Env) error {
			env.Values[nodesKey{}] = make([]*cluster.Cluster, 1)
			return nil
		},
	})
}

// untilFails TIMES COMMAND...: the command fails in one of so many tries; for what is found by chance.
func untilFails(ts *testscript.TestScript, neg bool, args []string) {
	tries := 0
	if !neg && len(args) > 1 {
		tries, _ = strconv.Atoi(args[0])
	}
	if tries < 1 {
		ts.Fatalf("usage: untilfails TIMES COMMAND...")
	}
	for range tries {
		if ts.Exec(args[1], args[2:]...) != nil {
			return
		}
	}
	ts.Fatalf("it passed %d times", tries)
}

// jsonLines FILE EVENT... : every line is a JSON object with an event, times do not decrease, each EVENT occurs, and
// the last line is a verdict that agrees with its checks.
func jsonLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: jsonlines FILE EVENT...")
	}
	type line struct {
		T       float64
		Event   string
		Verdict string
		Checks  []struct {
			OK      bool
			Samples int
		}
	}
	var last line
	seen := map[string]bool{}
	for text := range strings.Lines(ts.ReadFile(args[0])) {
		var one line
		if err := json.Unmarshal([]byte(text), &one); err != nil || one.Event == "" {
			ts.Fatalf("%q: no event (%v)", text, err)
		}
		if one.T < last.T && one.Event != "verdict" {
			ts.Fatalf("%q comes after %vs", text, last.T)
		}
		seen[one.Event] = true
		last = one
	}
	for _, event := range args[1:] {
		if !seen[event] {
			ts.Fatalf("no event %q in %v", event, seen)
		}
	}
	if last.Verdict == "" || len(last.Checks) == 0 {
		ts.Fatalf("the last line is no verdict: %+v", last)
	}
	for _, c := range last.Checks {
		if (last.Verdict == "pass") != (c.OK && c.Samples > 0) {
			ts.Fatalf("the verdict is %s, and a check is %+v", last.Verdict, c)
		}
	}
}

// The help pages of our verbs name every flag with its default, and say how the verb exits.
func TestPagesAreComplete(t *testing.T) {
	for _, verb := range newRoot().Commands() {
		if verb.Hidden && (verb.Name() == workerVerb || verb.Name() == processVerb || verb.Name() == runner.WatchdogVerb) { // for no reader
			continue
		}
		var page strings.Builder
		verb.SetOut(&page)
		if err := verb.Help(); err != nil {
			t.Fatal(err)
		}
		parts := []string{"Usage:\n    redlock " + verb.Name(), "\nFlags:\n", "\nExit codes:\n    0", "\nExample:\n    $ redlock " + verb.Name()}
		if verb.Name() == "completion" || verb.Name() == "help" {
			parts = parts[:2]
		}
		rest := page.String()
		for _, part := range parts {
			_, after, found := strings.Cut(rest, part)
			if !found {
				t.Errorf("%s: want %q after what comes before it in:\n%s", verb.Name(), part, page.String())
				break
			}
			rest = after
		}
		for i, text := range strings.Split(page.String(), "\n") {
			if len(text) > 110 {
				t.Errorf("%s: line %d of the help has %d characters", verb.Name(), i+1, len(text))
			}
		}
	}
}

// The version that is linked in is the one that is printed.
func TestVersionText(t *testing.T) {
	b := build{Version: "v1.2.3", Revision: "0123456789ab", Go: "go1.26.0", OS: "linux", Arch: "arm64"}
	if got, want := b.String(), "redlock v1.2.3 0123456789ab (go1.26.0, linux/arm64)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Colours are for terminals.
func TestNoColoursInAFile(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := paletteFor(f).good("x"); got != "x" {
		t.Errorf("got %q in a file", got)
	}
	if got := (palette{on: true}).good("x"); got == "x" {
		t.Errorf("got %q on a terminal", got)
	}
}
