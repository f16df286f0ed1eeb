package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// Locks travel over TLS on rediss:// addresses, and only when the certificate is that of somebody we trust: otherwise no
// node has a vote.
func TestTLS(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("in CI nothing may skip: %v", err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	roots := certificate(t, dir)
	var n []*nodes
	var addrs []string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		n = append(n, start(t, cluster.Spec{Kind: cluster.Process, Nodes: 1, Args: []string{
			"--tls-port", strconv.Itoa(port), "--tls-auth-clients", "no",
			"--tls-cert-file", filepath.Join(dir, "cert.pem"), "--tls-key-file", filepath.Join(dir, "key.pem"),
			"--tls-ca-cert-file", filepath.Join(dir, "cert.pem"),
		}}))
		addrs = append(addrs, "rediss://localhost:"+strconv.Itoa(port))
	}
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		l := dial(t, addrs, redlock.Config{Mode: mode, TLS: &tls.Config{RootCAs: roots}})
		lease := lock(t, l, "key")
		for _, one := range n {
			one.heldBy(t, "key", lease.Owner(), 0)
		}
		if err := lease.Extend(t.Context()); err != nil {
			t.Error(err)
		}
		unlock(t, lease)
		for _, one := range n {
			one.nothingLeft(t)
		}
		_, err := dial(t, addrs, redlock.Config{Mode: mode}).TryLock(t.Context(), "key")
		wantErr(t, err, redlock.ErrNoQuorum)
		if err != nil {
			says(t, err, "certificate")
		}
	})
}

// certificate writes a self-signed certificate for localhost, and its key, into dir, and returns the roots that trust it.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: cert},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	return roots
}
