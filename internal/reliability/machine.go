package main

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strings"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/machine"
)

// Machine is what a suite ran on: enough to compare, and nothing that says whose it is.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	System string `json:"system"`
	Go     string `json:"go"`
	Redis  string `json:"redis"`
	Docker string `json:"docker"`
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s, Redis %s, Docker %s", m.CPU, m.Cores, m.System, m.Go, m.Redis, m.Docker)
}

// thisMachine looks at the machine, and gets or builds the image that containers run.
func thisMachine(ctx context.Context, logf func(string, ...any)) (Machine, error) {
	m := Machine{CPU: cmp.Or(machine.CPU(), "unknown CPU"), Cores: runtime.NumCPU(), System: system(ctx), Go: runtime.Version()}
	var err error
	if m.Docker, err = ask(ctx, "docker", "version", "--format", "{{.Server.Version}}"); err != nil {
		return m, fmt.Errorf("a Docker engine is needed: %w", err)
	}
	image, err := cluster.Image(ctx, logf)
	if err != nil {
		return m, err
	}
	inside, err := ask(ctx, "docker", "run", "--rm", "--network", "none", image, "redis-server", "--version")
	if err != nil {
		return m, err
	}
	outside, err := ask(ctx, "redis-server", "--version")
	if err != nil {
		return m, fmt.Errorf("redis-server is needed: %w", err)
	}
	m.Redis = redisVersion(outside)
	if in := redisVersion(inside); in != m.Redis {
		m.Redis += " (in containers " + in + ")"
	}
	return m, nil
}

// ask returns what a command prints.
func ask(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

var redisSays = regexp.MustCompile(`v=([0-9.]+)`)

// redisVersion takes the number out of what redis-server --version prints.
func redisVersion(text string) string {
	if found := redisSays.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return "unknown"
}

// kernel takes the numbers off a kernel's release: what follows them may be anything.
var kernel = regexp.MustCompile(`^[A-Za-z]+ [0-9]+(\.[0-9]+)*`)

func system(ctx context.Context) string {
	text, _ := ask(ctx, "uname", "-sr")
	if text = kernel.FindString(text); text == "" {
		text = runtime.GOOS
	}
	return text + ", " + runtime.GOARCH
}
