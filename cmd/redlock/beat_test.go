package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// The commands that tests run under a lock.

// beat FILE [stubborn]: writes its process id, and then the time again and again, until there is a FILE.stop. A stubborn
// one does not hear SIGTERM.
func beat() {
	if len(os.Args) > 2 {
		signal.Ignore(syscall.SIGTERM)
	}
	f, err := os.OpenFile(os.Args[1], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(f, os.Getpid())
	for {
		if _, err := fmt.Fprintln(f, time.Now().UnixNano()); err != nil {
			panic(err)
		}
		if _, err := os.Stat(os.Args[1] + ".stop"); err == nil {
			os.Exit(0)
		}
		time.Sleep(time.Millisecond)
	}
}

// record FILE: writes the number of every signal that it gets, and exits with 7 after signal 12.
func record() {
	signals := make(chan os.Signal, 100)
	signal.Notify(signals)
	f, err := os.OpenFile(os.Args[1], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(f, "ready")
	for s := range signals {
		number, _ := s.(syscall.Signal)
		if number == 23 && runtime.GOOS == "linux" { // of Go's own
			continue
		}
		fmt.Fprintln(f, int(number))
		if number == 12 {
			os.Exit(7)
		}
	}
}
