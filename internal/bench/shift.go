package bench

import (
	"context"
	"time"
)

// drain is how long locks that are under way at the end are waited for.
const drain = 2 * time.Second

// shift is the load of one process, from the warm-up until every lock is given back.
type shift struct {
	cfg     Config
	answers *answers
	rec     *recorder
	ctx     context.Context // of what may begin
	start   time.Time       // of the measured part
	spent   spent           // in it
	ended   time.Time       // when it was over, or cut

	giveUp context.CancelFunc // gives up the locks that are waited for
	worked chan struct{}      // closed when no worker works any more
}

// newShift begins to load, now or at the given time, and measures when the warm-up is over. No cycle begins after ctx
// has ended. The shift must be finished.
func newShift(ctx context.Context, cfg Config, process int, prefix string, l locker, a *answers, began time.Time) *shift {
	life, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	workers := cfg.Workers
	if cfg.Rate > 0 {
		workers = 0 // a lock goes to whoever is free
	}
	start := began.Add(cfg.Warmup)
	s := &shift{
		cfg: cfg, answers: a, rec: newRecorder(start, cfg.Duration, workers), ctx: ctx, start: start,
		giveUp: giveUp, worked: make(chan struct{}),
	}
	work := &load{
		cfg: cfg, process: process, locker: l, rec: s.rec, keys: cfg.Keys.choosers(prefix, cfg.Seed), stop: ctx, life: life,
	}
	go func() {
		defer close(s.worked)
		sleep(ctx, time.Until(began))
		work.run(began, start.Add(cfg.Duration))
	}()
	return s
}

// measure returns when the measured part is over, or cut because ctx ended. It calls begun at its beginning, and
// meanwhile tick, every now and then.
func (s *shift) measure(begun, tick func()) {
	sleep(s.ctx, time.Until(s.start))
	before := readUsage()
	s.answers.on.Store(true)
	begun()
	s.watch(tick)
	s.ended = time.Now()
	s.rec.cut(s.ended)
	s.answers.on.Store(false)
	s.spent = readUsage().since(before)
}

// watch ticks until the measured part is over or ctx ends, and sees how much memory this process holds.
func (s *shift) watch(tick func()) {
	ticker := time.NewTicker(min(100*time.Millisecond, s.rec.series.Interval))
	defer ticker.Stop()
	over := time.NewTimer(time.Until(s.start.Add(s.cfg.Duration)))
	defer over.Stop()
	for {
		select {
		case now := <-ticker.C:
			s.rec.remember(now, memoryNow())
			tick()
		case <-over.C:
			return
		case <-s.ctx.Done():
			return
		}
	}
}

// finish waits a little for the locks that are under way, gives up the others, and returns what was found; nil when ctx
// ended before there was anything to measure.
func (s *shift) finish() *part {
	defer s.giveUp()
	select {
	case <-s.worked:
	case <-time.After(drain):
		s.giveUp()
		<-s.worked
	}
	if !s.ended.After(s.start) {
		return nil
	}
	p := &part{Spent: s.spent}
	s.rec.fill(p)
	s.answers.fill(p)
	return p
}
