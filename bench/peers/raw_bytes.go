package main

import (
	"os"
	"path/filepath"
	"strconv"
)

// This file is what the raw client says and hears: Redis's protocol, without copies and without allocations.

// rawMeta is what the nodes remember for the raw client: that they have always been there.
const rawMeta = "0000000000000000 raw:"

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
	r.out = append(r.out, "*12\r\n$7\r\nEVALSHA\r\n$40\r\n"...)
	r.out = append(r.out, r.grant...)
	r.out = append(r.out, "\r\n$1\r\n4\r\n$15\r\nquorumlock:meta\r\n$15\r\nquorumlock:gone\r\n"...)
	r.putKey(key, i, "", "")
	r.putKey(key, i, "quorumlock:fence:{", "}")
	r.out = append(r.out, "$21\r\n"+rawMeta+"\r\n$16\r\n"...)
	r.out = strconv.AppendInt(r.out, (r.proposal+1_000_000)*64, 10) // a minute from now
	r.out = append(r.out, "\r\n$5\r\n10000\r\n"...)
	r.putOwner(owner)
	r.out = append(r.out, "$14\r\n"...)
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

// grantScript returns the library's script for grants, from its parts in the folder.
func grantScript(folder string) (string, error) {
	var script []byte
	for _, name := range []string{"fence.lua", "grants.lua"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		script = append(script, text...)
	}
	return string(script), nil
}

// next reads one line: +OK, $-1, :1, or the head or an element of grants.lua's array. It returns the vote, how many bytes
// the line has (0: it is not all there), and whether it ends a reply.
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
		n.nested, n.usual = int(b[1]-'0'), b[1] == '2'
		return false, size, false
	case b[0] == '-' || b[0] == '$' && b[1] != '-':
		n.failed = true
		return false, size, true
	}
	vote := b[0] == '+' || b[0] == ':' && b[1] == '1' && b[2] == '\r'
	if n.nested == 0 {
		return vote, size, true
	}
	return n.element(vote, b[0] == ':' && b[1] == '0' && b[2] == '\r'), size, n.nested == 0
}

// element takes one element of an array: the node's clock, then 0 when it granted as proposed, as usual; or else the vote,
// and a number that nobody needs here.
func (n *rawNode) element(yes, zero bool) bool {
	switch n.nested--; {
	case n.usual && n.nested == 0:
		n.vote = zero
	case n.nested == 1:
		n.vote = yes
	}
	return n.vote
}
