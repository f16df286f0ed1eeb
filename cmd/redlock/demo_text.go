package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/demo"
	"github.com/quorumlock/quorumlock/redlock"
)

// story prints the play in plain words, a line with a time for each event.
type story struct {
	out   io.Writer
	cfg   demo.Config
	paint palette
	full  bool          // an error has been printed in full
	pace  time.Duration // of a lock without competition, in act 1
}

func newStory(out *watched, cfg demo.Config) *story {
	return &story{out: out, cfg: cfg, paint: paletteFor(out.w)}
}

// print leaves errors to the writer, which ends the play.
func (s *story) print(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// indent is as wide as a time stamp with what follows it.
const indent = "           "

func (s *story) choice(kind cluster.Kind, nodes int, why string) {
	s.print("%s, because %s.", map[cluster.Kind]string{
		cluster.Docker:   fmt.Sprintf("%d Redis nodes, a Docker container each", nodes),
		cluster.Process:  fmt.Sprintf("%d Redis nodes, a redis-server process each", nodes),
		cluster.Embedded: fmt.Sprintf("%d nodes inside this process, miniredis in place of Redis", nodes),
	}[kind], why)
	s.print("%s take turns on the key %s; a grant that nobody extends lives for %v.", list(s.cfg.Names), s.cfg.Key, s.cfg.TTL)
}

func (s *story) event(e demo.Event) {
	if e.Kind == demo.Act {
		s.act(e)
		return
	}
	if text := s.text(e); text != "" {
		s.print("%s  %s", s.paint.faint(fmt.Sprintf("%8.3fs", e.At.Seconds())), text)
	}
}

func (s *story) act(e demo.Event) {
	title := map[int]string{
		1: fmt.Sprintf("All %d nodes are up", e.Count),
		2: fmt.Sprintf("A minority dies: %d of %d still decide", e.Need, e.Count),
		3: fmt.Sprintf("One more dies while the key is held: %s not enough", isAre(e.Need-1)),
		4: "The nodes come back",
	}[e.Act]
	s.print("\n%s", s.paint.bold(fmt.Sprintf("Act %d. %s.", e.Act, title)))
}

// text returns an event in words; nothing for those that the story leaves out.
func (s *story) text(e demo.Event) string {
	switch e.Kind {
	case demo.Ready:
		return fmt.Sprintf("the nodes answer, after %s:\n%s", span(e.Took), indent+strings.Join(e.Nodes, " "))
	case demo.Holds:
		return fmt.Sprintf("%s holds %s, fence %d, waited %s", s.name(e.Who), e.Key, e.Fence, span(e.Took))
	case demo.Clings:
		return fmt.Sprintf("%s will not let go until told to stop", s.name(e.Who))
	case demo.Releases:
		if e.Err != nil {
			return fmt.Sprintf("%s unlocks: %s", s.name(e.Who), s.paint.bad(e.Err.Error()))
		}
	case demo.Lost:
		return fmt.Sprintf("%s is told: %s, %s before anybody else could have %s",
			s.name(e.Who), s.paint.bad(strings.TrimPrefix(e.Err.Error(), "redlock: ")), span(e.Spare), e.Key)
	case demo.GivesUp:
		return s.givesUp(e)
	case demo.Killing:
		return s.paint.bad("kill " + nodes(e.Numbers))
	case demo.Killed:
		return fmt.Sprintf("%s dead, %d left", are(e.Numbers), e.Count)
	case demo.Reviving:
		return fmt.Sprintf("start %s again, with what is on disk", nodes(e.Numbers))
	case demo.Revived:
		return s.paint.good(fmt.Sprintf("%s back after %s, %d up", are(e.Numbers), span(e.Took), e.Count))
	case demo.Alone:
		return s.alone(e)
	case demo.Removing:
		return "remove the nodes"
	}
	return ""
}

// alone prints how long a lock takes by itself, and in act 2 what the dead nodes cost.
func (s *story) alone(e demo.Event) string {
	text := fmt.Sprintf("a lock without competition took %s with %d up", s.paint.bold(span(e.Took)), e.Count)
	if e.Act == 1 {
		s.pace = e.Took
	} else {
		text += fmt.Sprintf(", before the kill %s", s.paint.bold(span(s.pace)))
	}
	return text + fmt.Sprintf(" (median of %d, slowest %s)", e.Samples, span(e.Worst))
}

// givesUp prints the first error of an outage as the caller of Lock sees it, and of the others only the cause.
func (s *story) givesUp(e demo.Event) string {
	why, ok := errors.AsType[*redlock.QuorumError](e.Err)
	if !ok {
		return fmt.Sprintf("%s gets no lock in %s: %v", s.name(e.Who), span(e.Took), e.Err)
	}
	cause := strings.TrimPrefix(why.Cause.Error(), "redlock: ")
	if s.full || !errors.Is(why, redlock.ErrNoQuorum) {
		return fmt.Sprintf("%s gets no lock in %s: %s", s.name(e.Who), span(e.Took), cause)
	}
	s.full = true
	text := strings.NewReplacer("; ", ";\n"+indent+"  ").Replace(e.Err.Error())
	return fmt.Sprintf("%s gets no lock in %s, and its error says why:\n%s%s", s.name(e.Who), span(e.Took), indent, text)
}

// name is a contender's name, in a colour of its own and as wide as the others.
func (s *story) name(who string) string {
	width, number := 0, 0
	for i, name := range s.cfg.Names {
		width = max(width, len(name))
		if name == who {
			number = i
		}
	}
	return s.paint.actor(number, fmt.Sprintf("%-*s", width, who))
}

func (s *story) verdict(results []demo.Result) {
	s.print("\n%s", s.paint.bold("What was seen, and what it proves."))
	failed := 0
	for _, r := range results {
		mark := s.paint.good("ok  ")
		if !r.OK() {
			mark = s.paint.bad("FAIL")
			failed++
		}
		s.print("  %s  %s (%s)", mark, r.Name, r.Saw)
		for _, p := range r.Problems {
			s.print("        %s", p)
		}
	}
	if demo.Passed(results) {
		s.print("\n%s  all %d checks", s.paint.good("pass"), len(results))
		return
	}
	s.print("\n%s  %d of %d checks", s.paint.bad("fail"), failed, len(results))
}

// span is a duration with as many digits as matter.
func span(d time.Duration) string {
	switch {
	case d.Abs() < 10*time.Millisecond:
		return fmt.Sprintf("%.2fms", ms(d))
	case d.Abs() < time.Second:
		return fmt.Sprintf("%.0fms", ms(d))
	default:
		return fmt.Sprintf("%.2fs", d.Seconds())
	}
}

func nodes(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	if len(words) == 1 {
		return "node " + words[0]
	}
	return "nodes " + list(words)
}

func are(numbers []int) string {
	if len(numbers) == 1 {
		return nodes(numbers) + " is"
	}
	return nodes(numbers) + " are"
}

func isAre(n int) string {
	if n == 1 {
		return "1 is"
	}
	return fmt.Sprintf("%d are", n)
}

func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
