package quorum_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/quorum"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt with what the code says now")

// Every transcript in testdata reads as it did when somebody looked at it last. A line at the margin is a command, the
// indented line below it is the answer:
//
//	majority 5        a new ballot of five nodes
//	yes 0 2           nodes 0 and 2 say yes
//	no 1              node 1 says no
//
// After a change that is meant to be one, run go test -update and read the diff.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := string(text)
			got, err := replay(want)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			switch {
			case got == want:
			case *update:
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
			}
		})
	}
}

// replay carries out the commands of a transcript, and returns it with the answers that came.
func replay(transcript string) (string, error) {
	var out strings.Builder
	var ballot quorum.Ballot
	for i, line := range strings.Split(strings.TrimSuffix(transcript, "\n"), "\n") {
		if strings.HasPrefix(line, "    ") {
			continue // an answer of the last time
		}
		fmt.Fprintln(&out, line)
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "", "#":
			continue
		case "majority":
			var n int
			if _, err := fmt.Sscan(rest, &n); err != nil {
				return "", fmt.Errorf("line %d: %q: %w", i+1, line, err)
			}
			r := quorum.Majority(n)
			ballot = r.Ballot()
			fmt.Fprintf(&out, "    need %d of %d: %v\n", r.Need(), r.Nodes(), ballot.Decision())
		case "yes", "no":
			for _, field := range strings.Fields(rest) {
				var node int
				if _, err := fmt.Sscan(field, &node); err != nil {
					return "", fmt.Errorf("line %d: %q: %w", i+1, line, err)
				}
				ballot.Cast(node, word == "yes")
			}
			fmt.Fprintf(&out, "    %v: yes %v, no %v\n", ballot.Decision(), ballot.Yes(), ballot.No())
		default:
			return "", fmt.Errorf("line %d: unknown command %q", i+1, line)
		}
	}
	return out.String(), nil
}
