package handbook

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// sign makes ca.pem, and node.pem and client.pem with their keys, in the stage's directory.
func (s *stage) sign() error {
	if s.signed {
		return nil
	}
	s.signed = true
	var ca *x509.Certificate
	var signer *ecdsa.PrivateKey
	for i, name := range []string{"ca", "node", "client"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: ca == nil, BasicConstraintsValid: true,
		}
		if ca == nil {
			ca, signer = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, signer)
		if err != nil {
			return err
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		for ext, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: private}} {
			if err := os.WriteFile(filepath.Join(s.dir, name+ext), pem.EncodeToMemory(block), 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// ours is what a client needs that has the certificate client.pem.
func (s *stage) ours() (*tls.Config, error) {
	if err := s.sign(); err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(s.dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(s.dir, "client.pem"), filepath.Join(s.dir, "client.key"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: []tls.Certificate{pair}}, nil
}

// ofServer matches the files of a server that a redis.conf names.
var ofServer = regexp.MustCompile(`/etc/redis/([\w.]+)`)

// withFiles returns a redis.conf with the stage's certificates in place of those that it names, and what a client of the
// server needs.
func (s *stage) withFiles(text string) (string, *tls.Config, error) {
	safe, err := s.ours()
	return ofServer.ReplaceAllString(text, s.dir+"/$1"), safe, err
}

// secured returns the addresses of nodes that speak TLS and want certificates, and starts them if need be.
func (s *stage) secured() ([]string, error) {
	if s.secure != nil {
		return s.secure, nil
	}
	safe, err := s.ours()
	if err != nil {
		return nil, err
	}
	var urls []string
	for range s.count {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		start(s.t, cluster.Spec{Nodes: 1, Args: []string{"--tls-port", strconv.Itoa(port), "--tls-auth-clients", "yes",
			"--tls-ca-cert-file", filepath.Join(s.dir, "ca.pem"), "--tls-cert-file", filepath.Join(s.dir, "node.pem"),
			"--tls-key-file", filepath.Join(s.dir, "node.key")}})
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		s.secure, urls = append(s.secure, addr), append(urls, "rediss://"+addr)
	}
	return s.secure, declared(s.t.Context(), urls, redlock.Config{TLS: safe})
}

// Code of docs/security.md, on nodes that speak TLS and want certificates: a lock can be had.
func TestTLSInGo(t *testing.T) {
	s := newStage(t, "10.0.0.3:6379")
	secure, err := s.secured()
	if err != nil {
		t.Fatal(err)
	}
	var addrs []string
	for _, addr := range secure {
		addrs = append(addrs, "rediss://"+addr)
	}
	t.Chdir(s.dir)
	authority, err := os.ReadFile("ca.pem")
	if err != nil {
		t.Fatal(err)
	}

	pair, err := tls.LoadX509KeyPair("client.pem", "client.key")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	cfg := redlock.Config{TLS: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: []tls.Certificate{pair}}}
	locker, err := redlock.Dial(addrs, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer locker.Close()
	if err := locker.Do(t.Context(), "orders/42", func(context.Context, *redlock.Lease) error { return nil }); err != nil {
		t.Error(err)
	}
}
