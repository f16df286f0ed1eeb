package runner

import (
	"testing"
	"time"
)

// A lease of which nothing is left is over, and not over in 0s.
func TestALeaseThatIsOverIsSaidToBe(t *testing.T) {
	for left, want := range map[time.Duration][2]string{
		time.Second: {" in 1s", "1s before its lease is over"},
		0:           {"", "after its lease was over"},
		-1:          {"", "after its lease was over"},
	} {
		if got := [2]string{in(left), before(left)}; got != want {
			t.Errorf("%v: got %q, want %q", left, got, want)
		}
	}
}
