package doctor

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/node"
)

// patient is a node, and everything that was asked of it. What it comes to is judged afterwards, from that alone.
type patient struct {
	Node
	cfg    Config
	client *redis.Client

	failed     error           // why it could not be reached
	rtts       []time.Duration // of a few PINGs
	info       map[string]string
	noInfo     error // why INFO tells nothing
	settings   map[string]string
	noConfig   error
	sentinel   bool  // a Sentinel listens to it
	noSentinel error // why that is not known
	ahead      time.Duration
	told       bool // its clock
	standing   node.Standing
	noStand    error
	user       string // the Redis user that we are
	lacks      []node.Lack
	noLacks    error
	keys       map[string]error // why a key may not be locked
	ips        []string

	twin   string // the address of the same server
	median time.Duration
	clocks int // that were compared
}

const pings = 5

// examine asks the node everything.
func (p *patient) examine(ctx context.Context) {
	if p.failed = p.reach(ctx); p.failed != nil {
		return
	}
	p.ask(ctx, func(ctx context.Context) {
		text, err := p.client.Info(ctx, "all").Result()
		p.info, p.noInfo = parseInfo(text), err
		if err == nil && p.info["run_id"] == "" {
			p.noInfo = errors.New("INFO tells no run_id")
		}
	})
	p.ask(ctx, func(ctx context.Context) {
		p.settings = map[string]string{}
		for _, name := range []string{"appendfsync", "appendonly", "no-appendfsync-on-rewrite"} {
			got, err := p.client.ConfigGet(ctx, name).Result()
			if err == nil && got[name] == "" && name == "appendfsync" {
				err = errors.New("CONFIG GET tells nothing of " + name)
			}
			if err != nil {
				p.noConfig = node.Explain(err, p.cfg.Timeout)
				return
			}
			p.settings[name] = got[name]
		}
	})
	p.ask(ctx, func(ctx context.Context) {
		heard, err := p.client.PubSubNumSub(ctx, "__sentinel__:hello").Result()
		p.sentinel, p.noSentinel = err == nil && heard["__sentinel__:hello"] > 0, err
	})
	p.ask(ctx, p.readClock)
	if p.user = p.client.Options().Username; p.user == "" {
		p.user = "default"
	}
	if !p.cfg.Plain {
		p.standing, p.noStand = node.Stand(ctx, p.client, p.cfg.policy(), p.cfg.Timeout)
	}
	p.lacks, p.noLacks = node.Lacking(ctx, p.client, !p.cfg.Plain, p.cfg.Timeout)
	p.keys = map[string]error{}
	for _, key := range p.cfg.Keys {
		p.keys[key] = node.Allows(ctx, p.client, key, p.cfg.Timeout)
	}
	p.ask(ctx, p.resolve)
}

// reach measures round trips. What is refused was answered as well.
func (p *patient) reach(ctx context.Context) error {
	for i := range pings + 1 {
		var err error
		start := time.Now()
		p.ask(ctx, func(ctx context.Context) { err = p.client.Ping(ctx).Err() })
		took := time.Since(start)
		if err != nil && (!saysNoPerm(err)) {
			return node.Explain(err, p.cfg.Timeout)
		}
		if i > 0 { // the first one opens the connection
			p.rtts = append(p.rtts, took)
		}
	}
	slices.Sort(p.rtts)
	p.RTT = ms(p.rtts[len(p.rtts)/2])
	return nil
}

func saysNoPerm(err error) bool { return redis.HasErrorPrefix(err, "NOPERM") }

// readClock finds out how far the node's clock is ahead of ours, by the reply that came back fastest.
func (p *patient) readClock(ctx context.Context) {
	best := time.Hour
	for range 3 {
		sent := time.Now()
		shown, err := p.client.Time(ctx).Result()
		took := time.Since(sent)
		if err != nil {
			return
		}
		if took < best {
			best, p.ahead, p.told = took, shown.Sub(sent.Add(took/2)), true
		}
	}
}

// resolve finds out on which machine the node is.
func (p *patient) resolve(ctx context.Context) {
	host, _, err := net.SplitHostPort(p.Addr)
	if err == nil {
		p.ips, _ = net.DefaultResolver.LookupHost(ctx, host)
	}
}

// ask does something within the node's timeout.
func (p *patient) ask(ctx context.Context, do func(ctx context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	do(ctx)
}

// parseInfo reads INFO's reply.
func parseInfo(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && !strings.HasPrefix(name, "#") {
			fields[name] = value
		}
	}
	return fields
}

// ms are the milliseconds of d, in full µs.
func ms(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
