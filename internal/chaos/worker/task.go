// Package worker is a process of a chaos run: a few clients that lock, write into the storage, and unlock, and report every
// operation. It takes its task on standard input and reports on standard output, a line of JSON each, so that its parent
// learns of everything up to the moment at which it may be stopped.
package worker

import (
	"time"

	"github.com/quorumlock/quorumlock/internal/access"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Task is the first line that a worker reads. It works until its input ends.
type Task struct {
	Process     int           `json:"process"`
	FirstClient int           `json:"first_client"`
	Contenders  int           `json:"contenders"` // clients that want the same few keys as everybody
	Loners      int           `json:"loners"`     // clients that want keys of their own, for a moment
	Keepers     int           `json:"keepers"`    // clients that keep a key of their own for several TTLs
	Lock        string        `json:"lock"`       // see lock.Open
	Addrs       []string      `json:"addrs"`
	TLS         access.TLS    `json:"tls"`
	TTL         time.Duration `json:"ttl"`
	MaxTTL      time.Duration `json:"max_ttl"`
	NodeTimeout time.Duration `json:"node_timeout"`
	Plain       bool          `json:"plain"`
	Fresh       bool          `json:"fresh"`
	Busy        []string      `json:"busy"`    // keys that are held for a moment
	Long        []string      `json:"long"`    // keys that are held for about a TTL
	ToLong      []int         `json:"to_long"` // which of the contenders want these, counted within the process
	Alone       string        `json:"alone"`   // what the keys of loners and keepers begin with
	Deployment  string        `json:"deployment,omitempty"`
	Storage     string        `json:"storage"`
	Seed        uint64        `json:"seed"`
	Epoch       time.Duration `json:"epoch"` // history.Now at the beginning of the run
}

// Message is one line of a worker's report. One of its fields is set.
type Message struct {
	Ready     bool               `json:"ready,omitempty"` // the locker is open
	Holding   *Holding           `json:"holding,omitempty"`
	Operation *history.Operation `json:"operation,omitempty"`
	Failed    string             `json:"failed,omitempty"` // why the worker cannot go on
	Done      bool               `json:"done,omitempty"`   // everything is given back, and the locker closed
}

// Holding is a lease that a client has just got. What becomes of it, the operation Hold tells.
type Holding struct {
	Client  int           `json:"client"`
	Process int           `json:"process"`
	Key     string        `json:"key"`
	Lease   string        `json:"lease"`
	Fence   uint64        `json:"fence"`
	At      time.Duration `json:"at"`
	Alone   bool          `json:"alone,omitempty"`
	Long    bool          `json:"long,omitempty"` // it will be held for a part of a TTL, or for longer
}
