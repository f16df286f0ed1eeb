package access

import (
	"net/url"
	"strings"
)

// Words returns the settings as words of a command line: without the passwords of addresses, which whoever repeats the
// command must fill in, and without what the environment says.
func (s Settings) Words() []string {
	words := []string{"--addr", strings.Join(masked(s.Addrs), ",")}
	if s.TLS.On {
		words = append(words, "--tls")
	}
	for _, flag := range [][2]string{
		{"--user", s.User}, {"--password-file", s.PasswordFile}, {"--tls-ca", s.TLS.CA}, {"--tls-cert", s.TLS.Cert},
		{"--tls-key", s.TLS.Key}, {"--tls-server-name", s.TLS.ServerName},
	} {
		if flag[1] != "" {
			words = append(words, flag[0], flag[1])
		}
	}
	return words
}

func masked(addrs []string) []string {
	all := make([]string, len(addrs))
	for i, addr := range addrs {
		all[i] = addr
		switch u, err := url.Parse(addr); {
		case !strings.Contains(addr, "://"):
		case err != nil:
			all[i] = "?" // nobody knows where its password is
		default:
			all[i] = u.Redacted()
		}
	}
	return all
}
