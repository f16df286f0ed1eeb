// Package handbook reads the pages that people read, and has everything in them that can be run run: no command and no
// piece of code stands in a page that nobody has tried.
//
// A block of a page is judged by its language (judge_test.go). What cannot be run here, because it takes ssh, minutes or
// a service of its own, is claimed by a test somewhere else, by a line of the table in claims_test.go.
package handbook

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
)

// standIn names the program that this one stands in for, when a page's commands run it.
const standIn = "HANDBOOK_STANDS_IN_FOR"

func TestMain(m *testing.M) {
	if name := os.Getenv(standIn); name != "" {
		if err := stand(name, os.Args[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "handbook: %s: %v\n", name, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	redis.SetLogger(silence{}) // it tells of every connection that is refused
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}
