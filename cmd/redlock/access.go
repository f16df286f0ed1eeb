package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/quorumlock/quorumlock/internal/access"
	"github.com/quorumlock/quorumlock/redlock"
)

// reachFlags are how a verb is told where nodes are, and by which name and certificates they let it in.
type reachFlags struct{ settings access.Settings }

// add adds them to a verb's flags, with what it says of --addr.
func (r *reachFlags) add(flags *pflag.FlagSet, addr string) {
	s := &r.settings
	flags.StringSliceVarP(&s.Addrs, "addr", "a", nil, addr)
	flags.StringVar(&s.User, "user", "", "of the nodes; by default $REDLOCK_USER")
	flags.StringVar(&s.PasswordFile, "password-file", "", "holds the password on its only line; by default $REDLOCK_PASSWORD_FILE, and\nwithout that the password is $REDLOCK_PASSWORD")
	flags.BoolVar(&s.TLS.On, "tls", false, "speak TLS also to addresses that are no URL; by default $REDLOCK_TLS")
	flags.StringVar(&s.TLS.CA, "tls-ca", "", "PEM file of the authority that signs the nodes' certificates; by default\n$REDLOCK_TLS_CA, then the system's")
	flags.StringVar(&s.TLS.Cert, "tls-cert", "", "PEM file of this client's certificate; by default $REDLOCK_TLS_CERT")
	flags.StringVar(&s.TLS.Key, "tls-key", "", "PEM file of its key; by default $REDLOCK_TLS_KEY")
	flags.StringVar(&s.TLS.ServerName, "tls-server-name", "", "the name in the nodes' certificates; by default $REDLOCK_TLS_SERVER_NAME,\nthen each node's host")
}

// given returns how nodes are reached, for a verb that uses those of --addr or brings its own: then there are none, and none of
// the other flags may be there either.
func (r *reachFlags) given(flags *pflag.FlagSet) (nodes access.Nodes, err error) {
	if flags.Changed("addr") {
		if len(r.settings.Addrs) == 0 {
			return nodes, errors.New("--addr: there is none")
		}
		return r.settings.Nodes(os.Getenv)
	}
	for _, name := range reaching {
		if flags.Changed(name) {
			return nodes, fmt.Errorf("--%s is for your own nodes: say --addr as well", name)
		}
	}
	return nodes, nil
}

// useThese is what bench and chaos say of --addr.
const useThese = "use these nodes: host:port or redis:// or rediss:// URL, comma-separated or repeated"

// reaching are the names of these flags, but for --addr.
var reaching = []string{"user", "password-file", "tls", "tls-ca", "tls-cert", "tls-key", "tls-server-name"}

// accessFlags are how a verb is told of the nodes that it uses, and what all users of these nodes must agree on.
type accessFlags struct {
	reachFlags
	plain      bool
	durable    bool
	deployment string
	maxTTL     time.Duration
	timeout    time.Duration
}

// add adds them to a verb's flags.
func (a *accessFlags) add(flags *pflag.FlagSet) {
	a.reachFlags.add(flags, "the nodes: host:port or redis:// or rediss:// URL, comma-separated or repeated;\nby default $REDLOCK_ADDRS")
	flags.BoolVar(&a.plain, "plain", false, "lock without scripts: no fences, no guard against nodes that forget")
	flags.BoolVar(&a.durable, "durable-nodes", false, "the nodes forget nothing in a restart (appendfsync always): they vote at once")
	flags.StringVar(&a.deployment, "deployment", os.Getenv(access.Prefix+"DEPLOYMENT"), "the name of these nodes together, the same for all clients; by default\n$REDLOCK_DEPLOYMENT")
	flags.DurationVar(&a.maxTTL, "max-ttl", 0, "the longest TTL that any client uses on these nodes; 0 means $REDLOCK_MAX_TTL,\nthen 30s, or the TTL if that is longer")
	flags.DurationVar(&a.timeout, "node-timeout", 500*time.Millisecond, "how long one node may take to answer")
	flags.Lookup("deployment").DefValue = ""
}

// checked returns how the nodes are reached, for those who look at them without locking. What a locker would refuse is
// refused.
func (a *accessFlags) checked() (access.Nodes, redlock.Config, error) {
	nodes, cfg, err := a.config(redlock.Config{})
	if err != nil {
		return nodes, cfg, err
	}
	locker, err := redlock.Dial(nodes.Addrs, cfg)
	if err != nil {
		return nodes, cfg, errors.New(strings.TrimPrefix(err.Error(), "redlock: "))
	}
	return nodes, cfg, locker.Close()
}

// config fills in cfg what the flags and the environment say.
func (a *accessFlags) config(cfg redlock.Config) (access.Nodes, redlock.Config, error) {
	nodes, err := a.settings.Nodes(os.Getenv)
	if err != nil {
		return nodes, cfg, err
	}
	cfg.TLS, cfg.NodeTimeout, cfg.Deployment, cfg.DurableNodes, cfg.MaxTTL = nodes.TLS, a.timeout, a.deployment, a.durable, a.maxTTL
	if said := os.Getenv(access.Prefix + "MAX_TTL"); cfg.MaxTTL == 0 && said != "" {
		if cfg.MaxTTL, err = time.ParseDuration(said); err != nil {
			return nodes, cfg, fmt.Errorf("%sMAX_TTL is %q: want a duration, such as 30s", access.Prefix, said)
		}
	}
	if a.plain {
		cfg.Mode, cfg.DurableNodes, cfg.Deployment = redlock.Plain, false, ""
	}
	return nodes, cfg, nil
}
