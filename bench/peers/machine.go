package main

import (
	"os"
	"regexp"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine is what a run ran on: enough to compare, and nothing that says whose it is.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	System string `json:"system"`
	Go     string `json:"go"`
	Redis  string `json:"redis"`
}

func thisMachine(redis string) Machine {
	return Machine{CPU: cpuModel(), Cores: runtime.NumCPU(), System: system(), Go: runtime.Version(), Redis: redis}
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // Linux only
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown " + runtime.GOARCH
}

// version takes the numbers off a kernel's release: what follows them may be anything.
var version = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*`)

func system() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return runtime.GOOS + "/" + runtime.GOARCH
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + version.FindString(unix.ByteSliceToString(u.Release[:])) + ", " + runtime.GOARCH
}
