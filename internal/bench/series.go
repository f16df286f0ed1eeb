package bench

import "time"

// series is what happened in each of many short intervals of the measured part. It is not safe for concurrent use.
type series struct {
	Interval  time.Duration `json:"interval"`
	Intervals []interval    `json:"intervals"`
}

type interval struct {
	Latencies histogram `json:"latencies"`
	Completed int64     `json:"completed"`
	Failed    int64     `json:"failed"`
	Memory    uint64    `json:"memory"` // at most; 0 when nobody looked
}

// newSeries divides duration into about a hundred intervals of a round length. It takes all the memory that it needs at
// once, so that what the process holds more of later is not due to it.
func newSeries(duration time.Duration) *series {
	length := roundInterval(duration)
	s := &series{Interval: length, Intervals: make([]interval, (duration+length-1)/length)}
	for i := range s.Intervals {
		s.Intervals[i].Latencies = newHistogram(2)
	}
	return s
}

// roundInterval returns the shortest of 10, 20, 50, 100, … ms of which no more than 120 fill duration.
func roundInterval(duration time.Duration) time.Duration {
	for length := 10 * time.Millisecond; ; length *= 10 {
		for _, factor := range []time.Duration{1, 2, 5} {
			if duration/(length*factor) <= 120 {
				return length * factor
			}
		}
	}
}

// at returns the interval that offset is in, or nil.
func (s *series) at(offset time.Duration) *interval {
	i := int(offset / s.Interval)
	if offset < 0 || i >= len(s.Intervals) {
		return nil
	}
	return &s.Intervals[i]
}

func (s *series) completed(offset time.Duration) {
	if one := s.at(offset); one != nil {
		one.Completed++
	}
}

func (s *series) failed(offset time.Duration) {
	if one := s.at(offset); one != nil {
		one.Failed++
	}
}

// remember takes how much memory the process holds.
func (s *series) remember(offset time.Duration, bytes uint64) {
	if one := s.at(offset); one != nil {
		one.Memory = max(one.Memory, bytes)
	}
}

func (s *series) latency(offset, took time.Duration) {
	one := s.at(offset)
	if one == nil {
		return
	}
	one.Latencies.record(took)
}

// points returns the figures of the intervals that have begun before the given offset.
func (s *series) points(until time.Duration) []Point {
	var points []Point
	for i := range s.Intervals {
		start := time.Duration(i) * s.Interval
		if start >= until {
			break
		}
		points = append(points, s.point(i, min(s.Interval, until-start)))
	}
	return points
}

// lately is what happened in the newest intervals of a series: a second, or one interval if that is longer.
type lately struct {
	First     time.Duration `json:"first"`  // when they begin
	Length    time.Duration `json:"length"` // of all of them; 0 when there is none
	Completed int64         `json:"completed"`
	Failed    int64         `json:"failed"`
	Latencies histogram     `json:"latencies"`
}

// newest returns what happened lately, before the end of the interval that offset is in.
func (s *series) newest(offset time.Duration) lately {
	last := min(int(offset/s.Interval), len(s.Intervals)) - 1
	first := max(0, last+1-int(max(1, time.Second/s.Interval)))
	if last < 0 {
		return lately{}
	}
	all := lately{First: time.Duration(first) * s.Interval, Length: time.Duration(last+1-first) * s.Interval, Latencies: newHistogram(2)}
	for i := first; i <= last; i++ {
		one := s.Intervals[i]
		all.Completed += one.Completed
		all.Failed += one.Failed
		all.Latencies.add(one.Latencies)
	}
	return all
}

// figures returns what happened lately as one point.
func (l lately) figures() Point {
	if l.Length == 0 {
		return Point{}
	}
	p := Point{At: Seconds(l.First), Completed: l.Completed, Failed: l.Failed, PerSecond: float64(l.Completed) / l.Length.Seconds()}
	p.latencies(l.Latencies.latency())
	return p
}

func (s *series) point(i int, length time.Duration) Point {
	one := s.Intervals[i]
	p := Point{
		At: Seconds(time.Duration(i) * s.Interval), Completed: one.Completed, Failed: one.Failed,
		PerSecond: float64(one.Completed) / length.Seconds(), Memory: one.Memory,
	}
	p.latencies(one.Latencies.latency())
	return p
}

func (p *Point) latencies(l Latency) { p.Began, p.P50, p.P99, p.Max = l.Count, l.P50, l.P99, l.Max }

// empty returns a series of the same intervals, in which nothing has happened.
func (s *series) empty() *series {
	e := &series{Interval: s.Interval, Intervals: make([]interval, len(s.Intervals))}
	for i := range e.Intervals {
		e.Intervals[i].Latencies = newHistogram(2)
	}
	return e
}

// add adds what happened in another process at the same time. Where nobody looked how much memory that held, it is
// taken to have held what it had before.
func (s *series) add(other *series) {
	var held uint64
	for i := range min(len(s.Intervals), len(other.Intervals)) {
		into, from := &s.Intervals[i], &other.Intervals[i]
		into.Latencies.add(from.Latencies)
		into.Completed += from.Completed
		into.Failed += from.Failed
		if from.Memory > 0 {
			held = from.Memory
		}
		into.Memory += held
	}
}
