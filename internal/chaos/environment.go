package chaos

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/access"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/machine"
)

// Environment is what a run was played on.
type Environment struct {
	Kind    cluster.Kind `json:"kind,omitempty"` // of nodes that the run brought; empty: they were there
	Nodes   string       `json:"nodes"`          // the same in words
	Redis   string       `json:"redis"`          // version; several when they differ
	Cores   int          `json:"cores"`
	CPU     string       `json:"cpu,omitempty"`
	OS      string       `json:"os"`
	Arch    string       `json:"arch"`
	Go      string       `json:"go"`
	Version string       `json:"version"` // of this module
}

func (r *run) environment() Environment {
	var versions []string
	for _, n := range r.health.Nodes {
		if n.Version != "" {
			versions = append(versions, n.Version)
		}
	}
	slices.Sort(versions)
	return Environment{
		Kind: r.nodes.kind, Nodes: r.nodes.name(), Redis: strings.Join(slices.Compact(versions), ", "),
		Cores: runtime.NumCPU(), CPU: machine.CPU(), OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(),
		Version: machine.Build(),
	}
}

// command returns the command that plays the same again: the same plan, on nodes of the same kind. When what happens
// among clients is left to them.
func (r *run) command() string {
	words := []string{"redlock", "chaos"}
	cfg := r.cfg
	switch {
	case cfg.Scenario == nil:
	case cfg.File != "":
		words = append(words, "--scenario", quoted(cfg.File))
	default:
		words = append(words, r.plan.Scenario)
	}
	switch {
	case cfg.own():
		words = append(words, "--nodes", fmt.Sprintf("%s:%d", cfg.Kind, cfg.Nodes))
	case len(cfg.Given) == 0:
		cfg.Given = access.Settings{Addrs: cfg.Addrs}.Words()
		fallthrough
	default:
		for _, word := range cfg.Given {
			words = append(words, quoted(word))
		}
	}
	for _, flag := range []struct {
		name, value string
		said        bool
	}{
		{"--kill-cmd", quoted(cfg.Hooks.Kill), cfg.Hooks.Kill != ""},
		{"--start-cmd", quoted(cfg.Hooks.Start), cfg.Hooks.Start != ""},
		{"--docker-label", quoted(cfg.Label), cfg.Label != ""},
		{"--max-ttl", short(cfg.MaxTTL), cfg.MaxTTL != 0},
		{"--deployment", quoted(cfg.Deployment), cfg.Deployment != ""},
		{"--seed", fmt.Sprint(cfg.Seed), true},
		{"--duration", short(cfg.Duration), true},
		{"--ttl", short(cfg.TTL), cfg.TTL != defaultTTL},
		{"--mode", "plain", cfg.Plain},
		{"--lock", cfg.Lock, cfg.Lock != ""},
		{"--processes", fmt.Sprint(cfg.Processes), cfg.Processes != defaultProcesses},
		{"--contenders", fmt.Sprint(cfg.Contenders), cfg.Contenders != defaultContenders},
		{"--loners", fmt.Sprint(cfg.Loners), cfg.Loners != defaultLoners},
	} {
		if flag.said {
			words = append(words, flag.name, flag.value)
		}
	}
	return strings.Join(words, " ")
}

// quoted makes one word of s for a shell.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:,=@%+", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// short writes a duration without the zeros at its end: 1m for 1m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// strikeText is one fault of a plan, in words.
func strikeText(s plan.Strike) string {
	text := fmt.Sprintf("%7.2fs  %s", s.At.Seconds(), s.Fault)
	if len(s.Nodes) == 0 {
		text += " a client that holds a lock"
	} else {
		text += ": " + history.NodeNames(s.Nodes)
	}
	if s.Until > s.At {
		text += " for " + short(s.Until-s.At)
	}
	return text
}
