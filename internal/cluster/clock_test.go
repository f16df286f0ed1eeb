package cluster

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A node's clock steps and runs as it is told, also after a restart, and the others' do not.
func TestClocks(t *testing.T) {
	if _, err := exec.LookPath("cc"); runtime.GOOS != "linux" || err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("in CI nothing may skip: this takes Linux and a C compiler")
		}
		t.Skip("takes Linux and a C compiler")
	}
	if _, err := findRedis("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("in CI nothing may skip: ", err)
		}
		t.Skip(err)
	}
	c, err := Start(t.Context(), Spec{Kind: Process, Nodes: 2, Clocks: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	off := func(i int) time.Duration {
		client := redis.NewClient(&redis.Options{Addr: c.Addrs()[i]})
		defer client.Close()
		shown, err := client.Time(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		return time.Until(shown)
	}
	about := func(what string, got, want time.Duration) {
		t.Helper()
		if (got - want).Abs() > 2*time.Second {
			t.Errorf("%s: got a clock that is off by %v, want %v", what, got, want)
		}
	}
	clock := c.Node(0).Clock()
	about("at first", off(0), 0)
	if err := clock.Step(time.Minute); err != nil {
		t.Fatal(err)
	}
	about("a minute ahead", off(0), time.Minute)
	about("the other", off(1), 0)
	about("as we know it", time.Until(clock.Now()), time.Minute)
	if err := clock.Rate(100); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if err := clock.Rate(1); err != nil {
		t.Fatal(err)
	}
	if got := off(0); got < 69*time.Second {
		t.Errorf("got a clock that is off by %v after a tenth of a second at a hundred times its rate, want 70s", got)
	}
	ahead := off(0)
	if err := c.Node(0).Restart(t.Context(), Keep); err != nil {
		t.Fatal(err)
	}
	about("after a restart", off(0), ahead)
	if err := clock.Step(-3 * time.Minute); err != nil {
		t.Fatal(err)
	}
	about("back", off(0), ahead-3*time.Minute)
	if err := clock.Rate(-1); err == nil {
		t.Error("got a clock that runs backwards")
	}
	if _, err := Start(t.Context(), Spec{Kind: Embedded, Clocks: true}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v for embedded nodes, want ErrUnsupported", err)
	}
}
