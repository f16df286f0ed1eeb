package cluster

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// ping asks the node at addr for a PONG, within a second.
func ping(ctx context.Context, addr string) error {
	reply, err := ask(ctx, addr, "PING")
	if err == nil && reply != "+PONG" {
		err = fmt.Errorf("PING answered %q", reply)
	}
	return err
}

// askPID returns the process id of the Redis that listens on addr, so that we can tell ours from a stranger.
func askPID(ctx context.Context, addr string) (int, error) {
	info, err := ask(ctx, addr, "INFO", "server")
	if err != nil {
		return 0, err
	}
	_, after, ok := strings.Cut(info, "process_id:")
	if !ok {
		return 0, fmt.Errorf("INFO answered %.60q", info)
	}
	pid, _, _ := strings.Cut(after, "\r\n")
	return strconv.Atoi(pid)
}

// ask sends one command on a connection of its own, within a second, and returns its reply: the line with its type
// character ("+PONG", ":7", "$-1" for nothing), or the body of a bulk string. Two commands need no client library.
func ask(ctx context.Context, addr string, command ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()

	var request strings.Builder // an array: miniredis does not speak Redis's inline protocol
	fmt.Fprintf(&request, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(conn, request.String()); err != nil {
		return "", err
	}
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if !strings.HasPrefix(line, "$") || line == "$-1" {
		return line, nil
	}
	size, err := strconv.Atoi(line[1:])
	if err != nil || size < 0 {
		return "", fmt.Errorf("%s answered %q", command[0], line)
	}
	body := make([]byte, size)
	_, err = io.ReadFull(r, body)
	return string(body), err
}
