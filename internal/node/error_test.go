package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Every error that a Redis answers with is told as it is, and takes the lane down only where the node as a whole gives
// no service.
func TestServerErrors(t *testing.T) {
	for reply, want := range map[string]struct{ permanent, away bool }{
		"-NOAUTH Authentication required.":                                        {permanent: true},
		"-WRONGPASS invalid username-password pair":                               {permanent: true},
		"-NOPERM this user has no permissions":                                    {permanent: true},
		"-WRONGTYPE Operation against a key holding the wrong kind of value":      {permanent: true},
		"-ERR Error running script (call to f_0): @user_script:16: WRONGTYPE Bad": {permanent: true},
		"-MOVED 3999 127.0.0.1:6381":                                              {permanent: true},
		"-READONLY You can't write against a read only replica.":                  {},
		"-OOM command not allowed when used memory > 'maxmemory'.":                {},
		"-MISCONF Redis is configured to save RDB snapshots":                      {},
		"-NOREPLICAS Not enough good replicas to write.":                          {},
		"-LOADING Redis is loading the dataset in memory":                         {away: true},
		"-BUSY Redis is busy running a script.":                                   {away: true},
		"-MASTERDOWN Link with MASTER is down":                                    {away: true},
		"$5\r\nhello":                                                             {away: true}, // garbage
		"*2\r\n:1\r\n:2":                                                          {away: true}, // of the wrong length
		"*3\r\n:1\r\n+a\r\n:3":                                                    {away: true}, // of the wrong type
		"%garbage":                                                                {away: true},
		"":                                                                        {away: true}, // the connection is closed
	} {
		s := serve(t, func([]string) string { return reply })
		n := dial(t, s.addr, config(true))
		r := ask(t, n, grant("a"))
		why, ok := r.Err.(*Error)
		if !ok || r.Yes {
			t.Errorf("%q: got %+v, want an error", reply, r)
			continue
		}
		down, _ := n.lane.state()
		if why.Permanent != want.permanent || (down != nil) != want.away {
			t.Errorf("%q: got %q, permanent %v, down %v; want %+v", reply, why, why.Permanent, down != nil, want)
		}
		said, _, _ := strings.Cut(why.Error(), " (") // what to do about it stands behind it
		if strings.HasPrefix(reply, "-") && !strings.HasSuffix(reply, said) {
			t.Errorf("got %q, want what the server said, %q", why, reply[1:])
		}
	}
}

// No error of a node matches the end of a context: it was not the caller's.
func TestErrorsAreNotTheCallersContext(t *testing.T) {
	dialing := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for want, err := range map[string]error{
		"no answer within 1s":         context.DeadlineExceeded,
		"client closed":               fmt.Errorf("get: %w", context.Canceled),
		"connect: connection refused": fmt.Errorf("dial: %w", dialing),
	} {
		got := explain(err, time.Second)
		if got.Error() != want || !got.away {
			t.Errorf("got %q for %v, want %q", got, err, want)
		}
		if errors.Is(got, context.DeadlineExceeded) || errors.Is(got, context.Canceled) {
			t.Errorf("got %q, which matches a context's end", got)
		}
	}
	late := explain(&net.OpError{Op: "dial", Err: context.DeadlineExceeded}, time.Second)
	if errors.Is(late, context.DeadlineExceeded) || !errors.Is(late, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want it to match os.ErrDeadlineExceeded only", late)
	}
	if got := explain(redis.ErrPoolTimeout, time.Second); !errors.Is(got, os.ErrDeadlineExceeded) {
		t.Errorf("got %v for a pool that had no connection in time", got)
	}
}
