package quorum_test

import (
	"fmt"

	"github.com/quorumlock/quorumlock/quorum"
)

// Three of five nodes are enough, and the answers of the other two need not be waited for.
func Example() {
	ballot := quorum.Majority(5).Ballot()
	fmt.Println(ballot.Cast(0, true))
	fmt.Println(ballot.Cast(3, false))
	fmt.Println(ballot.Cast(1, true))
	fmt.Println(ballot.Cast(1, true)) // the same node again
	fmt.Println(ballot.Cast(4, true))
	fmt.Println(ballot.Yes(), "against", ballot.No())
	// Output:
	// pending
	// pending
	// pending
	// pending
	// won
	// {0 1 4} against {3}
}
