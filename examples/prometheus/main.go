// Command prometheus is a service that takes locks, and shows Prometheus how they go.
//
// It stands for a service of yours: what matters is in metrics.go, and the one line in main.go that gives the locker its
// observer.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/otelredlock"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "prometheus:", err)
		os.Exit(1)
	}
}

// run locks, and serves /metrics, until ctx ends. It writes one line to out, which says where.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("prometheus", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:9464", "`host:port` at which /metrics is served")
	nodes := flags.String("nodes", "127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103,127.0.0.1:7104,127.0.0.1:7105", "the Redis masters, with commas between")
	fresh := flags.Bool("fresh", false, "no lock can be held on the nodes yet: they need not wait before their first vote")
	ttl := flags.Duration("ttl", 10*time.Second, "how long a node keeps a grant that nobody extends")
	workers := flags.Int("workers", 8, "how many goroutines lock")
	if err := flags.Parse(args); err != nil {
		return err
	}

	metrics, err := newMetrics()
	if err != nil {
		return err
	}
	defer metrics.shutdown()
	locker, err := redlock.Dial(strings.Split(*nodes, ","), redlock.Config{
		TTL: *ttl, Fresh: *fresh,
		Observer: otelredlock.Observer(otelredlock.WithMeterProvider(metrics.provider)),
	})
	if err != nil {
		return err
	}
	defer locker.Close()

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := startWork(ctx, locker, *workers, *ttl)
	defer work.Wait()
	defer cancel(nil)

	mux := http.NewServeMux()
	mux.Handle("/metrics", metrics.handler)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	fmt.Fprintf(out, "metrics: http://%s/metrics\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
