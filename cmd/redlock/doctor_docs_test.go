package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// commands returns the commands with redlock in the page's blocks of shell.
func commands(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	shell := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			shell = line == "```sh"
		}
		if command, ok := strings.CutPrefix(line, "redlock "); ok && shell {
			found = append(found, command)
		}
	}
	return found
}

// Every command in docs/doctor.md and docs/security.md works, and says what the page is about.
func TestCommandsForNodesInTheDocsAreTrue(t *testing.T) {
	dir := t.TempDir()
	server := certificates(t, dir)
	password := filepath.Join(dir, "locks")
	if err := os.WriteFile(password, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, page := range []string{"../../docs/doctor.md", "../../docs/security.md"} {
		for _, command := range commands(t, page) {
			count++
			given, err := cluster.Start(t.Context(), cluster.Spec{Kind: cluster.Embedded, Nodes: 3})
			if err != nil {
				t.Fatal(err)
			}
			addrs := given.Addrs()
			if strings.Contains(command, "--tls-ca") {
				addrs = secured(t, addrs, server)
			}
			t.Setenv("REDLOCK_ADDRS", strings.Join(addrs, ","))
			words := strings.Fields(strings.NewReplacer("10.0.0.1:6379,10.0.0.2:6379,10.0.0.3:6379", strings.Join(addrs, ","),
				"/run/secrets/locks", password, "ca.pem", filepath.Join(dir, "cert.pem"), "client.pem", filepath.Join(dir, "cert.pem"),
				"client.key", filepath.Join(dir, "key.pem")).Replace(command))
			want, code := map[string]string{"init": "declared", "doctor": "majority", "status": "free", "completion": "redlock", "version": "version"}[words[0]], exitPass
			if strings.Contains(command, "--user locks") { // which these nodes do not know
				want, code = "WRONGPASS", exitFail
			}
			var stdout, stderr bytes.Buffer
			ctx, cancel := t.Context(), func() {}
			if strings.Contains(command, "--watch") {
				ctx, cancel = withTimeout(t, time.Second)
			}
			if got := execute(ctx, words, &stdout, &stderr); got != code || !strings.Contains(stdout.String(), want) {
				t.Errorf("%s: %q: got exit code %d, want %d and %q\n%s%s", page, command, got, code, want, stdout.String(), stderr.String())
			}
			cancel()
			if strings.Contains(stdout.String()+stderr.String(), "sesame") {
				t.Errorf("%q: the password is in\n%s%s", command, stdout.String(), stderr.String())
			}
			if err := given.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if count < 19 {
		t.Errorf("got %d commands, want at least 19", count)
	}
}

// The page has every check that doctor knows, and the verbs' flags.
func TestDoctorDocsAreComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"judge", "memory", "acl", "compare"} {
		source, err := os.ReadFile("../../internal/doctor/" + file + ".go")
		if err != nil {
			t.Fatal(err)
		}
		for _, begin := range []string{`p.find("`, `p.fine("`, `Finding{"`, `check = "`} {
			for _, rest := range strings.Split(string(source), begin)[1:] {
				if check, _, _ := strings.Cut(rest, `"`); !strings.Contains(string(text), "| `"+check+"` |") {
					t.Errorf("docs/doctor.md does not have the check %s", check)
				}
			}
		}
	}
	for _, flag := range []string{"force", "deployment", "max-ttl", "watch", "json", "expect", "show-owners", "key", "allow-unknown", "durable-nodes", "plain", "node-timeout"} {
		if !strings.Contains(string(text), "--"+flag) {
			t.Errorf("docs/doctor.md does not have --%s", flag)
		}
	}
}

// certificates writes a certificate for 127.0.0.1 that trusts itself, and its key, and returns what a server needs.
func certificates(t *testing.T, dir string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	for name, text := range map[string][]byte{"cert.pem": certPEM, "key.pem": keyPEM} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert}
}

// secured puts something in front of each node that speaks TLS, and returns the addresses of that.
func secured(t *testing.T, addrs []string, config *tls.Config) (safe []string) {
	t.Helper()
	for _, addr := range addrs {
		l, err := tls.Listen("tcp", "127.0.0.1:0", config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		safe = append(safe, l.Addr().String())
		go func() {
			for {
				in, err := l.Accept()
				if err != nil {
					return
				}
				go relay(in, addr)
			}
		}()
	}
	return safe
}

func relay(in net.Conn, addr string) {
	defer in.Close()
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer out.Close()
	go func() {
		_, _ = io.Copy(out, in)
		out.Close()
	}()
	_, _ = io.Copy(in, out)
}
