package bench

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

// go-redis tells standard error of every connection that it cannot open.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// A run leaves no goroutine behind.
func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	goleak.VerifyTestMain(m)
}
