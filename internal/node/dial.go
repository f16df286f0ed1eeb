package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Dial returns the node at address: host:port, host (port 6379), redis://[user:password@]host[:port][/db], rediss://
// for TLS, or unix:///path. It does not connect yet. tlsConfig may be nil; it is used for rediss:// only.
//
// Its client has none of go-redis's defaults that are wrong for a quorum: it never repeats a command, gives up dialing
// after one try, and heeds deadlines.
func Dial(index int, address string, tlsConfig *tls.Config, cfg Config) (*Node, error) {
	options, err := settings(address, tlsConfig, cfg.Timeout)
	if err != nil {
		return nil, err
	}
	n := &Node{index: index, addr: name(options), cfg: cfg, idle: time.Second}
	connect := dialer(options)
	n.dial = func(ctx context.Context) (net.Conn, error) { return connect(ctx, options.Network, options.Addr) }
	open := func(ctx context.Context, network, addr string) (net.Conn, error) {
		// go-redis goes on dialing after whoever asked has given up; the end of the node is the end of that.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(n.life, cancel)()
		return connect(ctx, network, addr)
	}
	options.Dialer = open // of the one to listen by, on which nobody votes
	n.ears = n.second(options)
	options.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := open(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		n.opened.Add(1)
		return lively(conn, n.idle, cfg.Timeout/8, &n.troubles), nil
	}
	n.client = redis.NewClient(options)
	return n.open(), nil
}

// Connect returns a client of the node at address, as for [Dial], for whoever looks at it beside locking, and the address
// without credentials. It does not connect yet; it is the caller's to close.
func Connect(address string, tlsConfig *tls.Config, timeout time.Duration) (*redis.Client, string, error) {
	options, err := settings(address, tlsConfig, timeout)
	if err != nil {
		return nil, "", err
	}
	connect := dialer(options)
	options.Dialer = connect
	options.ConnMaxIdleTime = time.Minute
	return redis.NewClient(options), name(options), nil
}

// settings returns how a client of ours talks to the node at address.
func settings(address string, tlsConfig *tls.Config, timeout time.Duration) (*redis.Options, error) {
	options, err := parse(address)
	if err != nil {
		return nil, err
	}
	if options.TLSConfig != nil && tlsConfig != nil {
		own := tlsConfig.Clone()
		if own.ServerName == "" {
			own.ServerName = options.TLSConfig.ServerName
		}
		options.TLSConfig = own
	}
	options.MaxRetries = -1
	options.DialerRetries = 1
	options.ContextTimeoutEnabled = true
	options.DialTimeout = max(timeout, time.Second)
	options.ReadTimeout, options.WriteTimeout = timeout, timeout
	options.PoolSize = 8
	options.MinIdleConns, options.MaxActiveConns = 0, 0
	options.ConnMaxLifetime, options.ConnMaxIdleTime = 0, -1 // the lane keeps its connection, and looks at it
	options.DisableIdentity = true
	options.Protocol = 2 // nothing is pushed to us, so there is nothing to look for before each reply
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return options, nil
}

// second returns a client like one with options, for the node's announcements. go-redis holds locks of a client while it
// opens a connection, and whoever listens shall keep nobody from voting.
func (n *Node) second(options *redis.Options) *redis.Client {
	second := *options
	second.PoolSize, second.MinIdleConns, second.MaxIdleConns, second.MaxActiveConns = 1, 0, 0, 0
	second.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	open := options.Dialer
	if open == nil {
		open = redis.NewDialer(options)
	}
	second.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := open(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		// The end of the node must not wait for a handshake.
		return &mortal{Conn: conn, forget: context.AfterFunc(n.life, func() { _ = conn.Close() })}, nil
	}
	return redis.NewClient(&second)
}

// mortal is a connection that a context's end closes; forget has it not do so any more.
type mortal struct {
	net.Conn
	forget func() bool
}

func (m *mortal) Close() error {
	m.forget()
	return m.Conn.Close()
}

// dialer returns how connections are opened: as go-redis does, but so that the end of a context also ends a TLS
// handshake.
func dialer(options *redis.Options) func(ctx context.Context, network, addr string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: options.DialTimeout}
	if options.TLSConfig == nil {
		return plain.DialContext
	}
	return (&tls.Dialer{NetDialer: plain, Config: options.TLSConfig}).DialContext
}

// Use returns a node over a client of the caller's, which stays the caller's to close.
func Use(index int, client redis.UniversalClient, cfg Config) (*Node, error) {
	n := &Node{index: index, addr: fmt.Sprintf("client %d", index), client: client, ears: client, cfg: cfg}
	switch c := client.(type) {
	case nil:
		return nil, errors.New("is nil")
	case *redis.ClusterClient, *redis.Ring:
		return nil, errors.New("spreads keys over several servers; a node is one independent master")
	case *redis.Client:
		if c == nil {
			return nil, errors.New("is nil")
		}
		if c.Options().Addr != "FailoverClient" { // which is no address
			n.addr = name(c.Options())
		}
		n.ears = n.second(c.Options())
		if !c.Options().ContextTimeoutEnabled {
			// The same pool under our own bounds: with its defaults it would hang 3 s on a server that hangs.
			n.client = c.WithTimeout(cfg.Timeout)
		}
	}
	if cfg.Fenced {
		client.AddHook(opening{n})
	}
	return n.open(), nil
}

// opening counts the connections of a client of the caller's.
type opening struct{ n *Node }

func (o opening) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err == nil {
			o.n.opened.Add(1)
		}
		return conn, err
	}
}

func (o opening) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (o opening) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// name returns the server's address in one spelling.
func name(o *redis.Options) string {
	host, port, err := net.SplitHostPort(o.Addr)
	if o.Network == "unix" || err != nil {
		return o.Addr
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	if number, err := net.LookupPort("tcp", port); err == nil {
		port = strconv.Itoa(number)
	}
	return net.JoinHostPort(host, port)
}

// parse reads an address. Its errors never repeat the address as it was given: there may be a password in it.
func parse(address string) (*redis.Options, error) {
	if address == "" {
		return nil, errors.New("is empty")
	}
	if !strings.Contains(address, "://") {
		return hostPort(address)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("is not a URL that can be read (special characters in a password must be %-encoded)")
	}
	if u.Fragment != "" || strings.Contains(u.Path+u.RawQuery, "@") {
		return nil, errors.New("has a # or an @ where none may be (special characters in a password must be %-encoded)")
	}
	switch u.Scheme {
	case "redis", "rediss":
		if u.Hostname() == "" {
			return nil, errors.New("has no host")
		}
	case "unix":
	default:
		return nil, fmt.Errorf("has the scheme %q; want redis, rediss or unix", u.Scheme)
	}
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("is not a Redis URL: want %s://[user:password@]host[:port][/db]", u.Scheme)
	}
	return options, nil
}

func hostPort(address string) (*redis.Options, error) {
	if strings.ContainsAny(address, "@/") {
		return nil, errors.New("is neither host:port nor a URL; with a user or a database write redis://user:password@host:port/db")
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), "6379"
		if strings.Contains(host, ":") && net.ParseIP(host) == nil {
			return nil, errors.New("is not host:port")
		}
	}
	if host == "" {
		return nil, errors.New("has no host")
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" || port == "0" {
		return nil, errors.New("has no valid port")
	}
	return &redis.Options{Network: "tcp", Addr: net.JoinHostPort(host, port)}, nil
}
