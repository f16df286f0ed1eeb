package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// A service links a checkout as the README says, with the program that the README begins with, and it locks.
func TestReadmeProgramLinksACheckout(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	kind, why := cluster.Best(t.Context())
	t.Logf("nodes: %s (%s)", kind, why)
	c, err := cluster.Start(t.Context(), cluster.Spec{Kind: kind, Nodes: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	program := block(t, string(readme), "go", "package main")
	for i, addr := range c.Addrs() {
		documented := "127.0.0.1:710" + string(rune('1'+i))
		if !strings.Contains(program, documented) {
			t.Fatalf("got no %s in the README's program, want the ports of docker-compose.yml", documented)
		}
		program = strings.Replace(program, documented, addr, 1)
	}
	run := service(t, program, block(t, string(readme), "sh", "go mod edit -replace"))
	if got := run("go run ."); got != "shipping order 42\n" {
		t.Errorf("got %q from the README's program, want it to ship", got)
	}
	for _, dep := range strings.Fields(run("go list -deps .")) {
		for _, banned := range []string{"docker", "cobra", "toxiproxy", "miniredis"} {
			if strings.Contains(dep, banned) {
				t.Errorf("got a service that links %s", dep)
			}
		}
	}
}

// A service links a checkout, and its module for OpenTelemetry, as docs/metrics.md says, and locks by the line that it begins with.
func TestMetricsPageLinksACheckout(t *testing.T) {
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Start(t.Context(), cluster.Spec{Kind: cluster.Embedded, Nodes: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	unlock(t, lock(t, dial(t, c.Addrs(), redlock.Config{Fresh: true}), "any"))
	program := fmt.Sprintf(`package main

import (
	"context"
	"fmt"

	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/otelredlock"
)

func main() {
	addrs := %#v
	%s
	if err != nil {
		panic(err)
	}
	defer locker.Close()
	fmt.Println(locker.Do(context.Background(), "orders/42", func(context.Context, *redlock.Lease) error { return nil }))
}
`, c.Addrs(), block(t, string(page), "go", "otelredlock.Observer()"))
	run := service(t, program, block(t, string(page), "sh", "otelredlock=../quorumlock"))
	if got := run("go run ."); got != "<nil>\n" {
		t.Errorf("got %q from a service with the page's line, want that it locked", got)
	}
}

// service makes a module of a program that links this checkout by a page's commands, and returns how commands are run in it.
func service(t *testing.T, program, link string) (run func(script string) string) {
	t.Helper()
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	run = func(script string) string {
		t.Helper()
		command := exec.CommandContext(context.WithoutCancel(t.Context()), "sh", "-ec", script)
		command.Dir = dir
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		return string(out)
	}
	run("go mod init example.com/service")
	run(strings.ReplaceAll(link, "../quorumlock", checkout))
	return run
}

// block returns the first code block of the language that contains the text.
func block(t *testing.T, page, language, text string) string {
	t.Helper()
	for _, part := range strings.Split(page, "```"+language+"\n")[1:] {
		code, _, ok := strings.Cut(part, "```")
		if ok && strings.Contains(code, text) {
			return code
		}
	}
	t.Fatalf("got no %s block with %q", language, text)
	return ""
}
