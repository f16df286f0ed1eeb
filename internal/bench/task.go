package bench

// task is the first line that a process of a load reads. It then says that it is ready, waits for an order to begin, and
// works; an order to stop ends the load early. When its input ends, no node is broken any more, and it does not wait for
// long for the locks that are under way.
type task struct {
	Config  Config
	Process int      // which of Config.Processes, from 0
	Prefix  string   // of every key
	Addrs   []string // may hold passwords
}

// order is a line that comes later.
type order struct {
	Begin int64 `json:"begin,omitempty"` // the warm-up, in Unix nanoseconds: the one clock that processes have in common
	Stop  bool  `json:"stop,omitempty"`
}

// message is one line of what a process reports. One of its fields is set.
type message struct {
	Ready    bool      `json:"ready,omitempty"`    // the nodes answer it
	Progress *progress `json:"progress,omitempty"` // now and then
	Done     bool      `json:"done,omitempty"`     // everything is given back
	Part     *part     `json:"part,omitempty"`     // with Done: what was found; nothing when it was stopped before that
	Failed   string    `json:"failed,omitempty"`   // why it cannot go on
}

// progress is how far a process is.
type progress struct {
	Completed int64  `json:"completed"`
	Lately    lately `json:"lately"`
}
