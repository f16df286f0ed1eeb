//go:build unix

package runner

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// WatchdogVerb is how this program is called when it is to be the watchdog of a run. It is for nobody else.
const WatchdogVerb = "run-watchdog"

const (
	// orderFD is where the watchdog reads what it is told.
	orderFD = 3
	// look is how often clocks are looked at while timers may stand still, because the machine sleeps.
	look = 250 * time.Millisecond
)

// order is what a watchdog is told: whom to signal, with what, and when, if no other order comes before.
type order struct {
	Target int64 // as for kill(2): a process, or a group if it is negative
	Signal int64
	Boot   int64 // when, by both clocks in ns: the earlier one counts
	Wall   int64
}

func (o order) at() instant {
	return instant{boot: time.Duration(o.Boot), wall: time.Duration(o.Wall)}
}

// near reports whether two orders are the same but for what it takes to read the clocks.
func (o order) near(p order) bool {
	const little = int64(time.Millisecond)
	return o.Target == p.Target && o.Signal == p.Signal && max(o.Boot-p.Boot, p.Boot-o.Boot) < little && max(o.Wall-p.Wall, p.Wall-o.Wall) < little
}

// watchdog is a process of this program in a session of its own, which signals the command when this process does not go on
// in time, or is gone. A nil watchdog watches nobody.
type watchdog struct {
	pid   int
	pipe  *os.File
	ended bool // and was waited for
	told  order
}

// startWatchdog starts one that has not been told anything yet. Until it is, it does nothing.
func startWatchdog() (*watchdog, error) {
	path, err := self()
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	defer null.Close()
	pid, err := syscall.ForkExec(path, []string{"redlock", WatchdogVerb}, &syscall.ProcAttr{
		// Nothing of the environment: it needs no password, and shows none.
		Env:   []string{},
		Files: []uintptr{null.Fd(), null.Fd(), 2, orderFD: read.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return &watchdog{pid: pid, pipe: write}, nil
}

// tell gives it an order, unless it has it already. It reports whether there is a watchdog that hears.
func (w *watchdog) tell(o order) bool {
	if w.ended {
		return false
	}
	if o.near(w.told) {
		return true
	}
	// It reads faster than it is told. One that does not read is stopped, and must not stop us.
	_ = w.pipe.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if binary.Write(w.pipe, binary.LittleEndian, o) != nil {
		return false
	}
	w.told = o
	return true
}

// dismiss ends it, when there is nobody to watch any more. It has nothing to tidy up, and may not even have begun.
func (w *watchdog) dismiss() {
	if w == nil {
		return
	}
	if !w.ended {
		_ = unix.Kill(w.pid, unix.SIGKILL)
		await(w.pid)
		w.ended = true
	}
	// Not sooner: the end of the pipe has it strike.
	_ = w.pipe.Close()
}

// await waits for the end of a child.
func await(pid int) {
	for {
		if _, err := unix.Wait4(pid, nil, 0, nil); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// deaf are the signals that somebody could send to all that is called redlock, or to a whole session. The watchdog does not
// hear them: its end would leave the command without it.
var deaf = []os.Signal{
	unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGPIPE,
	unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU,
}

// Watchdog is what the watchdog does. It returns when it has signalled the command.
func Watchdog() error {
	signal.Ignore(deaf...)
	if err := unix.SetNonblock(orderFD, true); err != nil {
		return fmt.Errorf("no pipe: it is started by redlock run, and by nobody else: %w", err)
	}
	orders := os.NewFile(orderFD, "orders")
	defer orders.Close()
	return obey(orders, os.Stderr)
}

// obey carries out the last order when its time has come, or its giver is gone.
func obey(orders *os.File, tell io.Writer) error {
	var last order
	for {
		left := time.Hour
		if last != (order{}) {
			left = last.at().until(machineNow())
		}
		// What has come meanwhile is read also when it is late: it may say that all is well.
		_ = orders.SetReadDeadline(time.Now().Add(min(max(left, time.Millisecond), look)))
		var o order
		err := binary.Read(orders, binary.LittleEndian, &o)
		switch {
		case err == nil:
			last = o
		case !errors.Is(err, os.ErrDeadlineExceeded): // the end of the pipe: our parent has died
			return strike(last, tell, "redlock has died")
		case last != (order{}) && left <= 0:
			return strike(last, tell, "redlock does not go on, and its lease ends")
		}
	}
}

// strike signals the command.
func strike(o order, tell io.Writer, why string) error {
	if o == (order{}) {
		return nil // there was no command yet
	}
	err := unix.Kill(int(o.Target), syscall.Signal(o.Signal))
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s, and its command cannot be signalled: %w", why, err)
	}
	fmt.Fprintf(tell, "redlock: run: %s: %s to its command\n", why, SignalName(syscall.Signal(o.Signal)))
	return nil
}
