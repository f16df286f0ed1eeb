package runner

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// holding is a run whose command has been started.
type holding struct {
	*Run
	command *command
	course  Course
	since   time.Time
	signals chan os.Signal

	lost bool // the lease, while anything of the command was left
	rest bool // the command has ended, and left something behind, and that was told
}

// hold runs the command under the lease, and returns when nothing of it is left.
func (r *Run) hold(signals chan os.Signal) Outcome {
	// The kernel takes the death of the thread that has started the command for ours.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	signal.Notify(signals, forwarded()...)
	onDeath := syscall.SIGKILL
	switch r.spec.OnLost {
	case Signal:
		onDeath = r.spec.Signal
	case Warn:
		onDeath = 0
	}
	c, err := start(r.path, r.spec.Argv, r.environment(), r.spec.Foreground, onDeath, r.guard)
	if err != nil {
		code := CodeFailed
		if why, ok := errors.AsType[*startError](err); ok {
			code = why.code
		}
		return Outcome{code, err}
	}
	h := &holding{Run: r, command: c, course: NewCourse(r.spec.Plan, r.spec.OnLost), since: time.Now(), signals: signals}
	h.attend()
	c.close()
	return h.outcome()
}

// attend does what is to be done until nothing of the command is left.
func (h *holding) attend() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var looked time.Time // thoroughly
	for {
		next := h.step()
		pause := max(0, next-time.Since(h.since))
		timer.Reset(min(pause, look))
		select {
		case <-timer.C:
		case <-h.notes.stir:
			h.tellNews()
		case <-h.command.children:
		case s := <-h.signals:
			h.forward(s.(syscall.Signal))
		}
		thorough := h.command.ended && time.Since(looked) >= look // it takes a while
		if thorough {
			looked = time.Now()
		}
		if by := h.command.look(thorough); by != 0 {
			h.suspended(by)
		}
		if h.command.gone {
			h.lost = h.lost || errors.Is(h.lease.Err(), redlock.ErrLost)
			return
		}
		h.tellEnd()
	}
}

// guard has the command killed if this process does not go on while the lease has so much left as now.
func (r *Run) guard(c *command) error {
	at := machineNow() // before the lease is asked: what time goes by in between is on the safe side
	return c.guard(r.lease.Left()-r.spec.Plan.Backstop(), at)
}

// step does what the course says, and returns when it wants to be asked again.
func (h *holding) step() time.Duration {
	if err := h.guard(h.command); err != nil {
		h.warn("%v", err)
	}
	now, left := time.Since(h.since), h.lease.Left()
	move, next := h.course.Step(now, left)
	switch move {
	case Alert:
		h.warn("the lease of %q is lost%s; the command runs on without it", h.spec.Key, h.why(left))
	case Ask:
		h.warn("the lease of %q cannot be kept, and is over%s%s: SIG%s to the command", h.spec.Key, in(left), h.why(left), SignalName(h.spec.Signal))
		h.command.send(h.spec.Signal)
		if h.spec.OnLost == Signal {
			h.command.unguard() // it has had its signal
		}
	case Finish:
		h.command.send(syscall.SIGKILL)
		h.warn("SIGKILL to the command, %s", before(left))
	}
	return next
}

// in says when a lease is over of which so much is left; nothing where it is over already.
func in(left time.Duration) string {
	if left <= 0 {
		return ""
	}
	return fmt.Sprintf(" in %v", round(left))
}

// before says the same of what was done about it.
func before(left time.Duration) string {
	if left <= 0 { // as when somebody has stopped redlock for long
		return "after its lease was over"
	}
	return fmt.Sprintf("%v before its lease is over", round(left))
}

// why says what has become of a lease of which so much is left.
func (h *holding) why(left time.Duration) string {
	held := time.Since(h.won)
	if bound := h.spec.MaxHold; bound > 0 && held+left >= bound-h.spec.Plan.Margin {
		return fmt.Sprintf(" (held for %v, of at most %v)", round(held), bound)
	}
	if against := h.notes.against(); against != "" {
		return " (" + against + ")"
	}
	return ""
}

// forward passes a signal on to the command.
func (h *holding) forward(s syscall.Signal) {
	if h.spec.Foreground && fromKeyboard(s) && h.command.hears() {
		h.command.heard(s)
		return
	}
	h.command.send(s)
}

// suspended is told that the command has stopped.
func (h *holding) suspended(by syscall.Signal) {
	if h.spec.Foreground || !h.command.suspends(by) {
		return
	}
	if h.spec.OnLost == Kill {
		h.warn("stopped with the command, which is killed unless both go on within %v", round(h.lease.Left()-h.spec.Plan.Backstop()))
	}
	h.command.suspend()
}

// tellEnd tells once that the command has left something behind.
func (h *holding) tellEnd() {
	if h.command.ended && !h.rest {
		h.rest = true
		h.tell("the command has ended, and its process group has not: the key is kept until that is gone")
	}
}

func (h *holding) outcome() Outcome {
	h.tell("the command has ended after %v, with %d", round(time.Since(h.since)), h.command.code())
	switch {
	case h.spec.OnLost == Warn:
		return Outcome{Code: h.command.code()}
	case h.lost || h.course.Begun():
		return Outcome{CodeLost, fmt.Errorf("the lease of %q could not be kept%s; the command ended with %d", h.spec.Key, h.why(h.lease.Left()), h.command.code())}
	default:
		return Outcome{Code: h.command.code()}
	}
}
