package sim

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// world is everything of one run. Nothing in it runs at the same time as anything else.
type world struct {
	cfg Config
	now time.Duration // real time, which nobody in the world can read
	events
	servers   []*server
	processes []*process
	lives     []int // of the processes, by slot
	links     [][]link
	locks     []*lock
	ending    bool
	owners    int
	grants    uint64
	conns     int
	report    *Report
	story     func(Line)
	before    struct {
		text    string
		there   bool
		expires int64
	}
}

// Run carries out the run of cfg with the given faults, and returns what happened. It is the same whenever it is called
// with the same arguments. story is told every line of the run's story, unless it is nil.
func Run(cfg Config, faults []Fault, story func(Line)) *Report {
	w := &world{cfg: cfg, report: &Report{Runs: 1}, story: story}
	w.report.class(&cfg)
	for i := range cfg.Keys {
		w.locks = append(w.locks, newLock(w, i))
	}
	for i := range cfg.Nodes {
		w.servers = append(w.servers, newServer(w, i))
	}
	w.establish()
	w.links = make([][]link, cfg.Clients)
	for slot := range cfg.Clients {
		w.links[slot] = make([]link, cfg.Nodes)
		for i := range cfg.Nodes {
			name := strconv.Itoa(slot) + " " + strconv.Itoa(i)
			w.links[slot][i].r, w.links[slot][i].looks = fork(cfg.Seed, "link "+name), fork(cfg.Seed, "looks "+name)
		}
		r := fork(cfg.Seed, "process clock "+strconv.Itoa(slot))
		w.processes = append(w.processes, nil)
		w.lives = append(w.lives, 0)
		w.enter(slot, w.clock(r))
	}
	for _, f := range faults {
		w.push(f.At, func() { w.strike(f) })
	}
	w.push(cfg.Horizon-cfg.ending(), w.end)
	w.push(cfg.Horizon, w.leftovers)
	for len(w.heap) > 0 && w.heap[0].at <= cfg.Horizon && len(w.report.Violations) < 5 {
		e := w.pop()
		w.now = e.at
		w.report.Events++
		e.do()
	}
	if w.report.Acquired == 0 && !cfg.Beyond {
		w.violated("I12", "nobody got anything, so that the run proves nothing")
	}
	w.report.Simulated = w.now
	return w.report
}

// establish is a deployment that has been there for long, in most runs: its nodes have been told what to remember. In
// others they are new.
func (w *world) establish() {
	r := fork(w.cfg.Seed, "deployment")
	if w.cfg.Fresh || !w.cfg.Skewed && !w.cfg.Quiet && r.IntN(3) == 0 {
		return
	}
	for _, s := range w.servers {
		_, meta, _ := s.node.Boot(BootArgs{Run: s.run, History: s.survey().history, Former: s.former,
			Longest: w.cfg.Longest.Milliseconds(), Members: strconv.Itoa(w.cfg.Nodes) + ":", Stretch: w.cfg.stretch()})
		s.node.Lift(meta)
	}
}

// clock draws the clocks of a client's machine.
func (w *world) clock(r *rand.Rand) dial {
	return dial{rate: 1 + (2*r.Float64()-1)*w.cfg.Apart, mono: time.Duration(r.Int64N(int64(time.Hour))),
		wall: time.Duration(r.Int64N(int64(48*time.Hour))) - 24*time.Hour}
}

// enter begins a process.
func (w *world) enter(slot int, clocks dial) {
	p := newProcess(w, slot, w.lives[slot], clocks)
	w.lives[slot]++
	w.processes[slot] = p
	for _, wk := range p.workers {
		p.deliver(wk.think)
	}
}

// end has every caller unlock.
func (w *world) end() {
	for _, l := range w.locks {
		if w.cfg.Apart <= apart {
			w.report.Checked[8]++
		}
		w.starve(l)
	}
	w.ending = true
	for _, p := range w.processes {
		for _, wk := range p.workers {
			p.deliver(wk.stop)
		}
	}
}

// owner names a try: no owner's name is part of another's.
func (w *world) owner(wk *worker) string {
	if w.cfg.Mutant == OneOwner && wk.owner != "" {
		return wk.owner
	}
	w.owners++
	wk.owner = "o" + strconv.Itoa(10_000_000+w.owners)
	return wk.owner
}

// assumed reports whether the assumptions of the protocol hold in this run.
func (w *world) assumed() bool { return !w.cfg.Beyond }

func (w *world) violated(rule, format string, args ...any) {
	v := Violation{Seed: w.cfg.Seed, At: w.now, Rule: rule, Text: fmt.Sprintf(format, args...)}
	w.report.Violations = append(w.report.Violations, v)
	if w.telling() {
		w.tell(Violated, "", "%s: %s", rule, v.Text)
	}
}
