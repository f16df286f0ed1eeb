package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/access"
	"github.com/quorumlock/quorumlock/internal/bench"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/doctor"
	"github.com/quorumlock/quorumlock/redlock"
)

// authority signs certificates.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes an authority, whose certificate is in ca.pem of a directory of its own.
func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.make(t, "ca", nil)
	return a
}

// sign makes the certificate name.pem and its key, for localhost, and returns the files.
func (a *authority) sign(t *testing.T, name string) (cert, key string) {
	t.Helper()
	a.make(t, name, a)
	return a.file(name + ".pem"), a.file(name + ".key")
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) make(t *testing.T, name string, by *authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true,
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(a.file(file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// demanding starts three nodes that speak TLS, signed by the authority, and want certificates of their clients.
func demanding(t *testing.T, by *authority) (addrs []string) {
	t.Helper()
	cert, key := by.sign(t, "node")
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		processes(t, cluster.Spec{Nodes: 1, Persist: cluster.PersistNo, Args: []string{"--tls-port", port, "--tls-auth-clients", "yes",
			"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", by.file("ca.pem")}})
		addrs = append(addrs, "localhost:"+port)
	}
	return addrs
}

// Nodes with an authority of their own that want certificates can be locked on by whoever has one, by the settings of the
// commands; for everybody else the error, and doctor, say what is missing.
func TestClientCertificates(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	addrs := demanding(t, ours)
	cert, key := ours.sign(t, "client")
	foreign, foreignKey := others.sign(t, "client")
	for name, c := range map[string]struct {
		settings access.Settings
		says, do string // without do it works
	}{
		"all there":         {settings: access.Settings{TLS: access.TLS{CA: ours.file("ca.pem"), Cert: cert, Key: key}}},
		"the name said":     {settings: access.Settings{TLS: access.TLS{CA: ours.file("ca.pem"), Cert: cert, Key: key, ServerName: "localhost"}}},
		"another name":      {access.Settings{TLS: access.TLS{CA: ours.file("ca.pem"), Cert: cert, Key: key, ServerName: "elsewhere"}}, "not elsewhere", "--tls-server-name"},
		"no authority":      {access.Settings{TLS: access.TLS{On: true, Cert: cert, Key: key}}, "signed by unknown authority", "--tls-ca"},
		"another authority": {access.Settings{TLS: access.TLS{CA: others.file("ca.pem"), Cert: cert, Key: key}}, "signed by unknown authority", "--tls-ca"},
		// A node refuses a client's certificate after the client's part of the handshake, and closes: its alert may be lost.
		"no certificate":        {access.Settings{TLS: access.TLS{CA: ours.file("ca.pem")}}, "", "--tls-cert"},
		"another's certificate": {access.Settings{TLS: access.TLS{CA: ours.file("ca.pem"), Cert: foreign, Key: foreignKey}}, "", "--tls-cert"},
		"no TLS":                {access.Settings{}, "connection closed by the node", "--tls"},
	} {
		t.Run(name, func(t *testing.T) {
			c.settings.Addrs = addrs
			nodes, err := c.settings.Nodes(func(string) string { return "" })
			if err != nil {
				t.Fatal(err)
			}
			l := dial(t, nodes.Addrs, redlock.Config{TLS: nodes.TLS})
			lease, err := l.TryLock(t.Context(), "key")
			if c.do == "" {
				if err != nil {
					t.Fatal(err)
				}
				unlock(t, lease)
			} else {
				wantErr(t, err, redlock.ErrNoQuorum)
				says(t, err, c.says)
			}
			r, err := doctor.Run(t.Context(), doctor.Config{Addrs: nodes.Addrs, TLS: nodes.TLS, Timeout: 2 * time.Second, MaxTTL: 30 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range r.Nodes {
				if first := n.Findings[0]; first.Check != "reachable" || (first.Level == doctor.OK) != (c.do == "") || !strings.Contains(first.Do, c.do) {
					t.Errorf("got %+v, want it to say %q", first, c.do)
				}
			}
		})
	}
}

// A load can be put on such nodes, also by a user with a password, and what it leaves is looked for there.
func TestBenchByCertificates(t *testing.T) {
	ours := newAuthority(t)
	addrs := demanding(t, ours)
	cert, key := ours.sign(t, "client")
	settings := access.Settings{
		Addrs: addrs, User: "ann", PasswordFile: filepath.Join(t.TempDir(), "password"),
		TLS: access.TLS{CA: ours.file("ca.pem"), Cert: cert, Key: key},
	}
	if err := os.WriteFile(settings.PasswordFile, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := access.Settings{Addrs: addrs, TLS: settings.TLS}
	for _, at := range reached(t, open).Addrs {
		options, err := redis.ParseURL(at)
		if err != nil {
			t.Fatal(err)
		}
		options.TLSConfig = reached(t, open).TLS
		client := redis.NewClient(options)
		defer client.Close()
		for _, user := range [][]any{{"ann", "on", ">s3cret", "~*", "&*", "+@all"}, {"default", "off"}} {
			if err := client.Do(t.Context(), append([]any{"ACL", "SETUSER"}, user...)...).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	known := reached(t, settings)
	vote(t, known)
	result, err := bench.Run(t.Context(), bench.Config{
		Addrs: known.Addrs, TLS: known.Files, Workers: 4, Duration: 300 * time.Millisecond, Warmup: -1,
	}, func(bench.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	if result.Problem() != "" || result.Completed == 0 || result.Left.Looked != 3 || result.Left.Counters == 0 {
		t.Errorf("got %d cycles, %q, and %+v left", result.Completed, result.Problem(), result.Left)
	}
	if text, err := json.Marshal(result); err != nil || strings.Contains(string(text), "s3cret") {
		t.Errorf("the result has the password, or %v", err)
	}
}

func reached(t *testing.T, s access.Settings) access.Nodes {
	t.Helper()
	nodes, err := s.Nodes(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

// vote has new nodes vote at once.
func vote(t *testing.T, nodes access.Nodes) {
	t.Helper()
	unlock(t, lock(t, dial(t, nodes.Addrs, redlock.Config{TLS: nodes.TLS, Fresh: true}), "first"))
}

// Doctor says what may be the matter when somebody speaks TLS to a port that does not: Redis waits for a line to end there.
func TestTLSToAPlainPort(t *testing.T) {
	n := processes(t, cluster.Spec{Nodes: 1, Persist: cluster.PersistNo})
	r, err := doctor.Run(t.Context(), doctor.Config{Addrs: []string{"rediss://" + n.Addrs()[0]}, Timeout: time.Second, MaxTTL: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if first := r.Nodes[0].Findings[0]; first.Level != doctor.Problem || !strings.Contains(first.Do, "redis://") {
		t.Errorf("got %+v, want it to say that the port may speak no TLS", first)
	}
}
