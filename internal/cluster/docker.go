package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

// dockerNode is a container on Docker's default network, with Redis published on a fixed port of 127.0.0.1: a port
// chosen by Docker would change whenever the container starts again.
type dockerNode struct {
	pool  *dockertest.Pool
	image string
	name  string // known before the container is, so that a half-made one can be found
	port  int
	args  []string
	id    string // "" before the first start
	off   bool   // taken off its network, and not put back
}

const (
	redisPort     = docker.Port("6379/tcp")
	bridgeNetwork = "bridge"
)

func dockerFactory(ctx context.Context, spec Spec) (factory, error) {
	pool, err := engine(ctx)
	if err != nil {
		return factory{}, err
	}
	n, err := cleanContainers(ctx, pool)
	if n > 0 {
		spec.Logf("removed %d containers that a crashed run had left", n)
	}
	var image string
	if err == nil {
		image, err = pickImage(ctx, pool, spec.Logf)
	}
	if err != nil {
		return factory{}, err
	}
	args := append([]string{"redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"}, spec.redisArgs()...)
	return factory{
		make: func(port int) (backend, error) {
			name := fmt.Sprintf("quorumlock-%d-%d", os.Getpid(), port)
			return &dockerNode{pool: pool, image: image, name: name, port: port, args: args}, nil
		},
		close: func() error { return nil },
	}, nil
}

// start starts the container again to Keep its data, which live in it, and makes a new one to Forget.
func (d *dockerNode) start(ctx context.Context, mem Memory) error {
	if d.id != "" && mem == Keep {
		if d.off { // a container stays off its network when it starts again
			if err := d.connect(ctx); err != nil {
				return err
			}
		}
		return portError(d.pool.Client.StartContainerWithContext(d.id, nil, ctx))
	}
	if err := removeContainer(ctx, d.pool, d.name); err != nil {
		return err
	}
	d.id, d.off = "", false
	res, err := d.run()
	if err == nil {
		err = ctx.Err() // dockertest knows no context: this is the first chance to see that it ended
	}
	if err != nil {
		clean, cancel := detached(ctx)
		defer cancel()
		return errors.Join(portError(err), removeContainer(clean, d.pool, d.name))
	}
	d.id = res.Container.ID
	return nil
}

func (d *dockerNode) run() (*dockertest.Resource, error) {
	repository, tag := splitImage(d.image)
	return d.pool.RunWithOptions(&dockertest.RunOptions{
		Name: d.name, Repository: repository, Tag: tag, Cmd: d.args, WorkingDir: dataDir,
		Labels:       map[string]string{labelOurs: "1", labelOwner: self().String()},
		ExposedPorts: []string{string(redisPort)},
		PortBindings: map[docker.Port][]docker.PortBinding{redisPort: {{HostIP: "127.0.0.1", HostPort: strconv.Itoa(d.port)}}},
	}, func(hc *docker.HostConfig) {
		hc.PublishAllPorts = false
		hc.RestartPolicy = docker.NeverRestart()
	})
}

func (d *dockerNode) kill(ctx context.Context) error {
	if d.id == "" {
		return nil
	}
	err := d.pool.Client.KillContainer(docker.KillContainerOptions{ID: d.id, Signal: docker.SIGKILL, Context: ctx})
	var dead *docker.ContainerNotRunning
	var answer *docker.Error
	if errors.As(err, &dead) || errors.As(err, &answer) && answer.Status == 409 && strings.Contains(answer.Message, "not running") {
		err = nil
	}
	if err != nil {
		return err
	}
	_, err = d.pool.Client.WaitContainerWithContext(d.id, ctx)
	return err
}

func (d *dockerNode) pause(context.Context) error  { return d.pool.Client.PauseContainer(d.id) }
func (d *dockerNode) resume(context.Context) error { return d.pool.Client.UnpauseContainer(d.id) }

func (d *dockerNode) disconnect(ctx context.Context) error {
	err := d.pool.Client.DisconnectNetwork(bridgeNetwork, docker.NetworkConnectionOptions{Container: d.id, Force: true, Context: ctx})
	if err == nil || strings.Contains(err.Error(), "is not connected") { // an earlier try whose answer we did not see
		d.off = true
		return nil
	}
	return err
}

func (d *dockerNode) connect(ctx context.Context) error {
	err := d.pool.Client.ConnectNetwork(bridgeNetwork, docker.NetworkConnectionOptions{Container: d.id, Context: ctx})
	if err == nil || strings.Contains(err.Error(), "already exists in network") {
		d.off = false
		return nil
	}
	return portError(err)
}

func (d *dockerNode) log(ctx context.Context) (string, error) {
	var out bytes.Buffer
	err := d.pool.Client.Logs(docker.LogsOptions{
		Context: ctx, Container: d.name, OutputStream: &out, ErrorStream: &out, Stdout: true, Stderr: true,
		InactivityTimeout: 10 * time.Second,
	})
	return out.String(), err
}

func (d *dockerNode) remove() error {
	ctx, cancel := detached(context.Background())
	defer cancel()
	return removeContainer(ctx, d.pool, d.name)
}

// portError finds the taken port in what the engine says; it has no code for it.
func portError(err error) error {
	if err == nil {
		return nil
	}
	if s := err.Error(); strings.Contains(s, "port is already allocated") || strings.Contains(s, "address already in use") {
		return fmt.Errorf("%w: %w", errPortTaken, err)
	}
	return err
}

// splitImage cuts a name before its tag or digest, which is how dockertest wants it.
func splitImage(image string) (repository, tag string) {
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[:i], image[i+1:]
	}
	return image, "latest"
}
