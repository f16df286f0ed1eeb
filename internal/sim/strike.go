package sim

// strike has a fault happen, and plans its end.
func (w *world) strike(f Fault) {
	if f.Client >= len(w.processes) || f.Node >= len(w.servers) {
		return // of a run that was shrunk
	}
	applied := false
	switch {
	case f.Kind < ClientCrash:
		applied = w.strikeNode(f)
	case f.Kind < LinkOut:
		applied = w.strikeClient(f)
	default:
		applied = true
		w.strikeLinks(f)
	}
	if applied {
		w.report.Faults[f.Kind]++
		if w.telling() {
			w.tell(Struck, "", "%v", f)
		}
	}
}

func (w *world) strikeNode(f Fault) bool {
	s := w.servers[f.Node]
	if s.down || s.replica && f.Kind <= NodeDemote || f.Kind == NodeRestart && w.cfg.Durable && s.former != "0" && !s.seen {
		return false // a restart hides a promotion that nobody has seen, which no durable node may have had
	}
	switch f.Kind {
	case NodeEvict:
		if !s.evicts {
			return false
		}
		s.evict()
	case NodeDemote:
		s.demote(w.now - f.By)
		life := s.life
		w.push(w.now+f.For, func() {
			if s.life == life {
				s.promote()
			}
		})
	case NodePause:
		s.paused++
		life := s.life
		w.push(w.now+f.For, func() {
			if s.life == life {
				s.resume()
			}
		})
	case NodeBack, NodeNudge, NodeForward:
		if f.Kind == NodeNudge && s.nudged != 0 && w.now-s.nudged < 2*w.cfg.Longest {
			return false // together they would be more than the drift of one lease
		}
		if f.Kind == NodeNudge {
			s.nudged = w.now
		}
		s.clock.step(w.now, f.By)
		if f.By < 0 {
			s.setBack = w.now
		}
	case NodeFlush:
		s.remember()
		s.node.Flush()
		s.flushed = true
	default:
		w.crash(s, f)
	}
	return true
}

// crash ends a server's process and begins a new one with what is left of its memory.
func (w *world) crash(s *server, f Fault) {
	former := "0"
	switch f.Kind {
	case NodeEmpty:
		s.remember()
		s.node.Flush()
	case NodeSnapshot, NodeTail:
		s.rewind(w.now - f.By)
	case NodePromote:
		s.rewind(w.now - f.By)
		former = s.history
	}
	s.down = true
	s.backlog = nil
	w.cut(s)
	w.push(w.now+f.For, func() {
		s.begin()
		s.former = former
	})
}

// cut breaks the connections of a server that crashed: half of the clients hear of it at once.
func (w *world) cut(s *server) {
	for slot, p := range w.processes {
		k := &w.links[slot][s.index]
		if s.index >= len(p.lanes) || k.r.IntN(2) == 0 || k.in > 0 {
			continue
		}
		if l := p.lanes[s.index]; l.x != nil && l.conn != nil {
			w.hear(l.conn, l.x)
		}
	}
}

func (w *world) strikeClient(f Fault) bool {
	p := w.processes[f.Client]
	switch {
	case p.dead:
		return false
	case f.Kind == ClientCrash:
		p.crash()
		w.push(w.now+f.For, func() {
			p.clock.suspend(w.now, false)
			w.enter(f.Client, p.clock)
		})
	case f.Kind == ClientFreeze:
		p.stopped++
		w.push(w.now+f.For, p.resume)
	case f.Kind == ClientSuspend:
		if p.clock.suspended || !p.sleeps() {
			return false
		}
		p.stopped++
		p.clock.suspend(w.now, true)
		w.push(w.now+f.For, func() {
			p.clock.suspend(w.now, false)
			p.resume()
		})
	case f.Kind == ClientWall:
		if p.sleeps() {
			return false
		}
		p.clock.step(w.now, f.By)
		for _, l := range w.locks {
			w.exclusion(l)
		}
	default: // CancelStorm
		for _, wk := range p.workers {
			p.deliver(wk.giveUp)
		}
	}
	return true
}

// sleeps reports whether this is a machine that is suspended, and not one whose wall clock is set: a wall clock that is
// set back hides a suspend, and nothing is promised then.
func (p *process) sleeps() bool { return p.slot%2 == 0 }

// strikeLinks makes a fault of links begin and end.
func (w *world) strikeLinks(f Fault) {
	for slot := range w.links {
		if f.Client >= 0 && f.Client != slot {
			continue
		}
		k := &w.links[slot][f.Node]
		count := k.of(f.Kind)
		*count++
		w.push(w.now+f.For, func() {
			*count--
			k.mend()
		})
	}
}

func (k *link) of(kind Kind) *int {
	switch kind {
	case LinkOut:
		return &k.out
	case LinkIn:
		return &k.in
	case LinkLossy:
		return &k.lossy
	case LinkSlow:
		return &k.slow
	default:
		return &k.double
	}
}
