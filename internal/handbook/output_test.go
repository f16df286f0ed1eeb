package handbook

import (
	"fmt"
	"regexp"
	"strings"
)

// output returns an error unless a block of no language shows what the commands print that it begins with, behind "$ ", or
// that stand in the block before it.
func (s *stage) output(b *block) error {
	shown, printed := b.text, ""
	if !strings.HasPrefix(b.text, "$ ") {
		if b.before == nil || b.before.language == "" {
			return fmt.Errorf("stands behind no commands that could have printed it:\n%s\nwhat to do: say a language, show the command in its first line behind \"$ \", or %s", b.text, advice)
		}
		out, ran := s.printed[b.before]
		if !ran {
			return fmt.Errorf("stands behind %v, which is not run here:\n%s\nwhat to do: %s", b.before, b.text, advice)
		}
		return shows(shown, out)
	}
	var commands strings.Builder
	shown = ""
	for line := range strings.Lines(b.text) {
		if command, is := strings.CutPrefix(line, "$ "); is {
			commands.WriteString(command)
		} else {
			shown += line
		}
	}
	printed, err := s.run(commands.String())
	if err != nil {
		return err
	}
	return shows(shown, printed)
}

// shows returns an error unless each line that a page shows was printed, in this order, whatever the figures are. "..."
// stands for lines that are left out.
func shows(shown, printed string) error {
	var lines []string
	for line := range strings.Lines(printed) {
		lines = append(lines, masked(line))
	}
	for line := range strings.Lines(shown) {
		want := masked(line)
		if want == "" || want == "..." || want == "…" {
			continue
		}
		at := 0
		for at < len(lines) && lines[at] != want {
			at++
		}
		if at == len(lines) {
			return fmt.Errorf("nothing printed %q, after what stands before it; it was:\n%s", strings.TrimSpace(line), printed)
		}
		lines = lines[at+1:]
	}
	return nil
}

var (
	identity = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	figure   = regexp.MustCompile(`\d[\d.,:  ]*(?:ns|µs|ms|s|m|h)?\b`)
	blanks   = regexp.MustCompile(`\s+`)
)

// masked returns a line without its figures, and with one blank for many.
func masked(line string) string {
	line = identity.ReplaceAllString(line, "ID")
	line = figure.ReplaceAllString(line, "0 ")
	return strings.TrimSpace(blanks.ReplaceAllString(line, " "))
}
