package examples

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/quorumlock/quorumlock/internal/child"
	"github.com/quorumlock/quorumlock/redlock"
)

// One process leads at a time and nobody else works; when it is killed, another one leads, and when it is interrupted,
// too; when all have been interrupted the lead is free.
func TestLeader(t *testing.T) {
	s := newStage(t, "leader")
	for _, name := range []string{"a", "b", "c"} {
		s.enter(name, "-name", name, "-ttl", "3s", "-every", "50ms")
	}
	var leader string
	var fence uint64
	worked := 0
	see := func(line string) {
		name, what, _ := strings.Cut(line, " ")
		var next uint64
		switch {
		case what == "works":
			worked++
			if name != leader {
				t.Errorf("%s works while the leader is %q", name, leader)
			}
		case what == "leads no more":
			if name != leader {
				t.Errorf("%s leads no more while the leader is %q", name, leader)
			}
			leader = ""
		default:
			if _, err := fmt.Sscanf(what, "leads, fence %d", &next); err != nil {
				t.Fatalf("got the line %q", line)
			}
			if _, lives := s.actors[leader]; lives {
				t.Errorf("%s leads while %s does", name, leader)
			}
			if next <= fence {
				t.Errorf("%s leads with fence %d, after %d", name, next, fence)
			}
			leader, fence, worked = name, next, 0
		}
	}
	another := func(than string) func(line string) bool {
		return func(line string) bool {
			see(line)
			return leader != "" && leader != than && worked > 3
		}
	}
	s.until("somebody to lead", another(""))
	killed := leader
	s.kill(killed)
	s.until("another one to lead after "+killed+" was killed", another(killed))
	interrupted := leader
	s.interrupt(interrupted, syscall.SIGTERM)
	s.until("the last one to lead", another(interrupted))
	s.interruptAll()
	s.free("leader", redlock.Config{})
}

// A leader that was stopped until another one led does not work any more when it goes on.
func TestStoppedLeaderDoesNotWork(t *testing.T) {
	s := newStage(t, "leader")
	for _, name := range []string{"a", "b"} {
		s.enter(name, "-name", name, "-ttl", "1s", "-every", "5ms")
	}
	leader := ""
	leads := func(than string) func(line string) bool {
		return func(line string) bool {
			name, what, _ := strings.Cut(line, " ")
			if strings.HasPrefix(what, "leads, ") {
				leader = name
			}
			return leader != "" && leader != than
		}
	}
	s.until("somebody to lead", leads(""))
	for range 8 {
		stopped := leader
		if err := child.Suspend(s.actors[stopped].Process); err != nil {
			t.Fatal(err)
		}
		s.until("another one to lead while "+stopped+" is stopped", leads(stopped))
		if err := child.Resume(s.actors[stopped].Process); err != nil {
			t.Fatal(err)
		}
		s.until(stopped+" to notice", func(line string) bool {
			if line == stopped+" works" {
				t.Errorf("%s works while %s leads", stopped, leader)
			}
			return line == stopped+" leads no more"
		})
	}
	s.interruptAll()
}
