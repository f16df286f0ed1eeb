// Package node is one Redis master as a quorum lock needs it: a [Node] takes commands without ever making the caller
// wait, sends them in order through one lane, and answers each exactly once.
//
// It knows nothing of quorums: what an answer means for a lock is decided elsewhere. What it does know is Redis: the
// scripts, what to do where scripts are forbidden, which errors pass, and when a node is down.
package node
