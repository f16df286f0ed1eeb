package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/demo"
)

// --nodes takes a kind, a number, or both, and says what is wrong with anything else.
func TestNodesFlag(t *testing.T) {
	for _, c := range []struct {
		in   string
		want nodesFlag
		err  string
	}{
		{"docker", nodesFlag{cluster.Docker, 5}, ""},
		{"process:3", nodesFlag{cluster.Process, 3}, ""},
		{"Embedded:15", nodesFlag{cluster.Embedded, 15}, ""},
		{"7", nodesFlag{"", 7}, ""},
		{"", nodesFlag{}, "unknown kind"},
		{":3", nodesFlag{}, "unknown kind"},
		{"redis:3", nodesFlag{}, `unknown kind of node "redis": want docker, process or embedded`},
		{"docker:", nodesFlag{}, `"" is no number`},
		{"docker:3:3", nodesFlag{}, `"3:3" is no number`},
		{"docker:1", nodesFlag{}, "1 nodes: want 3 to 15"},
		{"docker:17", nodesFlag{}, "17 nodes: want 3 to 15"},
		{"-3", nodesFlag{}, "-3 nodes: want 3 to 15"},
		{"4", nodesFlag{}, "4 nodes: want an odd number"},
	} {
		f := nodesFlag{count: 5}
		err := f.Set(c.in)
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || f != nodesFlag{count: 5}):
			t.Errorf("%q: got %v, %v; want an error with %q and no change", c.in, f, err, c.err)
		case c.err == "" && (err != nil || f != c.want):
			t.Errorf("%q: got %v, %v; want %v", c.in, f, err, c.want)
		}
	}
}

// A check that failed shows in the text, in the JSON and in the one word of the verdict.
func TestAFailureShows(t *testing.T) {
	results := []demo.Result{{Name: "good", Samples: 1, Saw: "1 thing"}, {Name: "bad", Problems: []string{"broken at 1s"}}}
	var text, lines bytes.Buffer
	newStory(&watched{w: &text}, demo.Config{}).verdict(results)
	newLines(&lines).verdict(results)
	for _, want := range []string{"  ok    good (1 thing)", "  FAIL  bad", "        broken at 1s", "fail  1 of 2 checks"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got text %q, want %q in it", text.String(), want)
		}
	}
	for _, want := range []string{`"verdict":"fail"`, `"check":"bad","ok":false`, `"broken at 1s"`} {
		if !strings.Contains(lines.String(), want) {
			t.Errorf("got JSON %q, want %q in it", lines.String(), want)
		}
	}
}

// Every kind of event has words, or is left out on purpose.
func TestEveryEventHasWords(t *testing.T) {
	s := newStory(&watched{w: &bytes.Buffer{}}, demo.Config{Names: []string{"ann", "cy"}})
	for _, c := range []struct {
		event demo.Event
		want  string
	}{
		{demo.Event{Kind: demo.Starting}, ""},
		{demo.Event{Kind: demo.Ready, Took: time.Second, Nodes: []string{"x:1"}}, "the nodes answer, after 1.00s:\n           x:1"},
		{demo.Event{Kind: demo.Holds, Who: "cy", Key: "k", Fence: 7, Took: time.Millisecond}, "cy  holds k, fence 7, waited 1.00ms"},
		{demo.Event{Kind: demo.Clings, Who: "ann"}, "ann will not let go until told to stop"},
		{demo.Event{Kind: demo.Releases, Who: "ann"}, ""},
		{demo.Event{Kind: demo.Releases, Who: "ann", Err: errors.New("broken")}, "ann unlocks: broken"},
		{demo.Event{Kind: demo.Lost, Who: "ann", Key: "k", Spare: 20 * time.Millisecond, Err: errors.New("redlock: lease lost")},
			"ann is told: lease lost, 20ms before anybody else could have k"},
		{demo.Event{Kind: demo.GivesUp, Who: "ann", Took: time.Second, Err: errors.New("broken")}, "ann gets no lock in 1.00s: broken"},
		{demo.Event{Kind: demo.Killing, Numbers: []int{1, 2}}, "kill nodes 1 and 2"},
		{demo.Event{Kind: demo.Killed, Numbers: []int{1, 2, 3}, Count: 4}, "nodes 1, 2 and 3 are dead, 4 left"},
		{demo.Event{Kind: demo.Reviving, Numbers: []int{1}}, "start node 1 again, with what is on disk"},
		{demo.Event{Kind: demo.Revived, Numbers: []int{1}, Took: time.Second, Count: 3}, "node 1 is back after 1.00s, 3 up"},
		{demo.Event{Kind: demo.Alone, Act: 1, Took: time.Millisecond, Worst: 30 * time.Millisecond, Samples: 9, Count: 3},
			"a lock without competition took 1.00ms with 3 up (median of 9, slowest 30ms)"},
		{demo.Event{Kind: demo.Alone, Act: 2, Took: 2 * time.Millisecond, Worst: 30 * time.Millisecond, Samples: 9, Count: 2},
			"a lock without competition took 2.00ms with 2 up, before the kill 1.00ms (median of 9, slowest 30ms)"},
		{demo.Event{Kind: demo.Removing}, "remove the nodes"},
	} {
		if got := s.text(c.event); got != c.want {
			t.Errorf("%s: got %q, want %q", c.event.Kind, got, c.want)
		}
	}
}

// The first write that fails ends the play, with the reason.
func TestWatchedTellsOfAFailedWrite(t *testing.T) {
	var told error
	w := &watched{w: broken{}, fail: func(err error) { told = err }}
	if _, err := fmt.Fprint(w, "x"); err == nil || told != err {
		t.Errorf("got %v, told %v", err, told)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("nobody reads") }
