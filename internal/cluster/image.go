package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

const (
	officialImage = "redis:7"
	localImage    = "quorumlock/redis:local"
	imageVariable = "QUORUMLOCK_REDIS_IMAGE"
)

// Image returns the name of a Redis image that the Docker engine has when Image returns:
// what QUORUMLOCK_REDIS_IMAGE names; else redis:7; else quorumlock/redis:local, if an earlier call built it;
// else redis:7 pulled; else quorumlock/redis:local built from the redis-server of this machine, which needs no
// network when Redis is installed. To try the pull again, remove the local image. A nil logf is silent.
func Image(ctx context.Context, logf func(format string, args ...any)) (string, error) {
	if logf == nil {
		logf = func(string, ...any) {}
	}
	pool, err := engine(ctx)
	if err != nil {
		return "", fmt.Errorf("cluster: image: %w", err)
	}
	return pickImage(ctx, pool, logf)
}

func pickImage(ctx context.Context, pool *dockertest.Pool, logf func(string, ...any)) (string, error) {
	if named := os.Getenv(imageVariable); named != "" {
		if hasImage(pool, named) {
			return named, nil
		}
		if err := pull(ctx, pool, named, logf); err != nil {
			return "", fmt.Errorf("cluster: image %s (from %s): %w", named, imageVariable, err)
		}
		return named, nil
	}
	for _, name := range []string{officialImage, localImage} {
		if hasImage(pool, name) {
			return name, nil
		}
	}
	pulled := pull(ctx, pool, officialImage, logf)
	if pulled == nil {
		return officialImage, nil
	}
	logf("cannot pull %s (%v): building %s from this machine's redis-server", officialImage, pulled, localImage)
	if err := buildImage(ctx, pool, logf); err != nil {
		return "", fmt.Errorf("cluster: no Redis image: pull %s: %w; build %s: %w", officialImage, pulled, localImage, err)
	}
	return localImage, nil
}

func hasImage(pool *dockertest.Pool, name string) bool {
	_, err := pool.Client.InspectImage(name)
	return err == nil
}

// pull gives up when nothing comes for eight seconds, and after three minutes in any case. To fail is normal:
// many machines that run this have no network.
func pull(ctx context.Context, pool *dockertest.Pool, name string, logf func(string, ...any)) error {
	logf("pulling %s", name)
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	repository, tag := splitImage(name)
	err := pool.Client.PullImage(docker.PullImageOptions{
		Repository: repository, Tag: tag, Context: ctx, OutputStream: io.Discard, InactivityTimeout: 8 * time.Second,
	}, docker.AuthConfiguration{})
	if err == nil && !hasImage(pool, name) {
		err = errors.New("the engine reports no error and has no image")
	}
	return err
}
