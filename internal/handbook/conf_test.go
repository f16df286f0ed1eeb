package handbook

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/redlock"
)

// local are the settings in which a server here differs from one on a machine of its own.
var local = []string{"port", "tls-port", "tls-ca-cert-file", "tls-cert-file", "tls-key-file", "bind", "dir", "logfile", "daemonize", "pidfile", "supervised"}

// serves returns an error unless redis-server starts with the block as its redis.conf, has taken every setting as it
// stands there, and votes.
func (s *stage) serves(b *block) error {
	server, err := exec.LookPath("redis-server")
	if err != nil {
		s.masters() // which says so, and skips or fails
	}
	dir := s.t.TempDir()
	file := filepath.Join(dir, "redis.conf")
	want := settings(b.text)
	number, err := freePort()
	if err != nil {
		return err
	}
	addr := "127.0.0.1:" + strconv.Itoa(number)
	text, port := b.text, "port"
	var safe *tls.Config
	if strings.Contains(b.text, "\ntls-port ") {
		port = "port 0\ntls-port"
		if text, safe, err = s.withFiles(b.text); err != nil {
			return err
		}
	}
	text += fmt.Sprintf("\n%s %d\nbind 127.0.0.1\ndir %s\nlogfile \"\"\ndaemonize no\n", port, number, dir)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	command := exec.Command(server, file)
	var log strings.Builder
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	defer func() {
		_ = command.Process.Kill()
		<-ended
	}()
	client := redis.NewClient(&redis.Options{Addr: addr, Password: want["requirepass"], TLSConfig: safe})
	defer client.Close()
	for deadline := time.Now().Add(10 * time.Second); ; {
		err := client.Ping(s.t.Context()).Err()
		if err == nil {
			break
		}
		select {
		case end := <-ended:
			ended <- end
			return fmt.Errorf("redis-server does not take it: %v\n%s", end, log.String())
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("redis-server does not answer: %w", err)
		}
	}
	for name, value := range want {
		got, err := client.ConfigGet(s.t.Context(), name).Result()
		if err != nil {
			return err
		}
		if got[name] != value {
			return fmt.Errorf("redis-server has %s %q, and the page %q", name, got[name], value)
		}
	}
	if password := want["requirepass"]; password != "" {
		addr = (&url.URL{Scheme: "redis", User: url.UserPassword("", password), Host: addr}).String()
	}
	if safe != nil {
		addr = "rediss://" + addr
	}
	return votes(s.t.Context(), addr, safe)
}

// settings returns the names and values in a redis.conf that a server can be asked for in the same words.
func settings(text string) map[string]string {
	found := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), " #")
		name, value, given := strings.Cut(strings.TrimSpace(line), " ")
		if !given || strings.HasPrefix(name, "#") || name == "user" || name == "include" || slices.Contains(local, name) {
			continue
		}
		found[name] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	return found
}

// freePort returns a port on which nobody listens at this moment.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// votes returns an error unless the server is one that a lock can be had from.
func votes(ctx context.Context, addr string, safe *tls.Config) error {
	l, err := redlock.Dial([]string{addr}, redlock.Config{Fresh: true, TLS: safe})
	if err != nil {
		return err
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if _, err := l.Check(ctx); err != nil {
		return err
	}
	return l.Do(ctx, "any", func(context.Context, *redlock.Lease) error { return nil })
}

// Settings are read as redis-server reads them.
func TestSettings(t *testing.T) {
	got := settings("# a comment\nport 6379\nappendonly yes   # why\nsave \"\"\n\n")
	if len(got) != 2 || got["appendonly"] != "yes" || got["save"] != "" {
		t.Errorf("got %v", got)
	}
}
