package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

// Every container of ours carries both labels: one to find it, one to know whose it is.
const (
	labelOurs  = "quorumlock"
	labelOwner = "quorumlock.owner"
)

// engine connects to the Docker engine and makes sure, within two seconds, that it answers.
// There is nothing to give back: dockertest keeps no connection alive.
func engine(ctx context.Context) (*dockertest.Pool, error) {
	pool, err := dockertest.NewPool(endpoint())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Second, errors.New("the engine does not answer within 2s"))
	defer cancel()
	if err := pool.Client.PingWithContext(ctx); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("no Docker engine: %w", err)
	}
	return pool, nil
}

// endpoint is where the engine listens: "" leaves it to dockertest (DOCKER_HOST, DOCKER_MACHINE_NAME, the
// system's default socket), unless only the socket of an engine without root is there.
func endpoint() string {
	if runtime.GOOS == "windows" || os.Getenv("DOCKER_HOST")+os.Getenv("DOCKER_URL")+os.Getenv("DOCKER_MACHINE_NAME") != "" {
		return ""
	}
	sockets := []string{"/var/run/docker.sock"}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		sockets = append(sockets, filepath.Join(dir, "docker.sock"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		sockets = append(sockets, filepath.Join(home, ".docker/run/docker.sock"), filepath.Join(home, ".colima/default/docker.sock"))
	}
	for _, s := range sockets {
		if _, err := os.Stat(s); err == nil {
			return "unix://" + s
		}
	}
	return ""
}

// Clean removes what crashed earlier runs left behind, containers and temporary directories, and returns how many. What
// belongs to a run that is alive, or of which we cannot know, stays. Start calls it for Docker nodes.
// Without a Docker engine there are only directories to look after, and that is no error.
func Clean(ctx context.Context) (int, error) {
	removed, err := cleanDirs()
	pool, noEngine := engine(ctx)
	if noEngine != nil {
		return removed, err
	}
	n, cerr := cleanContainers(ctx, pool)
	if err = errors.Join(err, cerr); err != nil {
		err = fmt.Errorf("cluster: clean: %w", err)
	}
	return removed + n, err
}

func cleanContainers(ctx context.Context, pool *dockertest.Pool) (removed int, err error) {
	list, err := pool.Client.ListContainers(docker.ListContainersOptions{
		All: true, Filters: map[string][]string{"label": {labelOurs + "=1"}}, Context: ctx,
	})
	if err != nil {
		return 0, err
	}
	for _, c := range list {
		if o, ok := parseOwner(c.Labels[labelOwner]); !ok || !o.dead() {
			continue
		}
		if err := removeContainer(ctx, pool, c.ID); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// removeContainer ends and removes a container with its volumes. One that is gone, or that somebody else is
// removing at this moment, is fine.
func removeContainer(ctx context.Context, pool *dockertest.Pool, id string) error {
	err := pool.Client.RemoveContainer(docker.RemoveContainerOptions{ID: id, Force: true, RemoveVolumes: true, Context: ctx})
	var gone *docker.NoSuchContainer
	var answer *docker.Error
	if errors.As(err, &gone) || errors.As(err, &answer) && answer.Status == 409 {
		return nil
	}
	return err
}
