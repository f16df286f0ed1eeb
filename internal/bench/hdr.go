package bench

import (
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// writePercentiles writes the percentiles of the whole cycle, in milliseconds, as HdrHistogram's plotters read them.
func writePercentiles(w io.Writer, r *Result) error {
	_, err := r.cycle.PercentilesPrint(w, 5, float64(time.Millisecond))
	return err
}

// writeLog writes an HdrHistogram log of the whole cycle, in nanoseconds, one histogram for each interval of the series.
func writeLog(w io.Writer, r *Result) error {
	log := hdrhistogram.NewHistogramLogWriter(w)
	start := r.Started.UnixMilli()
	steps := []func() error{
		log.OutputLogFormatVersion,
		func() error { return log.OutputComment(fmt.Sprintf("[redlock bench: whole cycle, %s, in ns]", Schema)) },
		func() error { return log.OutputStartTime(start) },
		log.OutputLegend,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	for i, one := range r.series.Intervals {
		if one.Latencies.empty() {
			continue
		}
		h := one.Latencies.Histogram
		h.SetStartTimeMs(start + (time.Duration(i) * r.series.Interval).Milliseconds())
		h.SetEndTimeMs(start + (time.Duration(i+1) * r.series.Interval).Milliseconds())
		if err := log.OutputIntervalHistogram(h); err != nil {
			return err
		}
	}
	return nil
}
