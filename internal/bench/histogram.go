package bench

import (
	"encoding/json"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What histograms can hold, in nanoseconds; longer times count as the longest.
const (
	shortest = int64(time.Microsecond)
	longest  = int64(10 * time.Minute)
)

// histogram is latencies in nanoseconds. The zero value holds nothing, and can only be read. It is not safe for
// concurrent use.
type histogram struct{ *hdrhistogram.Histogram }

// newHistogram returns an empty histogram whose figures are right to the given number of digits, and to a microsecond.
func newHistogram(digits int) histogram {
	return histogram{hdrhistogram.New(shortest, longest, digits)}
}

func (h histogram) record(d time.Duration) {
	_ = h.RecordValue(min(max(int64(d), 0), longest)) // in range: cannot fail
}

// add adds what other holds, bucket by bucket: nothing is lost, and nothing rounded once more.
func (h histogram) add(other histogram) {
	if !other.empty() {
		h.Merge(other.Histogram)
	}
}

// copied returns what h holds now.
func (h histogram) copied() histogram { return histogram{h.Clone()} }

func (h histogram) empty() bool { return h.Histogram == nil || h.TotalCount() == 0 }

// MarshalJSON implements json.Marshaler: as a string that HdrHistograms are written as, or null of nothing.
func (h histogram) MarshalJSON() ([]byte, error) {
	if h.empty() {
		return []byte("null"), nil
	}
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(text))
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *histogram) UnmarshalJSON(text []byte) (err error) {
	var encoded string
	if err := json.Unmarshal(text, &encoded); err != nil || encoded == "" {
		h.Histogram = nil
		return err
	}
	h.Histogram, err = hdrhistogram.Decode([]byte(encoded))
	return err
}

// latency returns the figures of h.
func (h histogram) latency() Latency {
	if h.empty() {
		return Latency{}
	}
	at := func(percentile float64) Millis { return Millis(h.ValueAtPercentile(percentile)) }
	return Latency{
		Count: h.TotalCount(), Mean: Millis(h.Mean()), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9),
		Max: Millis(h.Max()),
	}
}

// curve returns the latency at percentiles that are spaced as the eye wants them: ten for each nine.
func (h histogram) curve() []Percentile {
	if h.empty() {
		return nil
	}
	count := h.TotalCount()
	var curve []Percentile
	for left := 1.0; left >= 1/float64(count); left *= 0.7943282347242815 { // the tenth root of 0.1
		p := 100 * (1 - left)
		curve = append(curve, Percentile{P: p, Latency: Millis(h.ValueAtPercentile(p))})
	}
	return append(curve, Percentile{P: 100, Latency: Millis(h.Max())})
}
