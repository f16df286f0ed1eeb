package cluster

import (
	"context"
	"fmt"
	"strings"
)

// Kind is what a node runs as.
type Kind string

const (
	// Docker nodes are containers: real Redis, a network of their own, killed as in production.
	Docker Kind = "docker"
	// Process nodes are redis-server children of this process: real Redis, nothing to install but Redis.
	Process Kind = "process"
	// Embedded nodes are miniredis inside this process: nothing to install, and no measure of latency.
	Embedded Kind = "embedded"
)

// ParseKind reads a kind as a user writes it, in any case.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(strings.ToLower(strings.TrimSpace(s))); k {
	case Docker, Process, Embedded:
		return k, nil
	}
	return "", fmt.Errorf("cluster: unknown kind of node %q: want docker, process or embedded", s)
}

// Best says which kind this machine can run, best first: Docker if an engine answers, else Process if
// redis-server is found, else Embedded, which always works. The string says why each better kind cannot
// run, on one line; it is empty for Docker. It takes at most two seconds.
func Best(ctx context.Context) (Kind, string) {
	_, err := engine(ctx)
	if err == nil {
		return Docker, ""
	}
	why := "docker: " + err.Error()
	if _, err := findRedis("redis-server"); err != nil {
		return Embedded, why + "; process: " + err.Error()
	}
	return Process, why
}
