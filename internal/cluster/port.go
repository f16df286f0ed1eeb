package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Nodes keep their port through kill and start, and nothing holds it for them in between. So ports come from
// below the range out of which kernels choose ports for outgoing connections (Linux 32768, macOS and
// Windows 49152): only a program that asks for this very number can steal one.
const (
	firstPort = 20000
	lastPort  = 31999
)

var ports = struct {
	sync.Mutex
	used map[int]bool // guarded by the mutex: handed out by this process and not released
}{used: map[int]bool{}}

// pickPort returns a port of 127.0.0.1 on which nobody listens at this moment.
func pickPort() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	var last error
	for range 200 {
		p := firstPort + rand.IntN(lastPort-firstPort+1)
		if ports.used[p] {
			continue
		}
		l, err := net.Listen("tcp", localAddr(p))
		if err != nil {
			last = err
			continue
		}
		l.Close()
		ports.used[p] = true
		return p, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d: %w", firstPort, lastPort, last)
}

func releasePort(p int) {
	ports.Lock()
	defer ports.Unlock()
	delete(ports.used, p)
}

func localAddr(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
