package main

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// held starts hold and returns once it holds the file; end closes its stdin and returns its answer.
func held(t *testing.T, args ...string) (end func() error) {
	t.Helper()
	stdin, closer := io.Pipe()
	answer, stdout := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := holdCommand(append([]string{"hold"}, args...), stdin, stdout)
		_ = stdout.Close()
		done <- err
	}()
	line, err := bufio.NewReader(answer).ReadString('\n')
	if err != nil || !strings.Contains(line, `"held":true`) {
		t.Fatalf("%q, %v, %v", line, err, <-done)
	}
	return func() error {
		_ = closer.Close()
		return <-done
	}
}

func TestHoldKeepsOthersOutUntilItsInputEnds(t *testing.T) {
	for _, options := range []fillOptions{
		{seed: 1, ops: 50},
		{seed: 1, ops: 50, syncFreelist: true},
	} {
		path, _ := filled(t, options)
		before := fileDigest(t, path)
		end := held(t, path, "--seconds", "30")
		if got := invoke("dump", "--hash", path); got.code != exitInternal ||
			!strings.Contains(got.stderr, "locked by another process") {
			t.Errorf("%+v", got)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
		if got := invoke("dump", "--hash", path); got.code != exitOk {
			t.Errorf("%+v", got)
		}
		if fileDigest(t, path) != before {
			t.Error("hold changed the file")
		}
	}
}

func TestReadOnlyHoldLetsReadersIn(t *testing.T) {
	path, _ := filled(t, fillOptions{seed: 1, ops: 50})
	end := held(t, path, "--seconds", "30", "--read-only")
	if got := invoke("dump", "--hash", path); got.code != exitOk {
		t.Errorf("%+v", got)
	}
	if got := invoke("fill", path, "--append", "--ops", "5"); got.code != exitInternal {
		t.Errorf("%+v", got)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

func TestHoldEndsAfterItsTime(t *testing.T) {
	path, _ := filled(t, fillOptions{seed: 1, ops: 50})
	stdin, closer := io.Pipe()
	defer closer.Close()
	var stdout bytes.Buffer
	begin := time.Now()
	if err := holdCommand([]string{"hold", path, "--seconds", "0.2"}, stdin, &stdout); err != nil {
		t.Fatal(err)
	}
	if spent := time.Since(begin); spent < 200*time.Millisecond || spent > 10*time.Second {
		t.Errorf("held for %v", spent)
	}
}
