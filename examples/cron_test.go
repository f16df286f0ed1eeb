package examples

import (
	"fmt"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/child"
)

// At each tick one of three hosts runs the job, and no job begins while another runs, also after a host was killed; a host
// that comes late to every tick, when the job is done already, does not run it again.
func TestCron(t *testing.T) {
	s := newStage(t, "cron")
	for i, word := range s.shown {
		if word == "-c" { // a job that takes a while
			s.shown[i+1] = `echo $$ begins $TICK; sleep 0.2; echo $$ ends $TICK`
		}
	}
	hosts := []string{"a", "b", "c"}
	for _, name := range hosts {
		s.enter(name, "-every", "1s", "-ttl", "3s")
	}
	late := s.actors["b"].Process
	if err := child.Suspend(late); err != nil {
		t.Fatal(err)
	}
	ran := make(map[int64]bool)
	running := 0 // the process that runs the job
	ticks := func(want int) {
		seen := 0
		s.until(fmt.Sprint(want, " ticks with a run"), func(line string) bool {
			var pid int
			var what string
			var tick int64
			if _, err := fmt.Sscan(line, &pid, &what, &tick); err != nil {
				t.Fatalf("got the line %q", line)
			}
			switch {
			case what == "ends" && pid == running:
				running = 0
				seen++
				_ = child.Resume(late)
				time.Sleep(100 * time.Millisecond) // for it to find the tick's time gone by
				_ = child.Suspend(late)
			case what == "ends":
				t.Errorf("process %d ends, while %d runs", pid, running)
			case running != 0:
				t.Errorf("the job of tick %d begins while another runs", tick)
				fallthrough
			default:
				running = pid
				if ran[tick] {
					t.Errorf("tick %d has two runs", tick)
				}
				ran[tick] = true
			}
			return seen == want
		})
	}
	ticks(4)
	s.kill("a") // between two runs
	ticks(2)
	_ = child.Resume(late)
	s.interruptAll()
	if len(ran) < 6 {
		t.Errorf("got runs at %d ticks, want 6", len(ran))
	}
}
