package cluster

import (
	"strings"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// weather is what a link does to its bytes. A value is never changed; Link.set puts another in its place.
type weather struct {
	delay                       time.Duration // one way
	losesRequests, losesReplies bool
	changed                     chan struct{} // closed when this weather is over
}

// passage is the only toxic in our proxies: one in each direction, there from the first connection to the last, which
// looks at the weather for every chunk of bytes.
//
// Toxiproxy's own toxics would have to be added and removed under load, and in version 2.12 that goes wrong: a chunk
// whose receiver is gone blocks its sender for ever, which leaks goroutines when connections break, and makes
// adding or removing a toxic wait for that sender under the proxy's lock.
type passage struct {
	link *Link
	back bool            // replies; else requests
	gone <-chan struct{} // closed when the proxy is
}

// stuck is how long a receiver may refuse a chunk before its connection is given up. A hung node refuses only when the
// socket buffers are full; a receiver that is gone refuses for ever, and toxiproxy does not tell the two apart.
const stuck = 30 * time.Second

func init() { toxics.Register("quorumlock_passage", new(passage)) }

// addPassages prepares a proxy that has not started yet.
func addPassages(proxy *toxiproxy.Proxy, l *Link, gone <-chan struct{}) error {
	for direction, back := range map[string]bool{"upstream": false, "downstream": true} {
		added, err := proxy.Toxics.AddToxicJson(strings.NewReader(
			`{"name":"` + direction + `","type":"quorumlock_passage","stream":"` + direction + `"}`))
		if err != nil {
			return err
		}
		p := added.Toxic.(*passage)
		p.link, p.back, p.gone = l, back, gone
	}
	return nil
}

// GetBufferSize lets chunks queue up behind a delay, so that each is late and none is later than that.
func (p *passage) GetBufferSize() int { return 1024 }

// Pipe carries the chunks of one connection in one direction until either end closes it.
func (p *passage) Pipe(stub *toxics.ToxicStub) {
	holed := false // this connection lost bytes
	for {
		w := p.link.weather.Load()
		if holed && !p.loses(w) {
			abandon(stub)
			return
		}
		select {
		case <-stub.Interrupt: // toxiproxy wants to run another toxic here; ours never do
			return
		case <-w.changed:
		case c := <-stub.Input:
			switch {
			case c == nil: // the sender closed
				stub.Close()
				return
			case !p.ripen(c) || p.loses(p.link.weather.Load()):
				holed = true
			case !p.deliver(stub, c):
				abandon(stub)
				return
			}
		}
	}
}

func (p *passage) loses(w *weather) bool {
	if p.back {
		return w.losesReplies
	}
	return w.losesRequests
}

// ripen waits until c is as late as the weather wants it; false when the proxy goes first.
func (p *passage) ripen(c *stream.StreamChunk) bool {
	for {
		w := p.link.weather.Load()
		left := w.delay - time.Since(c.Timestamp)
		if left <= 0 {
			return true
		}
		t := time.NewTimer(left)
		select {
		case <-t.C:
		case <-w.changed:
		case <-p.gone:
			t.Stop()
			return false
		}
		t.Stop()
	}
}

func (p *passage) deliver(stub *toxics.ToxicStub, c *stream.StreamChunk) bool {
	select { // mostly at once, and without a timer
	case stub.Output <- c:
		return true
	case <-p.gone:
		return false
	default:
	}
	t := time.NewTimer(stuck)
	defer t.Stop()
	select {
	case stub.Output <- c:
		return true
	case <-p.gone:
	case <-t.C:
	}
	return false
}

// abandon breaks the connection, and swallows what its sender still sends, so that nobody waits for us.
func abandon(stub *toxics.ToxicStub) {
	stub.Close()
	for range stub.Input {
	}
}
