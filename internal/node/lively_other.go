//go:build !darwin && !dragonfly && !freebsd && !illumos && !linux && !netbsd && !openbsd && !solaris

package node

import "syscall"

// dead cannot look into a socket here. A command that goes out on a connection that died while it was idle fails, and
// its lane is down for a moment.
func dead(syscall.RawConn) bool { return false }
