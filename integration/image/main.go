// Command image makes sure that the Docker engine has a Redis image, and prints its name on stdout.
// Progress goes to stderr. See cluster.Image for how it chooses.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	name, err := cluster.Image(ctx, func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "image: "+format+"\n", args...)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(name)
}
