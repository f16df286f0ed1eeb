package quorum

// Ballot is the tally of one round: each node counts once, whatever it sends later. The zero Ballot has no nodes and
// is Lost; make one with [Rule.Ballot].
type Ballot struct {
	rule    Rule
	yes, no Set
}

// Ballot returns an empty ballot under r.
func (r Rule) Ballot() Ballot {
	return Ballot{rule: r}
}

// Cast counts node's vote and returns the decision after it. Only a node's first vote counts: a duplicated reply, or a
// change of mind, changes nothing. So does a node that the rule does not know.
func (b *Ballot) Cast(node int, yes bool) Decision {
	if node >= 0 && node < b.rule.nodes && !b.Voted().Has(node) {
		if yes {
			b.yes = b.yes.With(node)
		} else {
			b.no = b.no.With(node)
		}
	}
	return b.Decision()
}

// Decision returns what the votes so far decide.
func (b *Ballot) Decision() Decision {
	return b.rule.Decide(b.yes.Len(), b.no.Len())
}

// Yes returns the nodes that said yes.
func (b *Ballot) Yes() Set { return b.yes }

// No returns the nodes that said no.
func (b *Ballot) No() Set { return b.no }

// Voted returns the nodes whose vote is in.
func (b *Ballot) Voted() Set { return b.yes | b.no }
