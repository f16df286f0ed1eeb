package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a command line says goes before the environment, a file before a variable, and an address before both.
func TestWhoSaysIt(t *testing.T) {
	file := write(t, "from-file\n")
	for name, c := range map[string]struct {
		settings Settings
		env      map[string]string
		want     []string
	}{
		"addresses as they are":            {Settings{Addrs: []string{"a:1", "redis://b:2/3"}}, nil, []string{"a:1", "redis://b:2/3"}},
		"addresses of the environment":     {Settings{}, map[string]string{"REDLOCK_ADDRS": "a:1, b:2,"}, []string{"a:1", "b:2"}},
		"flags before the environment":     {Settings{Addrs: []string{"a:1"}, User: "u"}, map[string]string{"REDLOCK_ADDRS": "b:2", "REDLOCK_USER": "v", "REDLOCK_PASSWORD": "p"}, []string{"redis://u:p@a:1"}},
		"a file before a variable":         {Settings{Addrs: []string{"a:1"}, PasswordFile: file}, map[string]string{"REDLOCK_PASSWORD": "p"}, []string{"redis://:from-file@a:1"}},
		"the environment's file":           {Settings{Addrs: []string{"a:1"}}, map[string]string{"REDLOCK_PASSWORD_FILE": file}, []string{"redis://:from-file@a:1"}},
		"an address has its own":           {Settings{Addrs: []string{"redis://x:y@a:1", "b:2"}}, map[string]string{"REDLOCK_PASSWORD": "p"}, []string{"redis://x:y@a:1", "redis://:p@b:2"}},
		"a user's password":                {Settings{Addrs: []string{"redis://x@a:1", "redis://x:@b:2"}, User: "u"}, map[string]string{"REDLOCK_PASSWORD": "p"}, []string{"redis://x:p@a:1", "redis://x:@b:2"}},
		"a user without one":               {Settings{Addrs: []string{"redis://x@a:1"}, User: "u"}, nil, []string{"redis://x@a:1"}},
		"special characters":               {Settings{Addrs: []string{"[::1]:6379"}}, map[string]string{"REDLOCK_PASSWORD": "p@:/?#%"}, []string{"redis://:p%40%3A%2F%3F%23%25@[::1]:6379"}},
		"TLS for addresses without scheme": {Settings{Addrs: []string{"a:1", "redis://b:2", "rediss://c:3"}, TLS: TLS{On: true}}, nil, []string{"rediss://a:1", "redis://b:2", "rediss://c:3"}},
		"TLS by the environment":           {Settings{Addrs: []string{"a:1"}}, map[string]string{"REDLOCK_TLS": "1"}, []string{"rediss://a:1"}},
		"TLS by a name":                    {Settings{Addrs: []string{"a:1"}, TLS: TLS{ServerName: "n"}}, nil, []string{"rediss://a:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			nodes, err := c.settings.Nodes(func(name string) string { return c.env[name] })
			if err != nil || !slices.Equal(nodes.Addrs, c.want) {
				t.Errorf("got %q and %v, want %q", nodes.Addrs, err, c.want)
			}
		})
	}
}

// What cannot be used is refused, and no refusal repeats a secret.
func TestWhatIsRefused(t *testing.T) {
	cert, key := certificate(t)
	for name, c := range map[string]struct {
		settings Settings
		env      map[string]string
		want     string
	}{
		"no nodes":             {Settings{}, map[string]string{"REDLOCK_ADDRS": " , "}, "no nodes: say --addr"},
		"no such file":         {Settings{Addrs: []string{"a:1"}, PasswordFile: "/nowhere/file"}, nil, "the password's file: open /nowhere/file"},
		"an empty file":        {Settings{Addrs: []string{"a:1"}, PasswordFile: write(t, "\n")}, nil, "is empty"},
		"a file of many lines": {Settings{Addrs: []string{"a:1"}, PasswordFile: write(t, "secret\nsecret\n")}, nil, "has several lines"},
		"a bad URL":            {Settings{Addrs: []string{"redis://u:sec%ret@a:1"}, TLS: TLS{On: true}}, nil, "the address of node 0 is not a URL"},
		"TLS perhaps":          {Settings{Addrs: []string{"a:1"}}, map[string]string{"REDLOCK_TLS": "perhaps"}, `REDLOCK_TLS is "perhaps": want 1 or 0`},
		"no authority":         {Settings{Addrs: []string{"a:1"}, TLS: TLS{CA: key}}, nil, "no certificate in"},
		"a lone certificate":   {Settings{Addrs: []string{"a:1"}, TLS: TLS{Cert: cert}}, nil, "say --tls-key"},
		"a lone key":           {Settings{Addrs: []string{"a:1"}, TLS: TLS{Key: key}}, nil, "say --tls-cert"},
		"no certificate":       {Settings{Addrs: []string{"a:1"}, TLS: TLS{Cert: key, Key: key}}, nil, "the client's certificate: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.settings.Nodes(func(name string) string { return c.env[name] })
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "sec") {
				t.Errorf("got %v, want %q without a secret", err, c.want)
			}
		})
	}
}

// A certificate authority, a client's certificate and a name end up in the TLS configuration.
func TestCertificates(t *testing.T) {
	cert, key := certificate(t)
	nodes, err := Settings{Addrs: []string{"a:1"}, TLS: TLS{CA: cert, Cert: cert, Key: key, ServerName: "n"}}.Nodes(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if got := nodes.TLS; got.RootCAs == nil || len(got.Certificates) != 1 || got.ServerName != "n" || got.InsecureSkipVerify {
		t.Errorf("got %+v", got)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// certificate writes a certificate and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		write(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}

// The names of nodes are for everybody's eyes.
func TestNamesAreWithoutPasswords(t *testing.T) {
	n := Nodes{Addrs: []string{"10.0.0.1:6379", "redis://ann:secret@10.0.0.2:6380/3", "rediss://:secret@[::1]:6381", "secret@10.0.0.4"}}
	want := []string{"10.0.0.1:6379", "10.0.0.2:6380", "[::1]:6381", "node 3"}
	if got := n.Names(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
