package main

import (
	"bytes"
	"database/sql"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/fencing"
	"github.com/quorumlock/quorumlock/redlock/redlocktest"
)

// The program ends as its comment says.
func TestPlay(t *testing.T) {
	db := database(t)
	locker := redlocktest.New(t, 3).Locker(redlock.Config{TTL: 300 * time.Millisecond, NoRenew: true})
	var said bytes.Buffer
	if err := play(t.Context(), &said, db, locker); err != nil {
		t.Fatal(err)
	}
	want := `the first holder deposits 100, and falls asleep
the second holder deposits 10
the second holder deposits 10
the first holder wakes up and is refused: fencing: nothing was written: stale fence
the account has 120
`
	if got := said.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func database(t *testing.T) *sql.DB {
	t.Helper()
	db, err := open(t.Context(), filepath.Join(t.TempDir(), "accounts.db")+"?_pragma=busy_timeout(60000)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	// What is written by which fence, in the order in which it is.
	_, err = db.ExecContext(t.Context(), `CREATE TABLE log (at INTEGER PRIMARY KEY AUTOINCREMENT, fence BIGINT);
		CREATE TRIGGER written AFTER UPDATE ON accounts BEGIN INSERT INTO log (fence) VALUES (new.fence); END`)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// However many writers race, on connections of their own: what is written never goes back to a smaller fence, each writer
// is told what became of its write, and no money is lost.
func TestRacingWriters(t *testing.T) {
	for name, write := range map[string]func(t *testing.T, db *sql.DB, fence uint64) error{
		"one statement": func(t *testing.T, db *sql.DB, fence uint64) error {
			return deposit(t.Context(), db, "7", 1, fence)
		},
		"a transaction": func(t *testing.T, db *sql.DB, fence uint64) error {
			return fenced(t.Context(), db, "account/7", fence, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(t.Context(), `UPDATE accounts SET balance = balance + 1, fence = $1 WHERE id = '7'`, fence)
				return err
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := database(t)
			db.SetMaxOpenConns(4)
			var accepted, refused atomic.Int64
			var all sync.WaitGroup
			for writer := range 4 {
				all.Go(func() {
					r := rand.New(rand.NewPCG(3, uint64(writer)))
					for i := range 60 {
						switch err := write(t, db, 1+uint64(i)/5+r.Uint64N(3)); {
						case err == nil:
							accepted.Add(1)
						case errors.Is(err, fencing.ErrStale):
							refused.Add(1)
						default:
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			var balance, backwards, writes int64
			err := db.QueryRowContext(t.Context(), `SELECT (SELECT balance FROM accounts WHERE id = '7'), count(*),
				(SELECT count(*) FROM log a JOIN log b ON b.at = a.at + 1 WHERE b.fence < a.fence) FROM log`).Scan(&balance, &writes, &backwards)
			if err != nil {
				t.Fatal(err)
			}
			if backwards != 0 {
				t.Errorf("got %d writes by a smaller fence after a larger one", backwards)
			}
			if balance != accepted.Load() || writes != accepted.Load() || accepted.Load() < 20 || refused.Load() < 10 {
				t.Errorf("got a balance of %d and %d writes; %d were accepted and %d refused", balance, writes, accepted.Load(), refused.Load())
			}
		})
	}
}

// What a stale transaction wrote is not there, and what fails leaves the fence as it was.
func TestStaleTransactionWritesNothing(t *testing.T) {
	db := database(t)
	set := func(balance int) func(tx *sql.Tx) error {
		return func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE accounts SET balance = $1 WHERE id = '7'`, balance)
			return err
		}
	}
	why := errors.New("changed my mind")
	for i, c := range []struct {
		fence uint64
		write func(tx *sql.Tx) error
		want  error
	}{
		{5, set(1), nil},
		{9, func(tx *sql.Tx) error { return errors.Join(set(2)(tx), why) }, why},
		{5, set(3), nil},
		{4, set(4), fencing.ErrStale},
		{6, set(5), nil},
		{5, set(6), fencing.ErrStale},
	} {
		if err := fenced(t.Context(), db, "k", c.fence, c.write); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("write %d: got %v, want %v", i, err, c.want)
		}
	}
	var balance int
	if err := db.QueryRowContext(t.Context(), `SELECT balance FROM accounts WHERE id = '7'`).Scan(&balance); err != nil || balance != 5 {
		t.Errorf("got a balance of %d, %v, want that of the last write that was accepted, 5", balance, err)
	}
}

// The fence of a lease of mode Plain, which has none, writes nothing, also where nobody has written before.
func TestNoFenceWritesNothing(t *testing.T) {
	db := database(t)
	if err := deposit(t.Context(), db, "7", 1, 0); !errors.Is(err, fencing.ErrNoFence) {
		t.Errorf("one statement: got %v, want ErrNoFence", err)
	}
	err := fenced(t.Context(), db, "k", 0, func(*sql.Tx) error {
		t.Error("a transaction without a fence writes")
		return nil
	})
	if !errors.Is(err, fencing.ErrNoFence) {
		t.Errorf("a transaction: got %v, want ErrNoFence", err)
	}
}
