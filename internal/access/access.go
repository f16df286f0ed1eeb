// Package access is how somebody's nodes are reached: their addresses, and the user, the password and the certificates
// for them, as a command line, the environment and files say.
package access

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// Settings are what the flags of a command line say. What they leave empty is taken from the environment.
type Settings struct {
	Addrs        []string // host:port or URL; else ADDRS, comma-separated
	User         string   // else USER
	PasswordFile string   // else PASSWORD_FILE, and without that PASSWORD is the password
	TLS          TLS      // its fields else TLS, TLS_CA, TLS_CERT, TLS_KEY, TLS_SERVER_NAME
}

// Prefix is what the names of the environment's variables begin with.
const Prefix = "REDLOCK_"

// Nodes are what redlock.Dial needs: addresses as URLs, with the user and the password in them, and so for no eyes.
type Nodes struct {
	Addrs []string
	TLS   *tls.Config // nil without TLS settings
	Files TLS         // what it was made of, for another process to make it again
}

// Names returns the addresses for everybody's eyes: host:port alone.
func (n Nodes) Names() []string {
	names := make([]string, len(n.Addrs))
	for i, addr := range n.Addrs {
		names[i] = addr
		if u, err := url.Parse(addr); err == nil && u.Host != "" {
			names[i] = u.Host
		} else if strings.ContainsAny(addr, "@/") {
			names[i] = fmt.Sprintf("node %d", i)
		}
	}
	return names
}

// Nodes returns how the nodes are reached. getenv is os.Getenv. No error repeats a password, or an address, which may
// have one in it.
func (s Settings) Nodes(getenv func(string) string) (Nodes, error) {
	env := func(value *string, name string) {
		if *value == "" {
			*value = getenv(Prefix + name)
		}
	}
	if len(s.Addrs) == 0 {
		s.Addrs = split(getenv(Prefix + "ADDRS"))
	}
	if len(s.Addrs) == 0 {
		return Nodes{}, errors.New("no nodes: say --addr HOST:PORT,HOST:PORT,... or set " + Prefix + "ADDRS")
	}
	env(&s.User, "USER")
	env(&s.PasswordFile, "PASSWORD_FILE")
	env(&s.TLS.CA, "TLS_CA")
	env(&s.TLS.Cert, "TLS_CERT")
	env(&s.TLS.Key, "TLS_KEY")
	env(&s.TLS.ServerName, "TLS_SERVER_NAME")
	switch said := getenv(Prefix + "TLS"); said {
	case "", "0", "false", "no":
	case "1", "true", "yes":
		s.TLS.On = true
	default:
		return Nodes{}, fmt.Errorf("%sTLS is %q: want 1 or 0", Prefix, said)
	}
	password, err := s.password(getenv)
	if err != nil {
		return Nodes{}, err
	}
	config, err := s.TLS.Config()
	if err != nil {
		return Nodes{}, err
	}
	nodes := Nodes{TLS: config, Files: s.TLS}
	for i, addr := range s.Addrs {
		full, err := complete(addr, s.User, password, config != nil)
		if err != nil {
			return Nodes{}, fmt.Errorf("the address of node %d %w", i, err)
		}
		nodes.Addrs = append(nodes.Addrs, full)
	}
	return nodes, nil
}

func (s Settings) password(getenv func(string) string) (string, error) {
	if s.PasswordFile == "" {
		return getenv(Prefix + "PASSWORD"), nil
	}
	text, err := os.ReadFile(s.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("the password's file: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	switch {
	case password == "":
		return "", fmt.Errorf("the password's file %s is empty", s.PasswordFile)
	case strings.ContainsAny(password, "\r\n"):
		return "", fmt.Errorf("the password's file %s has several lines", s.PasswordFile)
	}
	return password, nil
}

// complete puts into an address what it does not say itself; one with a user and no password gets the password. Whether the
// address is one, Dial finds out.
func complete(addr, user, password string, secure bool) (string, error) {
	if user == "" && password == "" && !secure || addr == "" {
		return addr, nil
	}
	if !strings.Contains(addr, "://") {
		if strings.ContainsAny(addr, "@/?#") {
			return addr, nil
		}
		scheme := "redis://"
		if secure {
			scheme = "rediss://"
		}
		addr = scheme + addr
	}
	u, err := url.Parse(addr)
	if err != nil {
		return "", errors.New("is not a URL that can be read (special characters in a password must be %-encoded, an IPv6 address needs brackets)")
	}
	_, own := u.User.Password()
	switch {
	case u.User.Username() == "" && !own && (user != "" || password != ""):
		u.User = url.UserPassword(user, password)
	case !own && password != "":
		u.User = url.UserPassword(u.User.Username(), password)
	}
	return u.String(), nil
}

// split cuts a comma-separated list, and drops what is empty.
func split(list string) []string {
	var parts []string
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
