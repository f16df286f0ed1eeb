package main

import (
	"os"
	"path/filepath"
	"strconv"
)

// This file is what the raw client says and hears: Redis's protocol, without copies and without allocations.

// releaseSource is the compare-and-delete that the published algorithm asks for.
const releaseSource = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

func (r *raw) putGrant(key string, i int, owner uint64) {
	if r.grant == "" {
		r.out = append(r.out, "*6\r\n$3\r\nSET\r\n"...)
		r.putKey(key, i, "", "")
		r.putOwner(owner)
		r.out = append(r.out, "$2\r\nNX\r\n$2\r\nPX\r\n$5\r\n10000\r\n"...)
		return
	}
	r.out = append(r.out, "*8\r\n$7\r\nEVALSHA\r\n$40\r\n"...)
	r.out = append(r.out, r.grant...)
	r.out = append(r.out, "\r\n$1\r\n2\r\n"...)
	r.putKey(key, i, "", "")
	r.putKey(key, i, "quorumlock:fence:{", "}")
	r.putOwner(owner)
	r.out = append(r.out, "$5\r\n10000\r\n$14\r\n"...)
	r.out = strconv.AppendInt(r.out, r.proposal, 10)
	r.out = append(r.out, "\r\n"...)
}

func (r *raw) putRelease(key string, i int, owner uint64) {
	r.out = append(r.out, "*5\r\n$7\r\nEVALSHA\r\n$40\r\n"...)
	r.out = append(r.out, r.release...)
	r.out = append(r.out, "\r\n$1\r\n1\r\n"...)
	r.putKey(key, i, "", "")
	r.putOwner(owner)
}

func (r *raw) putKey(key string, i int, before, after string) {
	size := len(before) + len(key) + len(after)
	if r.batch > 1 {
		size += 4 // "/" and three digits
	}
	r.out = append(r.out, '$')
	r.out = strconv.AppendInt(r.out, int64(size), 10)
	r.out = append(r.out, "\r\n"...)
	r.out = append(r.out, before...)
	r.out = append(r.out, key...)
	if r.batch > 1 {
		r.out = append(r.out, '/', byte('0'+i/100), byte('0'+i/10%10), byte('0'+i%10))
	}
	r.out = append(r.out, after...)
	r.out = append(r.out, "\r\n"...)
}

// putOwner appends an owner of 36 bytes, as long as a UUID.
func (r *raw) putOwner(owner uint64) {
	r.out = append(r.out, "$36\r\nraw-client-owner-"...)
	for shift := 10_000_000_000; shift > 0; shift /= 10 {
		r.out = append(r.out, byte('0'+owner/uint64(shift)%10))
	}
	r.out = append(r.out, "00000000\r\n"...)
}

// grantScript returns the library's grant of one key as a script: its functions from the folder, and a line that calls
// them as putGrant asks, without a deadline and without the question whether the node may vote.
func grantScript(folder string) (string, error) {
	var script []byte
	for _, name := range []string{"clock.lua", "vote.lua", "fence.lua", "grant.lua"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		script = append(script, text...)
	}
	return string(script) + "ready = 0 return {grant(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3])}", nil
}

// next reads one line: +OK, $-1, :1, or the head or an element of grant.lua's array, whose first element is the vote.
// It returns the vote, how many bytes the line has (0: it is not all there), and whether it ends a reply.
func (n *rawNode) next(b []byte) (yes bool, size int, complete bool) {
	for i := 1; i < len(b); i++ {
		if b[i] != '\n' {
			continue
		}
		size = i + 1
		break
	}
	if size == 0 {
		return false, 0, false
	}
	switch {
	case b[0] == '*':
		n.nested = int(b[1] - '0')
		return false, size, false
	case b[0] == '-' || b[0] == '$' && b[1] != '-':
		n.failed = true
		return false, size, true
	}
	vote := b[0] == '+' || b[0] == ':' && b[1] == '1' && b[2] == '\r'
	if n.nested == 0 {
		return vote, size, true
	}
	return n.element(vote), size, n.nested == 0
}

// element takes one element of an array: the first is the vote, the others are numbers that nobody needs here.
func (n *rawNode) element(yes bool) bool {
	if !n.inside {
		n.inside, n.vote = true, yes
	}
	n.nested--
	n.inside = n.nested > 0
	return n.vote
}
