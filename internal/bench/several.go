package bench

import (
	"context"
	"slices"
	"time"
)

// lead is how long before the warm-up the processes of a load are told to begin, so that none is late.
const lead = 50 * time.Millisecond

// measureAll warms up and measures in several processes at the same time, and returns when all have ended. The result
// is nil when ctx ended before there was anything to measure.
func (r *run) measureAll(ctx context.Context) (*found, error) {
	r.tell(Event{Kind: ProcessesStart, Count: r.cfg.Processes})
	crew, err := hire(ctx, r.cfg.Process, r.tasks())
	defer crew.dismiss()
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil
		}
		return nil, err
	}
	began := time.Now().Add(lead)
	start := began.Add(r.cfg.Warmup)
	end := start.Add(r.cfg.Duration)
	faults := r.faults(start)
	crew.begin(began)
	r.tell(Event{Kind: WarmupBegins, At: r.cfg.Warmup})
	sleep(crew.ctx, time.Until(start))
	early := ctx.Err() != nil && time.Now().Before(start)
	r.tell(Event{Kind: LoadBegins, At: r.cfg.Duration})
	r.follow(crew, start, end)
	interrupted := ctx.Err() != nil && time.Now().Before(end)
	if crew.ctx.Err() != nil {
		crew.stop()
	}
	r.tell(Event{Kind: LoadEnded})
	struck := faults.wait()
	r.tell(Event{Kind: Tidying})
	if ctx.Err() == nil && crew.ctx.Err() != nil {
		return nil, context.Cause(crew.ctx)
	}
	parts, err := crew.parts()
	if err != nil {
		return nil, err
	}
	if early || slices.Contains(parts, nil) { // some had not begun to measure when the others were stopped
		return nil, nil
	}
	return &found{parts: parts, started: start, interrupted: interrupted, faults: struck}, nil
}

// tasks says what each process is to do.
func (r *run) tasks() []task {
	tasks := make([]task, r.cfg.Processes)
	for i := range tasks {
		tasks[i] = task{Config: r.cfg, Process: i, Prefix: r.prefix, Addrs: r.addrs}
	}
	return tasks
}

// follow tells of the progress until end, or until ctx ends, or a process does.
func (r *run) follow(c *crew, start, end time.Time) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	over := time.NewTimer(time.Until(end))
	defer over.Stop()
	for {
		select {
		case <-ticker.C:
			completed, newest := c.progress()
			r.progress(start, completed, newest)
		case <-over.C:
			return
		case <-c.ctx.Done():
			return
		}
	}
}
