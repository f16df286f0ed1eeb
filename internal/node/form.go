package node

// form is the script that carries calls out, and so how its reply reads.
type form uint8

const (
	itself     form = iota // a command, or a script of this call's own
	byGrants               // grants.lua: one or more grants
	byBatch                // batch.lua: one or more of anything else
	byReleases             // releases.lua: two or more releases
)

// append appends the calls as one call of the form's script. by says whether that is named by its hash, or sent.
func (f form) append(to []any, by step, calls ...*call) []any {
	first := calls[0]
	made := f.script(first)
	count := len(to) + 2
	if by == byHash {
		to = append(to, "EVALSHA", made.hash, nil)
	} else {
		to = append(to, "EVAL", made.source, nil)
	}
	switch f {
	case byGrants:
		to = append(to, metaKey, goneKey)
	case byBatch:
		to = append(to, goneKey)
	}
	for _, c := range calls {
		to = c.keys(to)
	}
	if f == byReleases && first.grace > 0 {
		to = append(to, goneKey)
	}
	to[count] = len(to) - count - 1
	switch f {
	case byGrants:
		to = first.terms(to)
	case byBatch:
		to = first.patience(to)
	}
	for _, c := range calls {
		if f == byBatch {
			to = append(to, int(c.Op))
		}
		to = c.arguments(to)
	}
	switch {
	case f == byReleases && first.grace > 0:
		to = first.patience(to)
	case f == byGrants && first.plainly:
		to = append(to, first.turn)
	case f == byGrants:
		to = append(to, &first.turn)
	}
	return to
}

// script returns the form's script for calls of which first is the first.
func (f form) script(first *call) script {
	switch {
	case f == byGrants:
		return grants
	case f == byBatch:
		return batch
	case f == byReleases && first.grace > 0:
		return withdrawals
	case f == byReleases && first.fenced:
		return releases
	case f == byReleases:
		return plainReleases
	case first.Op == Release && first.fenced:
		return release
	case first.Op == Release:
		return plainRelease
	default:
		return extend
	}
}
