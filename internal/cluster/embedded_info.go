package cluster

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// answer replies to the commands that a lock client asks of a real node and that miniredis lacks: INFO with the
// sections about the server, and CONFIG GET. A new run_id is how clients notice a restart.
func (e *embeddedNode) answer(c *server.Peer, cmd string, args []string) bool {
	switch {
	case cmd == "INFO" && len(args) <= 1:
		section := "default"
		if len(args) == 1 {
			section = strings.ToLower(args[0])
		}
		text := e.info(section)
		if text == "" { // a section that miniredis may know
			return false
		}
		c.WriteBulk(text)
		return true
	case cmd == "CONFIG" && len(args) >= 2 && strings.EqualFold(args[0], "GET"):
		e.configGet(c, args[1:])
		return true
	}
	return false
}

func (e *embeddedNode) info(section string) string {
	e.mu.Lock()
	runID, started := e.runID, e.started
	e.mu.Unlock()
	_, port, _ := strings.Cut(e.addr, ":")
	aof := 1
	if e.persist == PersistNo {
		aof = 0
	}
	sections := []struct{ name, text string }{
		{"server", fmt.Sprintf("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nserver_name:miniredis\r\n"+
			"process_id:%d\r\nrun_id:%s\r\ntcp_port:%s\r\nuptime_in_seconds:%d\r\n",
			os.Getpid(), runID, port, int(time.Since(started).Seconds()))},
		{"memory", "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n"},
		{"persistence", fmt.Sprintf("# Persistence\r\nloading:0\r\naof_enabled:%d\r\naof_last_write_status:ok\r\n", aof)},
		{"replication", "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"},
	}
	var b strings.Builder
	for _, s := range sections {
		if section == s.name || section == "default" || section == "all" || section == "everything" {
			b.WriteString(s.text + "\r\n")
		}
	}
	return b.String()
}

func (e *embeddedNode) configGet(c *server.Peer, patterns []string) {
	settings := [][2]string{
		{"appendonly", "yes"}, {"appendfsync", string(e.persist)}, {"no-appendfsync-on-rewrite", "no"},
		{"maxmemory", "0"}, {"maxmemory-policy", "noeviction"}, {"save", ""},
	}
	if e.persist == PersistNo {
		settings[0][1], settings[1][1] = "no", "everysec" // Redis's own default
	}
	var found [][2]string
	for _, s := range settings {
		for _, p := range patterns {
			if ok, _ := path.Match(strings.ToLower(p), s[0]); ok {
				found = append(found, s)
				break
			}
		}
	}
	c.WriteMapLen(len(found))
	for _, s := range found {
		c.WriteBulk(s[0])
		c.WriteBulk(s[1])
	}
}

// newRunID is 40 hex digits, like that of Redis.
func newRunID() string {
	var b [20]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
