//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || solaris

package node

import "syscall"

// dead looks into the socket without taking anything out: a server that has gone has left an end of file or an error
// there, and one that lives has said nothing that was not read.
func dead(raw syscall.RawConn) bool {
	gone := false
	err := raw.Read(func(fd uintptr) bool {
		var peek [1]byte
		n, _, err := syscall.Recvfrom(int(fd), peek[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = n >= 0 && err == nil || err != nil && err != syscall.EAGAIN && err != syscall.EWOULDBLOCK
		return true
	})
	return gone || err != nil
}
