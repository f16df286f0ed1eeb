package bench

import (
	"strconv"
	"strings"
	"time"
)

// Millis is a duration that JSON shows as a number of milliseconds, to the nanosecond.
type Millis time.Duration

// MarshalJSON implements json.Marshaler.
func (m Millis) MarshalJSON() ([]byte, error) {
	return scaled(time.Duration(m), time.Millisecond, 6), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Millis) UnmarshalJSON(text []byte) error {
	d, err := unscaled(text, time.Millisecond)
	*m = Millis(d)
	return err
}

// Seconds is a duration that JSON shows as a number of seconds, to the microsecond.
type Seconds time.Duration

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) { return scaled(time.Duration(s), time.Second, 6), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (s *Seconds) UnmarshalJSON(text []byte) error {
	d, err := unscaled(text, time.Second)
	*s = Seconds(d)
	return err
}

// scaled writes d in units, without zeros at the end.
func scaled(d, unit time.Duration, decimals int) []byte {
	text := strconv.FormatFloat(float64(d)/float64(unit), 'f', decimals, 64)
	return []byte(strings.TrimRight(strings.TrimRight(text, "0"), "."))
}

func unscaled(text []byte, unit time.Duration) (time.Duration, error) {
	value, err := strconv.ParseFloat(string(text), 64)
	return time.Duration(value*float64(unit) + 0.5), err
}

// String is m with three digits, in the unit that suits it.
func (m Millis) String() string { return Short(time.Duration(m)) }

// Short returns d with three digits, in the unit that suits it: 0.082ms, 1.24ms, 13.4ms, 2.02s.
func Short(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < time.Second:
		return digits(float64(d)/float64(time.Millisecond)) + "ms"
	default:
		return digits(d.Seconds()) + "s"
	}
}

func digits(v float64) string {
	switch {
	case v < 1:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
}
