package chaos

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// The command that plays a run again has what was asked for and no default, and a shell reads the same words in it.
func TestCommand(t *testing.T) {
	scenario := &plan.Scenario{Name: "flap"}
	ugly := `it's "odd" $HOME *; ~ \ #` + "\n"
	for _, c := range []struct {
		cfg  Config
		want []string
	}{
		{Config{Kind: cluster.Embedded, Duration: time.Minute, Seed: 7},
			[]string{"--nodes", "embedded:5", "--seed", "7", "--duration", "1m"}},
		{Config{Kind: cluster.Process, Nodes: 3, Scenario: scenario, Duration: 90 * time.Minute, TTL: 2 * time.Second, Plain: true},
			[]string{"flap", "--nodes", "process:3", "--seed", "0", "--duration", "1h30m", "--mode", "plain"}},
		{Config{Kind: cluster.Docker, Scenario: scenario, File: ugly, Duration: time.Second, TTL: 1500 * ms, Lock: "broken-drift", Processes: 2, Contenders: 5, Loners: 7},
			[]string{"--scenario", ugly, "--nodes", "docker:5", "--seed", "0", "--duration", "1s", "--ttl", "1.5s", "--lock", "broken-drift",
				"--processes", "2", "--contenders", "5", "--loners", "7"}},
		{Config{Addrs: []string{"redis://user:secret@10.0.0.1:7", "[::1]:8", "node"}, Hooks: Hooks{Kill: `ssh "$REDLOCK_HOST" 'kill -9 $(cat pid)'`, Start: ugly}, Duration: time.Hour},
			[]string{"--addr", "redis://user:xxxxx@10.0.0.1:7,[::1]:8,node", "--kill-cmd", `ssh "$REDLOCK_HOST" 'kill -9 $(cat pid)'`, "--start-cmd", ugly,
				"--seed", "0", "--duration", "1h"}},
		{Config{Addrs: []string{"a:1"}, MaxTTL: time.Minute, Deployment: "two.words", Duration: time.Second},
			[]string{"--addr", "a:1", "--max-ttl", "1m", "--deployment", "two.words", "--seed", "0", "--duration", "1s"}},
		{Config{Addrs: []string{"a:1"}, Label: "role=lock node", Duration: time.Second},
			[]string{"--addr", "a:1", "--docker-label", "role=lock node", "--seed", "0", "--duration", "1s"}},
	} {
		cfg, err := c.cfg.Complete()
		if err != nil {
			t.Fatal(err)
		}
		r := &run{cfg: cfg, plan: &plan.Plan{Scenario: "flap"}, nodes: &nodes{}}
		if !cfg.own() {
			labelless := cfg
			labelless.Label = "" // there is no engine to be asked
			if r.nodes, err = labelless.open(t.Context(), false, nil); err != nil {
				t.Fatal(err)
			}
		}
		got := r.command()
		want := append([]string{"redlock", "chaos"}, c.want...)
		if words := shellWords(t, got); !slices.Equal(words, want) {
			t.Errorf("%s\ngot words %q\nwant      %q", got, words, want)
		}
	}
}

// shellWords returns the words that a shell reads in a command.
func shellWords(t *testing.T, command string) []string {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.Command(sh, "-c", `printf '%s\0' `+command)
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	var words []string
	for word := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		words = append(words, string(word))
	}
	return words
}

// A word is quoted if any shell could read more in it than is there.
func TestQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"": "''", "a-b_c./:,=@%+9Z": "a-b_c./:,=@%+9Z", "a b": "'a b'", "it's": `'it'\''s'`, "[::1]:1": "'[::1]:1'", "ü": "'ü'", "a\nb": "'a\nb'",
	} {
		if got := quoted(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// Durations and faults are written as a reader would.
func TestShortWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 1500 * ms: "1.5s", 30 * time.Second: "30s", time.Minute: "1m", 10 * time.Minute: "10m", 90 * time.Second: "1m30s",
		time.Hour: "1h", 20 * time.Hour: "20h", 70 * time.Minute: "1h10m", time.Hour + time.Second: "1h0m1s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
	for want, s := range map[string]plan.Strike{
		"1.00s  kill: nodes 1 and 3 for 2s":               {At: time.Second, Until: 3 * time.Second, Fault: fault.Kill{Memory: cluster.Keep}, Nodes: []int{0, 2}},
		"12.50s  flush: node 2":                           {At: 12500 * ms, Until: 12500 * ms, Fault: fault.Flush{}, Nodes: []int{1}},
		"0.00s  freeze a client that holds a lock for 1s": {Until: time.Second, Fault: fault.Freeze{}},
	} {
		if got := strings.TrimSpace(strikeText(s)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for n, want := range map[int]string{0: "0 faults", 1: "1 fault", 999: "999 faults", 1234: "1 234 faults", -1234567: "-1 234 567 faults", -123: "-123 faults"} {
		if got := numbered(n, "fault"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for d, want := range map[time.Duration]string{12345: "0.01 ms", 1234567: "1.23 ms", 12345678: "12.3 ms", 123456789: "123 ms", 12345678901: "12.3 s"} {
		if got := millis(d); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
