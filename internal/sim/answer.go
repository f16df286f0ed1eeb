package sim

import "slices"

// This file is the twin of how internal/node's exchange.go reads what a node replied to a batch.

// tellsTime reports whether the replies to a batch tell the node's clock: all scripts do but those of releases that leave no
// tombstones, and of several of them.
func (r *request) tellsTime() bool {
	for i := range r.commands {
		if r.commands[i].Op != OpRelease {
			return true
		}
	}
	return len(r.commands) == 1 && r.grace > 0
}

// read settles the calls of a batch by what the node replied.
func (l *lane) read(x *exchange, r *request, reply response) {
	if r.told {
		l.reviews(x, *reply.survey)
	}
	if !reply.readOnly && r.tellsTime() {
		l.observe(x, reply.clock)
	}
	asked := 0
	for i := range x.calls {
		c := &x.calls[i]
		switch {
		case c.settled:
			continue
		case reply.readOnly:
			c.settled, c.reply = true, answer{err: readOnly}
			continue
		}
		l.settle(c, reply.results[asked])
		asked++
	}
	for i := range x.calls {
		if !x.calls[i].settled {
			l.again(x.calls[i+1:], x.calls[i].Key)
		}
	}
	x.doubted = l.looked != l.opened && slices.ContainsFunc(x.calls, func(c call) bool { return c.doubtful() })
}

// settle settles a call by what the node said to it, unless it has to be asked again.
func (l *lane) settle(c *call, result Result) {
	c.settled = true
	switch {
	case c.Op != OpGrant:
		c.reply = answer{yes: result.Code == 1}
	case result.Code == CodeLate && l.p.mono() < l.steady:
		c.reply = answer{err: clockStepped}
	case result.Code == CodeLate:
		c.reply = answer{err: tooLate}
	case result.Code == CodeForgotten:
		l.meta, l.looked = "", 0
		c.settled = false
		l.p.w.report.refused(forgotten)
	case result.Code == CodeQuarantine:
		c.reply = answer{err: quarantined}
	case result.Code == CodeUndone:
		c.reply = answer{err: undone}
	case result.Code == 1 && l.p.mono() < l.steady:
		c.reply = answer{err: clockStepped}
	case result.Code == 1:
		c.reply = answer{yes: true, fence: c.Fence}
		if result.Value != 0 {
			c.reply.fence = uint64(result.Value)
		}
	default:
		c.reply = answer{}
	}
}

// again keeps the order of one key when a command for it has to be asked again: the later ones were carried out ahead of
// it.
func (l *lane) again(later []call, key string) {
	for i := range later {
		c := &later[i]
		if l.p.w.cfg.Mutant == OrderLost || c.Key != key || !c.settled || c.reply.err != none || c.reply.yes && c.Op != OpRelease {
			continue
		}
		c.settled = false
		l.p.w.report.Repeated++
		if c.s != nil && c.Op == OpRelease {
			c.s.facts.nodes[l.index].undone = 0 // not yet
		}
	}
}
