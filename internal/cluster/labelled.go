package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

// Container is a node that somebody else runs in a container, and that may be killed and paused. It is never removed, and
// its data are never touched.
type Container struct {
	pool *dockertest.Pool
	id   string
	addr string
}

// Labelled returns the containers that have a label, NAME or NAME=VALUE, in the order of the addresses, host:port, at which
// clients reach them. The error says which address is nobody's, or whose is not clear.
func Labelled(ctx context.Context, label string, addrs []string) ([]*Container, error) {
	pool, err := engine(ctx)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	list, err := pool.Client.ListContainers(docker.ListContainersOptions{
		All: true, Filters: map[string][]string{"label": {label}}, Context: ctx,
	})
	if err != nil {
		return nil, fmt.Errorf("cluster: list containers: %w", err)
	}
	all := make([]*Container, len(addrs))
	for i, addr := range addrs {
		var found []string
		for _, c := range list {
			if reachedAt(c, addr) {
				found = append(found, c.ID)
			}
		}
		switch len(found) {
		case 1:
			all[i] = &Container{pool: pool, id: found[0], addr: addr}
		case 0:
			return nil, fmt.Errorf("cluster: of %d containers with label %s, none that runs is reached at %s", len(list), label, addr)
		default:
			return nil, fmt.Errorf("cluster: %d containers with label %s are reached at %s", len(found), label, addr)
		}
	}
	return all, nil
}

// reachedAt reports whether a container is what listens at addr: by a port that is published on this machine, or by its
// own address on one of its networks.
func reachedAt(c docker.APIContainers, addr string) bool {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	port, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return false
	}
	for _, p := range c.Ports {
		if p.PublicPort == port && isLocal(host) {
			return true
		}
	}
	for _, network := range c.Networks.Networks { // all of its ports are reached there
		if network.IPAddress == host {
			return true
		}
	}
	return false
}

// isLocal reports whether a host is this machine.
func isLocal(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	if ip == nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	mine, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(mine, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}

// Kill ends the container's process as SIGKILL does. A policy that restarts it at once is the user's to know.
func (c *Container) Kill(ctx context.Context) error {
	err := c.pool.Client.KillContainer(docker.KillContainerOptions{ID: c.id, Signal: docker.SIGKILL, Context: ctx})
	return c.explain("kill", err)
}

// Start starts it again and returns when it answers at its address.
func (c *Container) Start(ctx context.Context, _ Memory) error {
	err := c.pool.Client.StartContainerWithContext(c.id, nil, ctx)
	var running *docker.ContainerAlreadyRunning
	if errors.As(err, &running) {
		err = nil
	}
	if err == nil {
		err = Listens(ctx, c.addr)
	}
	return c.explain("start", err)
}

// Obeys says that nobody but its owner can make it forget.
func (c *Container) Obeys(memory Memory) error {
	if memory == Forget {
		return errors.New("a container that is not ours keeps its data")
	}
	return nil
}

// Pause hangs it, and Resume undoes that.
func (c *Container) Pause(context.Context) error {
	return c.explain("pause", c.pool.Client.PauseContainer(c.id))
}

// Resume lets it go on.
func (c *Container) Resume(context.Context) error {
	return c.explain("resume", c.pool.Client.UnpauseContainer(c.id))
}

// Log returns what it has written so far.
func (c *Container) Log(ctx context.Context) (string, error) {
	var out bytes.Buffer
	err := c.pool.Client.Logs(docker.LogsOptions{
		Context: ctx, Container: c.id, OutputStream: &out, ErrorStream: &out, Stdout: true, Stderr: true,
		InactivityTimeout: 10 * time.Second,
	})
	return out.String(), c.explain("log", err)
}

func (c *Container) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cluster: %s container %.12s (%s): %w", op, c.id, c.addr, err)
}

// Listens returns when somebody accepts connections at addr, or an error when nobody does within 20 seconds. It does not
// ask anything: the node may want a password first.
func Listens(ctx context.Context, addr string) error {
	const bound = 20 * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, bound, fmt.Errorf("nobody listens within %s", bound))
	defer cancel()
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		if sleep(ctx, 20*time.Millisecond) != nil {
			return context.Cause(ctx)
		}
	}
}
