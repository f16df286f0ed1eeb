package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
)

const secret = "hunter2-sesame"

// Whatever goes wrong with a password, no verb repeats it.
func TestNoVerbTellsAPassword(t *testing.T) {
	node := miniredis.RunT(t)
	node.RequireUserAuth("locks", "right")
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		says string
	}{
		"wrong, in the environment": {[]string{"--addr", node.Addr(), "--user", "locks"}, map[string]string{"REDLOCK_PASSWORD": secret}, "WRONGPASS"},
		"wrong, in a file":          {[]string{"--addr", node.Addr(), "--user", "locks", "--password-file", file("wrong", secret+"\n")}, nil, "WRONGPASS"},
		"wrong, in a URL":           {nil, map[string]string{"REDLOCK_ADDRS": "redis://locks:" + secret + "@" + node.Addr()}, "WRONGPASS"},
		"a URL that is none":        {nil, map[string]string{"REDLOCK_ADDRS": "redis://locks:%zz" + secret + "@" + node.Addr()}, "not a URL"},
		"an @ in it":                {nil, map[string]string{"REDLOCK_ADDRS": "redis://locks:a/" + secret + "@" + node.Addr()}, "special characters in a password"},
		"without a scheme":          {nil, map[string]string{"REDLOCK_ADDRS": "locks:" + secret + "@" + node.Addr()}, "neither host:port nor a URL"},
		"another scheme":            {nil, map[string]string{"REDLOCK_ADDRS": "http://locks:" + secret + "@" + node.Addr()}, "scheme"},
		"a database that is none":   {nil, map[string]string{"REDLOCK_ADDRS": "redis://locks:" + secret + "@" + node.Addr() + "/x"}, "not a Redis URL"},
		"a file of several lines":   {[]string{"--addr", node.Addr(), "--password-file", file("lines", secret+"\n"+secret+"\n")}, nil, "several lines"},
		"a key that is none":        {[]string{"--addr", node.Addr(), "--tls-cert", file("cert", secret), "--tls-key", file("key", secret)}, nil, "certificate"},
		"TLS to what speaks none":   {[]string{"--addr", node.Addr(), "--user", "locks", "--tls", "--node-timeout", "200ms"}, map[string]string{"REDLOCK_PASSWORD": secret}, ""},
		"nobody there":              {[]string{"--addr", "127.0.0.1:1"}, map[string]string{"REDLOCK_PASSWORD": secret}, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			for _, verb := range [][]string{{"status", "orders/42"}, {"status", "orders/42", "--json"}, {"doctor"}, {"doctor", "--json", "-v"}, {"init"}, {"init", "--json"}} {
				var stdout, stderr bytes.Buffer
				args := append(verb, c.args...)
				code := execute(t.Context(), args, &stdout, &stderr)
				said := stdout.String() + stderr.String()
				if code == exitPass || !strings.Contains(said, c.says) {
					t.Errorf("%v: got exit code %d and %q, want it to fail and say %q", verb, code, said, c.says)
				}
				if strings.Contains(said, "hunter2") || strings.Contains(said, "sesame") {
					t.Errorf("%v: the password is in %q", verb, said)
				}
			}
		})
	}
}
