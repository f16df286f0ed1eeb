package protocol_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt with what the code says now")

// Every transcript in testdata reads as it did when somebody looked at it last: a line at the margin is an event with
// its time, the indented lines below it are the effects that came out, in their order. The language is that of story.
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
				t.Errorf("%s: %s", file, firstDifference(got, want))
			}
		})
	}
}

const indent = "    "

// replay tells the events of a transcript, and returns it with the effects that came.
func replay(transcript string) (string, error) {
	var out strings.Builder
	var s story
	for i, line := range strings.Split(strings.TrimSuffix(transcript, "\n"), "\n") {
		if strings.HasPrefix(line, indent) {
			continue // an effect of the last time
		}
		fmt.Fprintln(&out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		answer, err := s.tell(line)
		if err != nil {
			return "", fmt.Errorf("line %d: %w", i+1, err)
		}
		for _, a := range answer {
			fmt.Fprintln(&out, indent+a)
		}
	}
	return out.String(), nil
}

// firstDifference shows where two texts part, with the lines above.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	same := 0
	for same < len(g) && same < len(w) && g[same] == w[same] {
		same++
	}
	from := max(0, same-8)
	return fmt.Sprintf("line %d, after\n%s\ngot\n%s\nwant\n%s", same+1,
		strings.Join(g[from:same], "\n"),
		strings.Join(g[same:min(len(g), same+3)], "\n"),
		strings.Join(w[same:min(len(w), same+3)], "\n"))
}
