package bench

import "time"

// series is what happened in each of many short intervals of the measured part. It is not safe for concurrent use.
type series struct {
	interval  time.Duration
	intervals []interval
}

type interval struct {
	latencies histogram
	completed int64
	failed    int64
	memory    uint64
}

// newSeries divides duration into about a hundred intervals of a round length. It takes all the memory that it needs at
// once, so that what the process holds more of later is not due to it.
func newSeries(duration time.Duration) *series {
	length := roundInterval(duration)
	s := &series{interval: length, intervals: make([]interval, (duration+length-1)/length)}
	for i := range s.intervals {
		s.intervals[i].latencies = newHistogram(2)
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
	i := int(offset / s.interval)
	if offset < 0 || i >= len(s.intervals) {
		return nil
	}
	return &s.intervals[i]
}

func (s *series) completed(offset time.Duration) {
	if one := s.at(offset); one != nil {
		one.completed++
	}
}

func (s *series) failed(offset time.Duration) {
	if one := s.at(offset); one != nil {
		one.failed++
	}
}

// remember takes how much memory the process holds.
func (s *series) remember(offset time.Duration, bytes uint64) {
	if one := s.at(offset); one != nil {
		one.memory = max(one.memory, bytes)
	}
}

func (s *series) latency(offset, took time.Duration) {
	one := s.at(offset)
	if one == nil {
		return
	}
	one.latencies.record(took)
}

// points returns the figures of the intervals that have begun before the given offset.
func (s *series) points(until time.Duration) []Point {
	var points []Point
	for i := range s.intervals {
		start := time.Duration(i) * s.interval
		if start >= until {
			break
		}
		points = append(points, s.point(i, min(s.interval, until-start)))
	}
	return points
}

// newest returns the figures of the second, or the interval if that is longer, before the one that offset is in.
func (s *series) newest(offset time.Duration) Point {
	last := min(int(offset/s.interval), len(s.intervals)) - 1
	first := max(0, last+1-int(max(1, time.Second/s.interval)))
	if last < 0 {
		return Point{}
	}
	sum := newHistogram(2)
	var all Point
	for i := first; i <= last; i++ {
		one := s.intervals[i]
		all.Completed += one.completed
		all.Failed += one.failed
		sum.Merge(one.latencies.Histogram)
	}
	length := time.Duration(last+1-first) * s.interval
	figures := sum.latency()
	all.At, all.PerSecond = Seconds(time.Duration(first)*s.interval), float64(all.Completed)/length.Seconds()
	all.Began, all.P50, all.P99, all.Max = figures.Count, figures.P50, figures.P99, figures.Max
	return all
}

func (s *series) point(i int, length time.Duration) Point {
	one := s.intervals[i]
	p := Point{
		At: Seconds(time.Duration(i) * s.interval), Completed: one.completed, Failed: one.failed,
		PerSecond: float64(one.completed) / length.Seconds(), Memory: one.memory,
	}
	figures := one.latencies.latency()
	p.Began, p.P50, p.P99, p.Max = figures.Count, figures.P50, figures.P99, figures.Max
	return p
}
