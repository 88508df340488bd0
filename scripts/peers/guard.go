package main

// The guard runs a subcommand in a child process, because bbolt meets a corrupt file with panics in
// goroutines of its own, faults in its map and endless recursion: none can be caught, all end the
// process. The parent turns such an end into one line and an exit code. It holds no database
// itself.

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
)

const childVariable = "BBOLTPEER_CHILD"

// A tree that refers to itself recurses without end; this much stack is enough for any real one.
const stackBytesMax = 64 << 20

// The exit code of a Go program that panicked. A child has no usage errors left to report with it.
const exitPanic = 2

func isChild() bool { return os.Getenv(childVariable) != "" }

// guarded runs args in a child that writes to stdout. crash is what bbolt died of, or "".
func guarded(args []string, stdout io.Writer) (crash string, err error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	// The kernel ties the death signal to the thread that started the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var said bytes.Buffer
	child := exec.Command(program, args...)
	child.Env = append(os.Environ(), childVariable+"=1", "GOTRACEBACK=none")
	child.Stdout, child.Stderr = stdout, &said
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := child.Start(); err != nil {
		return "", err
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = child.Process.Signal(s)
			case <-done:
				return
			}
		}
	}()
	return judge(child.Wait(), said.String())
}

func judge(err error, said string) (crash string, _ error) {
	var exit *exec.ExitError
	if err == nil || !errors.As(err, &exit) {
		return "", err
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		switch status.Signal() {
		case syscall.SIGINT, syscall.SIGTERM:
			return "", fault{exitInterrupted, "interrupted"}
		case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGABRT:
			return status.Signal().String(), nil
		}
		return "", fault{exitInternal, "ended by a signal: " + status.Signal().String()}
	}
	if exit.ExitCode() == exitPanic {
		return crashLine(said), nil
	}
	text := strings.TrimPrefix(strings.TrimSpace(said), "bboltpeer: ")
	return "", fault{exit.ExitCode(), text}
}

// crashLine picks the reason from what a dying Go program says.
func crashLine(said string) string {
	for _, line := range strings.Split(said, "\n") {
		for _, start := range []string{"panic: ", "fatal error: ", "unexpected fault"} {
			if strings.HasPrefix(line, start) {
				return line
			}
		}
	}
	return "bbolt ended without a word"
}

// calm makes faults in the map panic in this goroutine, where they can be caught, and bounds
// recursion.
func calm() {
	debug.SetMaxStack(stackBytesMax)
	debug.SetPanicOnFault(true)
}
