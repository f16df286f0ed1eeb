package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Link is the network between clients and one node: a toxiproxy inside this process. It shapes the bytes of whole
// connections; it does not know commands. Each of Slow, BlackHole and DropReplies replaces what was set before, and
// applies to connections that are open as well as to new ones. It is safe for concurrent use.
//
// What is lost is lost: ending a BlackHole or DropReplies breaks the connections that it had, because a
// stream with a hole in it would pair replies with the wrong requests.
type Link struct {
	listen, upstream string

	mu     sync.Mutex // guards the fields below
	proxy  *toxiproxy.Proxy
	toxics []string // what is set, as toxiproxy's JSON
	lossy  bool     // the toxics lose bytes
	open   bool     // the proxy listens
}

func newLink(listen, upstream string) *Link {
	return &Link{listen: listen, upstream: upstream}
}

// Slow makes every round trip longer by delay, half of it on the way there and half on the way back. It counts in
// milliseconds: anything shorter is one, and 0 is Restore.
func (l *Link) Slow(delay time.Duration) error {
	if delay <= 0 {
		return l.Restore()
	}
	ms := max(1, delay.Milliseconds())
	return l.set(false,
		fmt.Sprintf(`{"name":"slow_there","type":"latency","stream":"upstream","attributes":{"latency":%d}}`, ms/2),
		fmt.Sprintf(`{"name":"slow_back","type":"latency","stream":"downstream","attributes":{"latency":%d}}`, ms-ms/2))
}

// BlackHole loses every byte in both directions; connections stay open. New connections are accepted, and are
// as silent (a real black hole would also swallow the handshake).
func (l *Link) BlackHole() error {
	return l.set(true,
		`{"name":"hole_there","type":"timeout","stream":"upstream","attributes":{"timeout":0}}`,
		`{"name":"hole_back","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`)
}

// DropReplies lets requests reach the node, which obeys them, and loses the replies; connections stay open.
func (l *Link) DropReplies() error {
	return l.set(true, `{"name":"drop_replies","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`)
}

// Restore makes the link a good one again.
func (l *Link) Restore() error { return l.set(false) }

func (l *Link) set(lossy bool, toxics ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	wasLossy := l.lossy
	l.toxics, l.lossy = toxics, lossy
	if !l.open { // the next proxy will have them
		return nil
	}
	if wasLossy {
		// A new proxy, and the old one goes with its toxics. Removing a timeout toxic from a running
		// toxiproxy 2.12 leaks the goroutines of every connection on which a byte is still on its way.
		l.shut()
		return l.listenLocked()
	}
	l.proxy.Toxics.ResetToxics(context.Background())
	return l.apply()
}

// up makes the proxy listen. A nil link, that of a node without a proxy, is up and down at will.
func (l *Link) up() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open {
		return nil
	}
	return l.listenLocked()
}

// down makes the proxy refuse, and breaks the connections through it.
func (l *Link) down() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut()
	return nil
}

func (l *Link) listenLocked() error {
	logger := zerolog.Nop()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), logger)
	l.proxy = toxiproxy.NewProxy(server, l.listen, l.listen, l.upstream)
	if err := l.apply(); err != nil { // before the first connection
		return err
	}
	err := l.proxy.Start()
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("proxy: %w: %v", errPortTaken, err)
	}
	l.open = err == nil
	return err
}

func (l *Link) apply() error {
	for _, t := range l.toxics {
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(t)); err != nil {
			return fmt.Errorf("proxy: %s: %w", t, err)
		}
	}
	return nil
}

// shut stops the proxy. Delays go first, so that nothing sleeps on in a proxy that is gone.
func (l *Link) shut() {
	if !l.open {
		return
	}
	l.open = false
	if !l.lossy {
		l.proxy.Toxics.ResetToxics(context.Background())
	}
	l.proxy.Stop()
}
