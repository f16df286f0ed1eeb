package access

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
)

// To look whether settings make sense touches nobody's node: a server that was asked by mistake could be declared new, and
// vote although it has forgotten locks.
func TestTryAsksNobody(t *testing.T) {
	var told []string
	var given locker
	try := func(addrs []string) error {
		return Try(addrs, func(addrs []string) (*locker, error) {
			told = addrs
			return &given, nil
		})
	}
	if err := try(nil); err != nil || !given.closed {
		t.Errorf("got the error %v, closed: %t; want none, and closed", err, given.closed)
	}
	documentation := netip.MustParsePrefix("192.0.2.0/24") // which no network routes
	if len(told) != 1 || !documentation.Contains(netip.MustParseAddrPort(told[0]).Addr()) {
		t.Errorf("got the addresses %v, want one of %v, where nobody is", told, documentation)
	}
	if err := try([]string{"a:1", "b:2"}); err != nil || !slices.Equal(told, []string{"a:1", "b:2"}) {
		t.Errorf("got the addresses %v and the error %v, want those that were said", told, err)
	}
	given.err = errors.New("cannot be closed")
	if err := try(nil); !errors.Is(err, given.err) {
		t.Errorf("got the error %v, want that of Close", err)
	}
}

func TestTrySaysWhatIsWrong(t *testing.T) {
	err := Try(nil, func([]string) (*locker, error) { return nil, errors.New("redlock: a TTL of 1ms is too short") })
	if want := "a TTL of 1ms is too short"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

type locker struct {
	err    error
	closed bool
}

func (l *locker) Close() error {
	l.closed = true
	return l.err
}
