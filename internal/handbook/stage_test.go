package handbook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// built is where the command is, built once.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// binary returns the path of the command redlock.
func binary() (string, error) {
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "handbook"); built.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", filepath.Join(built.dir, "redlock"), "./cmd/redlock")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	return filepath.Join(built.dir, "redlock"), built.err
}

// real are the programs that a page may use as they are. Whatever else a page runs is not found: pages talk of rm and sudo.
var real = []string{"sh", "cat", "echo", "printf", "mkdir", "sleep", "true", "false", "test", "[", "grep", "head", "sed",
	"cut", "sort", "wc", "seq", "env", "date", "mktemp", "touch", "redis-cli"}

// standIns are the programs in whose place this one checks, and partly does, what it is asked for.
var standIns = []string{"redlock", "go", "make"}

// stage is where the commands of one page are run: a directory, a PATH, and nodes of real Redis that they may use. Only one
// goroutine may use it.
type stage struct {
	t       *testing.T
	page    string // its text
	dir     string
	bin     string
	count   int               // of the nodes
	nodes   *cluster.Cluster  // started when a command first needs them
	secure  []string          // the addresses of others, which speak TLS; started likewise
	signed  bool              // there are certificates in dir
	printed map[*block]string // what commands have written on standard output
}

// newStage returns a stage for the blocks of a page's text: with three nodes if that names no more, else with five.
func newStage(t *testing.T, page string) *stage {
	t.Helper()
	s := &stage{t: t, page: page, dir: t.TempDir(), bin: t.TempDir(), count: 5, printed: map[*block]string{}}
	highest := ""
	for _, m := range withPort.FindAllStringSubmatch(page, -1) {
		highest = max(highest, m[1])
	}
	if highest == "3" {
		s.count = 3
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range real {
		if path, err := exec.LookPath(name); err == nil {
			if err := os.Symlink(path, filepath.Join(s.bin, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range standIns {
		script := fmt.Sprintf("#!/bin/sh\n%s=%s exec %q \"$@\"\n", standIn, name, self)
		if err := os.WriteFile(filepath.Join(s.bin, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// masters returns the page's nodes, and starts them if need be. They are declared to be new.
func (s *stage) masters() []string {
	s.t.Helper()
	if s.nodes == nil {
		s.nodes = start(s.t, cluster.Spec{Nodes: s.count})
		declareNew(s.t, s.nodes.Addrs())
	}
	return s.nodes.Addrs()
}

// start starts nodes of real Redis, which are stopped at the end of the test.
func start(t *testing.T, spec cluster.Spec) *cluster.Cluster {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no redis-server, which the commands in the pages need")
		}
		t.Skip("there is no redis-server, which the commands in the pages need")
	}
	spec.Kind = cluster.Process
	c, err := cluster.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// declareNew says that no lock can be held on the nodes yet, which therefore vote at once.
func declareNew(t *testing.T, addrs []string) {
	t.Helper()
	if err := declared(t.Context(), addrs, redlock.Config{}); err != nil {
		t.Fatal(err)
	}
}

func declared(ctx context.Context, addrs []string, cfg redlock.Config) error {
	cfg.Fresh = true
	l, err := redlock.Dial(addrs, cfg)
	if err != nil {
		return err
	}
	defer l.Close()
	return l.Do(ctx, "any", func(context.Context, *redlock.Lease) error { return nil })
}

// These are the addresses that pages use for the nodes.
var (
	withPort  = regexp.MustCompile(`(?:(?:127\.0\.0\.1|localhost):710|10\.0\.0\.)([1-5])(?::6379)?\b`)
	cliHost   = regexp.MustCompile(`-h 10\.0\.0\.([1-5])(?: -p 6379)?\b`)
	cliPort   = regexp.MustCompile(`-p 710([1-5])\b`)
	usesNodes = regexp.MustCompile(`\b(redlock|redis-cli)\b`)
	exits     = regexp.MustCompile(`^(.*\S)\s+#.*\bexits? (?:code )?(\d+)\b`)
)

// placed returns text with the addresses of this stage's nodes in place of those that pages use, on each line that speaks of
// TLS those of nodes that do.
func (s *stage) placed(text string) (string, error) {
	if !usesNodes.MatchString(text) {
		return text, nil
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		addrs := s.masters()
		if strings.Contains(line, " --tls") {
			secure, err := s.secured()
			if err != nil {
				return "", err
			}
			addrs = secure
		}
		line, err := s.credentials(line)
		if err != nil {
			return "", err
		}
		out.WriteString(at(addrs, line))
	}
	return out.String(), nil
}

// at returns a line with these addresses in place of those that pages use.
func at(addrs []string, line string) string {
	node := func(digit string) string { return addrs[digit[0]-'1'] }
	line = cliHost.ReplaceAllStringFunc(line, func(m string) string {
		host, port, _ := strings.Cut(node(cliHost.FindStringSubmatch(m)[1]), ":")
		return "-h " + host + " -p " + port
	})
	line = cliPort.ReplaceAllStringFunc(line, func(m string) string {
		_, port, _ := strings.Cut(node(cliPort.FindStringSubmatch(m)[1]), ":")
		return "-p " + port
	})
	return withPort.ReplaceAllStringFunc(line, func(m string) string { return node(withPort.FindStringSubmatch(m)[1]) })
}

// run runs a page's commands, one after the other, until one fails, and returns what they wrote on standard output. A line
// whose comment says "exits 75" must do that.
func (s *stage) run(text string) (string, error) {
	var script strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		if m := exits.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			line = fmt.Sprintf("code=0; %s || code=$?; [ $code = %s ] || { echo \"exited $code, not %s\" >&2; exit 1; }\n", m[1], m[2], m[2])
		}
		script.WriteString(line)
	}
	if err := s.props(text); err != nil {
		return "", err
	}
	path, err := binary()
	if err != nil {
		return "", err
	}
	module, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 60*time.Second)
	defer cancel()
	placed, err := s.placed(script.String())
	if err != nil {
		return "", err
	}
	if declares.MatchString(text) { // what it says of its nodes is not what the next block counts on
		defer s.forget()
	}
	command := exec.CommandContext(ctx, "/bin/sh", "-ec", placed)
	command.Dir = s.dir
	command.WaitDelay = time.Second
	command.Env = append(environment(), "PATH="+s.bin, "HANDBOOK_PATH="+os.Getenv("PATH"), "HANDBOOK_REDLOCK="+path,
		"HANDBOOK_MODULE="+module, "HOME="+s.dir)
	if s.nodes != nil {
		command.Env = append(command.Env, "REDLOCK_ADDRS="+strings.Join(s.nodes.Addrs(), ","))
	}
	var stdout bytes.Buffer
	var both transcript
	command.Stdout, command.Stderr = io.MultiWriter(&stdout, &both), &both
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%w\n%s%s\nwhat to do: mend it, or %s", err, text, both.String(), advice)
	}
	return stdout.String(), nil
}

// declares matches what changes what nodes remember of their clients.
var declares = regexp.MustCompile(`\bredlock init\b|--deployment\b`)

// forget has the next block start nodes of its own.
func (s *stage) forget() {
	if s.nodes != nil {
		if err := s.nodes.Close(); err != nil {
			s.t.Error(err)
		}
		s.nodes = nil
	}
}

// ownScript matches a script of the reader's own, which does nothing here.
var ownScript = regexp.MustCompile(`\./[\w-]+\.sh\b`)

// props makes the scripts of the reader's own that a page runs.
func (s *stage) props(text string) error {
	for _, name := range ownScript.FindAllString(text, -1) {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte("#!/bin/sh\nexit 0\n"), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// environment is this process's, without what would tell commands of other nodes.
func environment() []string {
	var kept []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "REDLOCK_") && !strings.HasPrefix(entry, "PATH=") && !strings.HasPrefix(entry, "MAKE") {
			kept = append(kept, entry)
		}
	}
	return kept
}

// transcript is what a command has written on both its outputs, for which two goroutines write to it.
type transcript struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String returns all of it, once the command has ended.
func (s *transcript) String() string { return s.text.String() }
