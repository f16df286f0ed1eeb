package access

import (
	"errors"
	"io"
	"strings"
)

// nobody stands for nodes that are not there yet: an address that nobody has (RFC 5737).
const nobody = "192.0.2.1:6379"

// Try has dial look at the addresses, and at the settings that it knows; without addresses, at the settings alone. What it
// returns is closed at once. A locker that is closed before it was used has asked no node, unless it declares them new.
func Try[L io.Closer](addrs []string, dial func(addrs []string) (L, error)) error {
	if len(addrs) == 0 {
		addrs = []string{nobody}
	}
	l, err := dial(addrs)
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "redlock: "))
	}
	return l.Close()
}
