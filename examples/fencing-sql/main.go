// Fencing in SQL: a database refuses the writes of a holder that has lost its lock and has not noticed.
//
//	cd examples/fencing-sql && go run . -addr 127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103
//
// Two holders take turns at one account. The first one sleeps, as a process does that is stopped, or whose machine is: its
// lease expires, and the second one writes. When the first one wakes up, it writes all the same, and the database, which has
// seen the second one's fence, refuses it. What is written to it is in accounts.go.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	_ "modernc.org/sqlite"

	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/fencing"
)

func main() {
	addrs := flag.String("addr", os.Getenv("REDLOCK_ADDRS"), "Redis masters, `HOST:PORT,...`; else REDLOCK_ADDRS")
	file := flag.String("db", ":memory:", "the database's `FILE`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	db, err := open(ctx, *file)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	locker, err := redlock.Dial(strings.Split(*addrs, ","), redlock.Config{TTL: time.Second, NoRenew: true})
	if err != nil {
		log.Fatal(err)
	}
	err = play(ctx, os.Stdout, db, locker)
	if err := errors.Join(err, locker.Close()); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

// open opens a database with an account in it. One connection at a time is all that SQLite writes by.
func open(ctx context.Context, file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema+`INSERT INTO accounts (id) VALUES ('7') ON CONFLICT DO NOTHING`); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// play has two holders take turns, of whom the first sleeps through the loss of its lease. The locker's leases are not
// renewed: a process that is stopped renews none.
func play(ctx context.Context, w io.Writer, db *sql.DB, locker *redlock.Locker) error {
	sleeper, err := locker.Lock(ctx, "account/7")
	if err != nil {
		return err
	}
	defer sleeper.Unlock(ctx)
	if err := deposit(ctx, db, "7", 100, sleeper.Fence()); err != nil {
		return err
	}
	fmt.Fprintln(w, "the first holder deposits 100, and falls asleep")

	next, err := locker.Lock(ctx, "account/7") // when the lease has expired
	if err != nil {
		return err
	}
	defer next.Unlock(ctx)
	for range 2 { // by one fence as often as it likes
		if err := deposit(ctx, db, "7", 10, next.Fence()); err != nil {
			return err
		}
		fmt.Fprintln(w, "the second holder deposits 10")
	}

	err = deposit(ctx, db, "7", 100, sleeper.Fence())
	if !errors.Is(err, fencing.ErrStale) {
		return fmt.Errorf("a stale deposit was answered: %v", err)
	}
	fmt.Fprintln(w, "the first holder wakes up and is refused:", err)

	var balance int64
	if err := db.QueryRowContext(ctx, `SELECT balance FROM accounts WHERE id = '7'`).Scan(&balance); err != nil {
		return err
	}
	fmt.Fprintln(w, "the account has", balance)
	return nil
}
