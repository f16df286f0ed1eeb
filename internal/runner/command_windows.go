package runner

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// WatchdogVerb is how this program is called when it is to be the watchdog of a run, where there is one.
const WatchdogVerb = "run-watchdog"

// ExecVerb is how this program is called when it is to become the command of a run, where that is done.
const ExecVerb = "run-exec"

// look is how often the clock is looked at while timers may stand still, because the machine sleeps.
const look = 250 * time.Millisecond

// Watchdog fails: Windows has none.
func Watchdog() error { return errors.ErrUnsupported }

// Exec fails: no process becomes another one on Windows.
func Exec([]string) int { return CodeFailed }

// instant is of no use here.
type instant struct{}

func machineNow() instant { return instant{} }

// command is the command that runs, without what it has started: that is not known.
type command struct {
	process  *os.Process
	children chan os.Signal
	over     chan *os.ProcessState
	state    *os.ProcessState

	ended, gone bool
}

// start starts a command. Nothing ends it when this process dies.
func start(path string, argv, env []string, _ bool, _ syscall.Signal, _ func(*command) error) (*command, error) {
	cmd := &exec.Cmd{Path: path, Args: argv, Env: env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if err := cmd.Start(); err != nil {
		code := CodeCannotRun
		if errors.Is(err, fs.ErrNotExist) {
			code = CodeNotFound
		}
		return nil, &startError{code, err}
	}
	c := &command{process: cmd.Process, children: make(chan os.Signal, 1), over: make(chan *os.ProcessState, 1)}
	go func() {
		_ = cmd.Wait()
		c.over <- cmd.ProcessState
		c.children <- syscall.Signal(0)
	}()
	return c, nil
}

func (c *command) guard(time.Duration, instant) error { return nil }

// send ends the command where the signal is one that does. The console has told it of ^C itself.
func (c *command) send(s syscall.Signal) {
	if !c.ended && (s == syscall.SIGTERM || s == syscall.SIGKILL) {
		_ = c.process.Kill()
	}
}

func (c *command) look(bool) syscall.Signal {
	select {
	case c.state = <-c.over:
		c.ended, c.gone = true, true
	default:
	}
	return 0
}

func (c *command) unguard() {}

func (c *command) suspends(syscall.Signal) bool { return false }

func (c *command) suspend() {}

// hears reports that the console tells everybody of ^C.
func (c *command) hears() bool { return true }

func (c *command) heard(syscall.Signal) {}

func (c *command) code() int { return c.state.ExitCode() }

func (c *command) close() {}
