package proof

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// record appends a line with what a test has seen to the file that QUORUMLOCK_RECORD names, if it names one.
func record(t *testing.T, test string, seeds int, l *ledger) {
	t.Helper()
	name := os.Getenv("QUORUMLOCK_RECORD")
	if name == "" {
		return
	}
	figures := map[string]int{"seeds": seeds, "violations": 0, "faults": 0}
	for what, n := range l.counts {
		if strings.HasPrefix(what, "fault: ") {
			figures["faults"] += n
		}
		figures[strings.ReplaceAll(strings.ReplaceAll(what, ": ", "_"), " ", "_")] = n
	}
	line, err := json.Marshal(map[string]any{"test": test, "figures": figures})
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}
