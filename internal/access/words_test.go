package access

import (
	"slices"
	"testing"
)

// What somebody has said can be said again, and shows no password.
func TestWords(t *testing.T) {
	s := Settings{
		Addrs: []string{"a:1", "redis://ann:secret@b:2/3", "redis://:secret%zz@c:3", "[::1]:8"}, User: "u", PasswordFile: "/p",
		TLS: TLS{On: true, CA: "ca", Cert: "cert", Key: "key", ServerName: "n"},
	}
	want := []string{
		"--addr", "a:1,redis://ann:xxxxx@b:2/3,?,[::1]:8", "--tls", "--user", "u", "--password-file", "/p",
		"--tls-ca", "ca", "--tls-cert", "cert", "--tls-key", "key", "--tls-server-name", "n",
	}
	if got := s.Words(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (Settings{Addrs: []string{"a:1"}}).Words(), []string{"--addr", "a:1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
