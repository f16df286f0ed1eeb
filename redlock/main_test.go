package redlock

import (
	"context"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
)

// go-redis tells standard error of every connection that it cannot open; the tests break them by the dozen.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	os.Exit(m.Run())
}
