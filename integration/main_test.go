// Package integration proves on real Redis containers what no unit test and no simulator can: that leases survive
// nodes that are killed, hang, lose their network or refuse, and that nothing stays behind.
//
// It needs a Docker engine; without one every test says so and skips, and with CI set it fails.
package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

// The suite as a whole leaves no goroutine behind: not of the library, not of a cluster.
func TestMain(m *testing.M) {
	redis.SetLogger(silence{}) // it tells of every connection that is refused
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(work(role))
	}
	// The parallel tests wait more than they work. Who gives -parallel has it all the same.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := closeShared(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}
