package twin

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/quorumlock/quorumlock/internal/sim"
)

// tally counts what was compared.
type tally struct {
	sequences int
	looks     int            // at the contents
	compared  int            // replies of another side than the first
	commands  map[kind]int   // by what they do
	replies   map[string]int // of the first side; a script of several commands has several
}

func newTally() *tally { return &tally{commands: map[kind]int{}, replies: map[string]int{}} }

// outcomes are the names of what the scripts' functions return, by op and code.
var outcomes = map[sim.Op]map[int]string{
	sim.OpGrant: {1: "granted", 0: "refused", sim.CodeFailed: "error", sim.CodeLate: "late", sim.CodeForgotten: "forgotten",
		sim.CodeQuarantine: "quarantined", sim.CodeUndone: "undone"},
	sim.OpRaise:   {1: "raised", 0: "not raised", sim.CodeFailed: "error"},
	sim.OpExtend:  {1: "extended", 0: "not extended", sim.CodeFailed: "error"},
	sim.OpRelease: {1: "deleted", 0: "nothing to delete", sim.CodeFailed: "error"},
}

// bootOutcomes are the names of what boot replies.
var bootOutcomes = map[int64]string{1: "boot: told", sim.CodeUnknown: "boot: had no meta key", -1: "boot: other members",
	-2: "boot: longer TTL"}

// liftOutcomes are the names of what lift replies.
var liftOutcomes = map[int64]string{1: "lifted", 0: "not lifted"}

// count counts a call and what the first of so many sides replied.
func (t *tally) count(c call, r reply, sides int) {
	t.commands[c.kind]++
	t.compared += sides - 1
	switch {
	case r.failed:
		t.replies["error of a lone command"]++
	case c.kind == boot:
		t.replies[bootOutcomes[r.numbers[0]]]++
	case c.kind == lift:
		t.replies[liftOutcomes[r.numbers[0]]]++
	default:
		for i, p := range c.parts {
			said := r.about(c, i)
			outcome := outcomes[p.Op][said.Code]
			if outcome == "granted" {
				outcome = map[bool]string{true: "granted, as proposed", false: "granted, another fence"}[said.Value == 0]
			}
			t.replies[outcome]++
			if outcome == "nothing to delete" {
				t.replies[map[bool]string{true: "tombstone", false: "no tombstone"}[c.grace > 0]]++
			}
		}
		if len(c.parts) > 1 && r.good(c) {
			t.replies[string(c.kind)+": all done, in one number"]++
		}
	}
}

// enough returns what was met too rarely: a comparison in which nothing happens proves nothing.
func (t *tally) enough() error {
	wanted := map[string]bool{"granted, as proposed": true, "granted, another fence": true, "boot: told something new": true,
		"lift: told something new": true, "tombstone": true, "no tombstone": true, "error of a lone command": true}
	for _, codes := range outcomes {
		for _, outcome := range codes {
			wanted[outcome] = true
		}
	}
	delete(wanted, "granted")
	for _, k := range []kind{grant, plainly, withdraw} {
		wanted[string(k)+": all done, in one number"] = true
	}
	for _, names := range []map[int64]string{bootOutcomes, liftOutcomes} {
		for _, outcome := range names {
			wanted[outcome] = true
		}
	}
	least := max(1, t.sequences/8)
	for _, outcome := range slices.Sorted(maps.Keys(wanted)) {
		if got := t.replies[outcome]; got < least {
			return fmt.Errorf("%s: %d times in %d sequences, want at least %d: the run proves too little", outcome, got, t.sequences, least)
		}
	}
	for _, k := range []kind{grant, batch, extend, release, plainly, withdraw, boot, lift, flush, store, spoil, remove} {
		if got := t.commands[k]; got < least {
			return fmt.Errorf("%s: %d commands in %d sequences, want at least %d: the run proves too little", k, got, t.sequences, least)
		}
	}
	if t.looks < t.sequences {
		return fmt.Errorf("%d looks at the contents in %d sequences", t.looks, t.sequences)
	}
	return nil
}

// String returns the counts as text.
func (t *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d sequences, %d commands, %d replies and %d looks at the contents compared\n", t.sequences, sum(t.commands), t.compared, t.looks)
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(t.commands)) {
		parts = append(parts, fmt.Sprintf("%s %d", k, t.commands[k]))
	}
	fmt.Fprintf(&b, "commands  %s\n", strings.Join(parts, ", "))
	parts = nil
	for _, outcome := range slices.Sorted(maps.Keys(t.replies)) {
		parts = append(parts, fmt.Sprintf("%s %d", outcome, t.replies[outcome]))
	}
	fmt.Fprintf(&b, "replies   %s", strings.Join(parts, "; "))
	return b.String()
}

func sum[K comparable](counts map[K]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

// record appends the counts to the file that QUORUMLOCK_RECORD names, as a line of JSON.
func (t *tally) record() error {
	path := os.Getenv("QUORUMLOCK_RECORD")
	if path == "" {
		return nil
	}
	figures := map[string]int{"seed": int(*seed), "sequences": t.sequences, "commands": sum(t.commands), "replies": t.compared, "looks": t.looks, "differences": 0}
	for k, n := range t.commands {
		figures["command: "+string(k)] = n
	}
	for outcome, n := range t.replies {
		figures["reply: "+outcome] = n
	}
	line, err := json.Marshal(struct {
		Test    string         `json:"test"`
		Figures map[string]int `json:"figures"`
	}{"differential", figures})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
