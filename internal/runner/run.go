package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// Spec is what to run, and how.
type Spec struct {
	Key  string
	Argv []string // the command and its arguments

	NoWait   bool          // give up at once if somebody else has the key
	Wait     time.Duration // give up after it; 0 means never
	Conflict int           // what to exit with then

	TTL     time.Duration
	MaxHold time.Duration // how long the key is held at most; 0 means no bound
	Plan    Plan          // for that TTL
	OnLost  OnLost
	Signal  syscall.Signal // asks the command to end

	// Foreground leaves the command in our own process group: it shares the terminal with us as if we were not there, and
	// only the command itself is signalled, and waited for.
	Foreground bool

	// Warn takes lines about what goes wrong while the command runs, Tell those that are for whoever wants to know more.
	Warn, Tell func(line string)
}

// Run is one run of a command. Make one with [New]; it is used by one goroutine.
type Run struct {
	spec   Spec
	path   string
	notes  *notes
	began  time.Time // to wait
	won    time.Time // when the lease was there
	locker *redlock.Locker
	lease  *redlock.Lease
}

// New returns a run of what s says, on nodes that are called by addrs in what it tells. The outcome is of a command that
// cannot be found, or executed: then there is no run, and nobody was asked for the key.
func New(s Spec, addrs []string) (*Run, *Outcome) {
	path, err := exec.LookPath(s.Argv[0])
	if errors.Is(err, exec.ErrDot) { // as execvp(3) does, too
		err = nil
	}
	if err != nil {
		code := CodeCannotRun
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			code = CodeNotFound
		}
		why := err
		if inner, ok := errors.AsType[*exec.Error](err); ok {
			why = inner.Err
		}
		if inner, ok := errors.AsType[*fs.PathError](why); ok {
			why = inner.Err
		}
		return nil, &Outcome{code, fmt.Errorf("%s: %w", s.Argv[0], why)}
	}
	return &Run{spec: s, path: path, notes: newNotes(addrs)}, nil
}

// Observer is for the Config of the locker that the run is given.
func (r *Run) Observer() *redlock.Observer { return &redlock.Observer{Answered: r.notes.answered} }

// On runs the command under a lock of locker, which it closes, and returns when nothing of the command is left, and nothing
// of the lock on nodes that can be reached.
func (r *Run) On(locker *redlock.Locker) Outcome {
	r.locker, r.began = locker, time.Now()
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, ending()...)
	lease, outcome := r.wait(signals)
	if lease != nil {
		r.lease, r.won = lease, time.Now()
		outcome = r.under(signals)
	}
	// Whoever sends another signal now does not want to wait for us to tidy up.
	signal.Stop(signals)
	if err := locker.Close(); err != nil {
		r.tell("%v", err)
	}
	return outcome
}

// under starts the command, holds the lease while anything is left of it, and gives the lease back.
func (r *Run) under(signals chan os.Signal) Outcome {
	outcome := r.ready(signals)
	if outcome == nil {
		o := r.hold(signals)
		outcome = &o
	}
	began := time.Now()
	switch err := r.lease.Unlock(context.Background()); {
	case err == nil:
		r.tell("gave the key back in %v", round(time.Since(began)))
	case !errors.Is(err, redlock.ErrLost):
		r.tell("%v", err)
	}
	return *outcome
}

// environment is the command's: ours, and what there is to know about the lease.
func (r *Run) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		// Of a run around this one.
		return strings.HasPrefix(v, "REDLOCK_FENCE=")
	})
	env = append(env,
		"REDLOCK_KEY="+r.lease.Key(),
		"REDLOCK_OWNER="+r.lease.Owner(),
		"REDLOCK_VALID_UNTIL="+time.Now().Add(r.lease.Left()).UTC().Format("2006-01-02T15:04:05.000000000Z07:00"))
	if fence := r.lease.Fence(); fence != 0 {
		env = append(env, "REDLOCK_FENCE="+strconv.FormatUint(fence, 10))
	}
	// The last of several with one name counts, but not for everybody who reads them.
	return lastOfEach(env)
}

func lastOfEach(env []string) []string {
	last := make(map[string]int, len(env))
	for i, v := range env {
		name, _, _ := strings.Cut(v, "=")
		last[name] = i
	}
	kept := env[:0]
	for i, v := range env {
		if name, _, _ := strings.Cut(v, "="); last[name] == i {
			kept = append(kept, v)
		}
	}
	return kept
}

func (r *Run) tell(format string, args ...any) { r.spec.Tell(fmt.Sprintf(format, args...)) }

func (r *Run) warn(format string, args ...any) { r.spec.Warn(fmt.Sprintf(format, args...)) }

// tellNews tells what the nodes have said since it was told last.
func (r *Run) tellNews() {
	for _, line := range r.notes.take() {
		r.spec.Tell(line)
	}
}

// startError is why a command could not be started, and what to exit with.
type startError struct {
	code int
	err  error
}

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }
