package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// This test binary is also a worker process, when these say so.
const (
	roleVariable = "QUORUMLOCK_INTEGRATION_ROLE"
	taskVariable = "QUORUMLOCK_INTEGRATION_TASK"
)

// task is what a worker is told; its role says which fields matter.
type task struct {
	Addrs  []string
	TTL    time.Duration // and MaxTTL
	Key    string
	Dir    string // of the witness, or the file of a diary
	Cycles uint64 // that all workers together are to do

	Storage string        // the address of a Register
	Worker  int           // by which it knows this one
	For     time.Duration // how long to go on

	NodeTimeout time.Duration // 0: as patient says
	Late        bool          // there were lockers before, so that the nodes are not new
}

// worker starts another process of this test binary. Its standard output is the process's pipe; what it says on
// standard error is the test's.
func worker(t *testing.T, role string, job task) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, taskVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	return cmd
}

// work is the worker process. It returns its exit code.
func work(role string) int {
	var job task
	err := json.Unmarshal([]byte(os.Getenv(taskVariable)), &job)
	var l *redlock.Locker
	if err == nil {
		cfg := patient(redlock.Config{TTL: job.TTL, MaxTTL: job.TTL, NodeTimeout: job.NodeTimeout})
		cfg.Fresh = !job.Late
		l, err = redlock.Dial(job.Addrs, cfg)
	}
	if err == nil {
		switch role {
		case "cycles":
			err = cycles(l, job)
		case "count":
			err = count(l, job)
		case "holder":
			err = hold(l, job)
		case "turns":
			err = turns(l, job)
		case "waits":
			err = waits(l, job)
		default:
			err = fmt.Errorf("unknown role %q", role)
		}
		_ = l.Close()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "worker %d: %v\n", os.Getpid(), err)
		return 1
	}
	return 0
}

// cycles locks and unlocks until all workers together have done what is to be done, and prints how often it did.
func cycles(l *redlock.Locker, job task) error {
	for mine := 0; ; mine++ {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		lease, err := l.Lock(ctx, job.Key)
		cancel()
		if err != nil {
			return err
		}
		done, err := witness(job.Dir, lease.Fence(), job.Cycles)
		if err == nil {
			err = lease.Err()
		}
		if unlocked := lease.Unlock(context.Background()); err == nil {
			err = unlocked
		}
		if done || err != nil {
			fmt.Println(mine)
			return err
		}
	}
}

// witness is what may never happen twice at a time. It fails when somebody else is in it (a file that must not exist
// yet), when a cycle of somebody else's got lost between reading and writing the count, or when the fence is not larger
// than the one before. It reports whether enough cycles are done.
func witness(dir string, fence, enough uint64) (done bool, err error) {
	inside, err := os.OpenFile(dir+"/inside", os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false, errors.New("two holders at a time")
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, inside.Close(), os.Remove(inside.Name())) }()
	var count, last uint64
	text, err := os.ReadFile(dir + "/count")
	if err == nil {
		_, err = fmt.Sscan(string(text), &count, &last)
	}
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, err
	case fence <= last:
		return false, fmt.Errorf("got fence %d after %d", fence, last)
	case count >= enough:
		return true, nil
	}
	return false, os.WriteFile(dir+"/count", fmt.Appendf(nil, "%d %d", count+1, fence), 0o600)
}

// hold locks, prints the fence, and then answers every line on standard input with what the lease's Err is.
func hold(l *redlock.Locker, job task) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	lease, err := l.Lock(ctx, job.Key)
	if err != nil {
		return err
	}
	fmt.Println(lease.Fence())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		switch err := lease.Err(); {
		case err == nil:
			fmt.Println("held")
		case errors.Is(err, redlock.ErrLost):
			fmt.Println("lost")
		default:
			fmt.Println(err)
		}
	}
	return nil
}

// turns locks, prints the fence, and unlocks when it is told something, again and again. A lock that was lost is none of
// its business.
func turns(l *redlock.Locker, job task) error {
	for lines := bufio.NewScanner(os.Stdin); ; {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		lease, err := l.Lock(ctx, job.Key)
		cancel()
		if err != nil {
			return err
		}
		fmt.Println(lease.Fence())
		if !lines.Scan() {
			return lines.Err()
		}
		_ = lease.Unlock(context.Background())
	}
}

// number reads a number that a worker has printed.
func number(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil {
		t.Fatalf("a worker printed %q: %v", text, err)
	}
	return n
}
