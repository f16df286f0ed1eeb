package proof

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	mutants = flag.Bool("mutants", false, "break the library on purpose, one way after the other, and look whether TestDriver finds out")
	only    = flag.String("only", "", "of the mutants, those whose name matches")
	worlds  = flag.Int("worlds", 12, "how many worlds a mutant may live in")
)

// mutant is one way to break the code between the protocol and the nodes.
type mutant struct {
	name, file string
	old, new   string // what stands once in the file, and what stands there instead
}

// broken lists the mutants. Whoever changes a line that stands here changes it here as well: the test says so. An answer
// that is counted for another round takes more luck than that: package redlock's TestLateAnswerIsNoneToTheNextRound has it.
// Releases that are not owed, a quarantine that is none, and grants without a deadline take more worlds than these. That a
// lost lease is not handed over is looked at twice, by Unlock and by the protocol: neither is missed where the other is.
var broken = []mutant{
	{"undo not sent", "redlock/effects.go",
		"c := node.Command{Key: a.key", "if e.Op == protocol.Undo {\n\t\treturn 0\n\t}\n\tc := node.Command{Key: a.key"},
	{"a lost lease's end not told", "redlock/effects.go",
		"\t\tcase protocol.Ended:\n\t\t\ta.end(now)", "\t\tcase protocol.Ended:\n\t\t\tif a.machine.End() == protocol.Unlocked {\n\t\t\t\ta.end(now)\n\t\t\t}"},
	{"silence is a grant", "redlock/attempt.go",
		"return protocol.Reply{Vote: protocol.Silent}", "return protocol.Reply{Vote: protocol.Granted}"},
	{"one owner for all tries of a locker", "redlock/attempt.go",
		"owner:   owner.String(),", "owner:   fmt.Sprintf(\"%p\", l.house) + owner.String()[:0],"},
	{"the clock read late", "redlock/attempt.go",
		"a.carryOut(now, a.machine.Start(now))", "a.carryOut(now, a.machine.Start(now.Add(a.locker.cfg.TTL/2)))"},
	{"woken late", "redlock/timetable.go",
		"a.due = at.Mono()", "a.due = at.Mono() + 300*time.Millisecond"},
	{"no guard", "redlock/config.go",
		"return min(max(ttl/20, time.Millisecond), 250*time.Millisecond)", "return 0 * ttl"},
	{"no drift", "redlock/config.go",
		"Drift:   cfg.Drift,\n\t\tGuard:", "Guard:"},
	{"a context's end not heard", "redlock/attempt.go",
		"\tcase <-ctx.Done():\n\t\ta.shutUnlessHeld()", "\tcase <-ctx.Done():\n\t\t<-a.settled"},
	{"leases of a closed locker stay", "redlock/timetable.go",
		"for _, a := range leases {\n\t\ta.shut()", "for _, a := range leases[:0] {\n\t\ta.shut()"},
	{"contexts do not end with the lease", "redlock/lease.go",
		"h.cancel(why)", "_ = h"},
	{"the wrong reason", "redlock/effects.go",
		"why = ErrLost", "_ = ErrLost"},
	{"unlocking does not wait for an answer", "redlock/lease.go",
		"\t<-a.settled\n\ta.mu.Lock()", "\ta.mu.Lock()"},
	{"the end of who hands over not told", "redlock/attempt.go",
		"\ta.holder.end(ErrUnlocked)\n", ""},
	{"no larger fence for the next holder in the process", "redlock/lease.go",
		"fence += uint64(s.turn)", "fence += 0 * uint64(s.turn)"},
	{"handed over and given back", "redlock/lease.go",
		"\tif a.handOver() {\n\t\ta.mu.Unlock()\n\t\treturn nil\n\t}", "\ta.handOver()"},
	{"a handed over lease that goes on for its old holder", "redlock/lease.go",
		"if s.attempt.holder != s {\n\t\treturn ErrUnlocked", "if false {\n\t\treturn ErrUnlocked"},
}

// The checks of TestDriver find every mutant of the driver.
func TestMutants(t *testing.T) {
	if !*mutants {
		t.Skip("takes minutes, and -mutants (make driver)")
	}
	for _, m := range broken {
		if !regexp.MustCompile(*only).MatchString(m.name) {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			binary := m.build(t)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			began := time.Now()
			run := exec.CommandContext(ctx, binary, "-test.run", "^TestDriver$", "-test.timeout", "100s", "-plenty=false", "-seed", "1", "-seeds", fmt.Sprint(*worlds))
			run.Dir = t.TempDir()
			out, err := run.CombinedOutput()
			if err == nil {
				t.Fatalf("lives:\n%s", out)
			}
			t.Logf("killed after %v: %s", time.Since(began).Round(time.Second), verdict(string(out)))
		})
	}
}

// build compiles this package's tests over the broken library.
func (m mutant) build(t *testing.T) string {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, m.file)
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		t.Fatalf("%q stands %d times in %s, want once: say in broken what stands there now", m.old, n, m.file)
	}
	dir := t.TempDir()
	replaced := filepath.Join(dir, "replaced.go")
	if err := os.WriteFile(replaced, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: replaced}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "proof.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", list, "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("does not build: %v\n%s", err, out)
	}
	return binary
}

// verdict is the first line that says what was wrong.
func verdict(out string) string {
	for line := range strings.Lines(out) {
		for _, sign := range []string{"seed ", "panic:", "fatal error:", "deadlock"} {
			if strings.Contains(line, sign) && !strings.Contains(line, "seeds from") {
				return strings.TrimSpace(line)
			}
		}
	}
	return strings.TrimSpace(out)
}
