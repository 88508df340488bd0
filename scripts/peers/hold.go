package main

// hold: keeps a database open, and with it bbolt's lock on the file, so that others can be seen to
// meet it. Prints one line once the lock is held; ends when stdin ends, or after --seconds at the
// latest, so that a forgotten one cannot keep a file for ever. Changes nothing in the file.

import (
	"flag"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"
)

const holdSecondsMax = 3600

func holdCommand(args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("hold", flag.ContinueOnError)
	seconds := flags.Float64("seconds", 0, "")
	readOnly := flags.Bool("read-only", false, "")
	path, err := parseFile(flags, args)
	if err != nil {
		return err
	}
	if !(*seconds > 0 && *seconds <= holdSecondsMax) {
		return usage("--seconds must be above 0 and at most %d", holdSecondsMax)
	}
	// Without a stored freelist bbolt would store one at once: only reading changes nothing else.
	db, err := open(path, &bolt.Options{ReadOnly: *readOnly, NoFreelistSync: true})
	if err != nil {
		return err
	}
	if err := printJson(stdout, map[string]bool{"held": true, "readOnly": db.IsReadOnly()}); err != nil {
		return worse(err, db.Close())
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(time.Duration(*seconds * float64(time.Second))):
	}
	return db.Close()
}
