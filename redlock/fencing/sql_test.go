package fencing_test

import (
	"database/sql/driver"
	"errors"
	"testing"

	"github.com/quorumlock/quorumlock/redlock/fencing"
)

// Written says stale when no row was affected, and otherwise what the driver says. examples/fencing-sql tries it on a
// real database.
func TestWritten(t *testing.T) {
	why := errors.New("no connection")
	for name, c := range map[string]struct {
		got  error
		want error
	}{
		"one row":           {fencing.Written(driver.RowsAffected(1), nil), nil},
		"no row":            {fencing.Written(driver.RowsAffected(0), nil), fencing.ErrStale},
		"the driver failed": {fencing.Written(nil, why), why},
	} {
		if !errors.Is(c.got, c.want) || (c.want == nil) != (c.got == nil) {
			t.Errorf("%s: got %v, want %v", name, c.got, c.want)
		}
	}
	if err := fencing.Written(driver.ResultNoRows, nil); err == nil || errors.Is(err, fencing.ErrStale) {
		t.Errorf("a driver that does not tell: got %v, want an error that is not ErrStale", err)
	}
}
