package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/child"
)

// processNode is a redis-server child of this process, with a directory of its own.
type processNode struct {
	binary string
	dir    string // data/ and redis.log
	port   int
	args   []string
	clock  *Clock // nil: the machine's

	cmd    *exec.Cmd     // nil before the first start
	exited chan struct{} // closed by the goroutine that waits for cmd
}

func processFactory(ctx context.Context, spec Spec) (factory, error) {
	binary, err := findRedis("redis-server")
	if err != nil {
		return factory{}, err
	}
	dir, err := OwnedDir()
	if err != nil {
		return factory{}, err
	}
	library := ""
	if spec.Clocks {
		if library, err = buildClocks(ctx, dir); err != nil {
			return factory{}, errors.Join(err, os.RemoveAll(dir))
		}
	}
	return factory{
		make: func(port int) (backend, error) {
			p := &processNode{binary: binary, dir: filepath.Join(dir, strconv.Itoa(port)), port: port, args: spec.redisArgs()}
			err := os.Mkdir(p.dir, 0o700)
			if err != nil || library == "" {
				return p, err
			}
			p.clock, err = newClock(library, filepath.Join(p.dir, "clock"))
			return p, err
		},
		close: func() error { return os.RemoveAll(dir) },
	}, nil
}

// findRedis finds a Redis program on PATH, or in sbin, which the PATH of ordinary users often lacks.
func findRedis(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err == nil {
		return filepath.Abs(path)
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"} {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s not found: %w", program, exec.ErrNotFound)
}

func (p *processNode) start(ctx context.Context, mem Memory) error {
	data := p.data()
	if mem == Forget {
		if err := os.RemoveAll(data); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the child has its own

	args := append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(p.port), "--dir", data, "--daemonize", "no"}, p.args...)
	// Not CommandContext: the node outlives the call that starts it.
	p.cmd = exec.Command(p.binary, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	child.Bind(p.cmd)
	if p.clock != nil {
		p.cmd.Env = append(os.Environ(), p.clock.env()...)
	}
	if err := p.cmd.Start(); err != nil {
		p.cmd = nil
		return err
	}
	exited := make(chan struct{})
	p.exited = exited
	cmd := p.cmd
	go func() {
		_ = cmd.Wait() // killed, as a rule
		close(exited)
	}()
	if err := p.claim(ctx); err != nil {
		return errors.Join(err, p.kill(ctx))
	}
	return nil
}

// claim waits until the child itself answers on its port. A stranger who took the port would answer PING just
// as well while our child dies, hence the process id.
func (p *processNode) claim(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		pid, err := askPID(ctx, localAddr(p.port))
		if err == nil && pid == p.cmd.Process.Pid {
			return nil
		}
		select {
		case <-p.exited:
			return p.obituary()
		default:
		}
		if sleep(ctx, 2*time.Millisecond) != nil {
			return fmt.Errorf("redis-server does not answer: %w (last: %v)", ctx.Err(), err)
		}
	}
}

// obituary says why the child ended on its own, from the end of its log.
func (p *processNode) obituary() error {
	log, _ := os.ReadFile(p.logFile())
	tail := string(log[max(0, len(log)-1000):])
	if strings.Contains(tail, "Address already in use") || strings.Contains(tail, "Failed listening on port") {
		return fmt.Errorf("%w: %d", errPortTaken, p.port)
	}
	lines := strings.Split(strings.TrimSpace(tail), "\n")
	return fmt.Errorf("redis-server ended (%v): %s", p.cmd.ProcessState, lines[len(lines)-1])
}

func (p *processNode) kill(context.Context) error {
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.exited // SIGKILL cannot be refused, so this is not bounded
	return nil
}

func (p *processNode) pause(context.Context) error {
	err := child.Suspend(p.cmd.Process)
	if errors.Is(err, errors.ErrUnsupported) {
		err = fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return err
}

func (p *processNode) resume(context.Context) error { return child.Resume(p.cmd.Process) }

func (p *processNode) log(context.Context) (string, error) {
	log, err := os.ReadFile(p.logFile())
	return string(log), err
}

func (p *processNode) remove() error {
	err := p.kill(context.Background())
	if p.clock != nil {
		err = errors.Join(err, p.clock.close())
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}

func (p *processNode) logFile() string { return filepath.Join(p.dir, "redis.log") }
