package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cpu returns what the first so many nodes' processes have used of the processor together, user and system time, by their
// own word.
func (n *nodes) cpu(ctx context.Context, count int) (time.Duration, error) {
	var total time.Duration
	for _, c := range n.clients[:count] {
		info, err := c.Info(ctx, "cpu").Result()
		if err != nil {
			return 0, err
		}
		for _, name := range []string{"used_cpu_sys:", "used_cpu_user:"} {
			_, after, _ := strings.Cut(info, "\n"+name)
			text, _, _ := strings.Cut(after, "\r")
			seconds, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return 0, fmt.Errorf("INFO cpu: %q is no time", text)
			}
			total += time.Duration(seconds * float64(time.Second))
		}
	}
	return total, nil
}
