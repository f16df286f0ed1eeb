package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Link is the network between clients and one node: a toxiproxy inside this process. It shapes the bytes of whole
// connections; it does not know commands. Each of Slow, BlackHole and DropReplies replaces what was set before, and
// applies to connections that are open as well as to new ones. It is safe for concurrent use.
//
// What is lost is lost: when a BlackHole or DropReplies ends, the connections that lost bytes by it break, because a
// stream with a hole in it would pair replies with the wrong requests.
type Link struct {
	listen, upstream string
	weather          atomic.Pointer[weather] // what connections meet now

	mu    sync.Mutex // guards the fields below
	proxy *toxiproxy.Proxy
	gone  chan struct{} // closed when the proxy is; nil when it does not listen
}

func newLink(listen, upstream string) *Link {
	l := &Link{listen: listen, upstream: upstream}
	l.weather.Store(&weather{changed: make(chan struct{})})
	return l
}

// Slow makes every round trip longer by delay, half of it on the way there and half on the way back.
// Zero or less is Restore.
func (l *Link) Slow(delay time.Duration) error {
	return l.set(weather{delay: max(0, delay) / 2})
}

// BlackHole loses every byte in both directions; connections stay open. New connections are accepted, and are
// as silent (a real black hole would also swallow the handshake).
func (l *Link) BlackHole() error {
	return l.set(weather{losesRequests: true, losesReplies: true})
}

// DropReplies lets requests reach the node, which obeys them, and loses the replies; connections stay open.
func (l *Link) DropReplies() error {
	return l.set(weather{losesReplies: true})
}

// Restore makes the link a good one again.
func (l *Link) Restore() error { return l.set(weather{}) }

// set cannot fail today; the methods above return an error so that a proxy out of process could.
func (l *Link) set(w weather) error {
	w.changed = make(chan struct{})
	close(l.weather.Swap(&w).changed)
	return nil
}

// up makes the proxy listen. A nil link, that of a node without a proxy, is up and down at will.
func (l *Link) up() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone != nil {
		return nil
	}
	logger := zerolog.Nop()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), logger)
	proxy, gone := toxiproxy.NewProxy(server, l.listen, l.listen, l.upstream), make(chan struct{})
	if err := addPassages(proxy, l, gone); err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	// A port that we have just closed can still be busy: a child that is being forked at this moment has a copy of
	// the listener until it execs.
	err := retryPort(context.Background(), func() error {
		err := proxy.Start()
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("proxy: %w: %v", errPortTaken, err)
		}
		return err
	})
	if err == nil {
		l.proxy, l.gone = proxy, gone
	}
	return err
}

// down makes the proxy refuse, and breaks the connections through it.
func (l *Link) down() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone == nil {
		return nil
	}
	close(l.gone)
	l.proxy.Stop()
	l.proxy, l.gone = nil, nil
	return nil
}
