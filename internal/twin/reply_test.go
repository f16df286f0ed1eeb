package twin

import (
	"fmt"
	"strings"
)

// reply is what a node says: numbers, and a text from boot alone; or that the script failed. What an error says is not
// compared.
type reply struct {
	failed  bool
	numbers []int64
	text    string
}

// String returns the reply as it is compared.
func (r reply) String() string {
	if r.failed {
		return "error"
	}
	return strings.TrimSpace(strings.Trim(fmt.Sprint(r.numbers), "[]") + " " + r.text)
}
