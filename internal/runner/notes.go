package runner

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// notes are what each node has said last, so that a message can tell why. Safe for concurrent use.
type notes struct {
	// stir has something in it when there is news: a line to tell, or a lease that was extended. Capacity 1.
	stir chan struct{}

	mu    sync.Mutex
	nodes []note   // guarded by mu; by the number of the node
	news  []string // guarded by mu; lines that nobody has told yet
}

type note struct {
	addr   string
	yes    bool
	reason string // why not, or that there was no answer
}

// mostNews bounds the lines that are kept for somebody who does not read them.
const mostNews = 100

func newNotes(addrs []string) *notes {
	n := &notes{stir: make(chan struct{}, 1), nodes: make([]note, len(addrs))}
	for i, addr := range addrs {
		n.nodes[i] = note{addr: addr, reason: "no answer"}
	}
	return n
}

// answered is for redlock.Observer.
func (n *notes) answered(_ context.Context, a redlock.Answer) {
	if a.Op == "unlock" {
		return
	}
	now := note{addr: a.Addr, yes: a.Yes, reason: reason(a)}
	n.mu.Lock()
	if before := n.nodes[a.Node]; before.yes != now.yes || before.reason != now.reason {
		n.nodes[a.Node] = now
		if len(n.news) < mostNews {
			n.news = append(n.news, now.line(a.After))
		}
	}
	n.mu.Unlock()
	select {
	case n.stir <- struct{}{}:
	default:
	}
}

func reason(a redlock.Answer) string {
	switch {
	case a.Yes:
		return ""
	case a.Err != nil:
		return strings.ReplaceAll(a.Err.Error(), "\n", " ")
	case a.Op == "lock":
		return "held by another owner"
	default:
		return "does not have the key any more"
	}
}

func (n note) line(after time.Duration) string {
	if n.yes {
		return fmt.Sprintf("%s: yes, after %v", n.addr, round(after))
	}
	return n.addr + ": " + n.reason
}

// take returns the lines that nobody has told yet.
func (n *notes) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	news := n.news
	n.news = nil
	return news
}

// votes returns how many nodes have said yes last.
func (n *notes) votes() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	yes := 0
	for _, node := range n.nodes {
		if node.yes {
			yes++
		}
	}
	return yes
}

// against returns why the nodes that have not said yes did not, in one line.
func (n *notes) against() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var why []string
	for _, node := range n.nodes {
		if !node.yes {
			why = append(why, node.addr+": "+node.reason)
		}
	}
	return strings.Join(why, "; ")
}

// round makes a duration short enough for a reader.
func round(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(time.Millisecond)
	default:
		return d.Round(10 * time.Microsecond)
	}
}
