package main

// check: bbolt's own consistency check, then a walk that counts keys and sees that they ascend,
// which bbolt 1.3.6 does not look at. Reads only, under bbolt's shared lock.
//
// A read-only open leaves the freelist unloaded, but Tx.Check of 1.3.6 loads it before it looks (a
// test here proves it with a falsified freelist page). A file without a stored freelist has it
// rebuilt from the tree, so there the check can find pages referenced twice but no lost ones.

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"

	bolt "go.etcd.io/bbolt"
)

const faultsMax = 50

// checkReport is what check prints. Keys counts per bucket, nested ones named outer/inner.
type checkReport struct {
	Ok     bool           `json:"ok"`
	Faults []string       `json:"faults"`
	Pages  int64          `json:"pages"`
	Keys   map[string]int `json:"keys"`
}

func newCheckReport() checkReport {
	return checkReport{Faults: []string{}, Keys: map[string]int{}}
}

func checkCommand(args []string, stdout io.Writer) error {
	path, err := parseFile(flag.NewFlagSet("check", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	if _, err := requireFile(path); err != nil && !isCorrupt(err) {
		return err
	}
	if isChild() {
		calm()
		report, err := checkFile(path)
		if err != nil {
			return err
		}
		if err := printJson(stdout, report); err != nil {
			return err
		}
		return verdict(path, report)
	}

	var answer bytes.Buffer
	crash, err := guarded(args, &answer)
	if crash != "" {
		report := newCheckReport()
		report.Faults = append(report.Faults, "bbolt's check died: "+crash)
		err = verdict(path, report)
		if failed := printJson(stdout, report); failed != nil {
			return failed
		}
		return err
	}
	if answer.Len() == 0 && isCorrupt(err) {
		// bbolt refused to open the file; the answer is an object all the same.
		report := newCheckReport()
		report.Faults = append(report.Faults, err.Error())
		if failed := printJson(stdout, report); failed != nil {
			return failed
		}
	}
	if _, failed := stdout.Write(answer.Bytes()); failed != nil {
		return failed
	}
	return err
}

func isCorrupt(err error) bool {
	var f fault
	return errors.As(err, &f) && f.code == exitCorrupt
}

func verdict(path string, report checkReport) error {
	if report.Ok {
		return nil
	}
	return corrupt("%s: check failed: %s", path, report.Faults[0])
}

// checkFile stops at the 50th fault. After a fault the database stays open: bbolt's checking
// goroutine may still read its map, and the process is about to end.
func checkFile(path string) (checkReport, error) {
	report := newCheckReport()
	db, err := open(path, &bolt.Options{ReadOnly: true})
	if err != nil {
		return report, err
	}
	tx, err := db.Begin(false)
	if err != nil {
		return report, err
	}
	report.Pages = tx.Size() / int64(db.Info().PageSize)
	for found := range tx.Check() {
		report.Faults = append(report.Faults, found.Error())
		if len(report.Faults) == faultsMax {
			return report, nil
		}
	}
	if len(report.Faults) > 0 {
		return report, nil
	}
	if err := countKeys(tx, report.Keys); err != nil {
		report.Faults = append(report.Faults, err.Error())
		return report, nil
	}
	report.Ok = true
	if err := tx.Rollback(); err != nil {
		return report, err
	}
	return report, db.Close()
}

// countKeys fills keys and refuses a bucket whose names do not ascend.
func countKeys(tx *bolt.Tx, keys map[string]int) error {
	last := [][]byte{nil}
	ascend := func(path [][]byte, name []byte) error {
		depth := len(path)
		if last[depth] != nil && bytes.Compare(last[depth], name) >= 0 {
			return fmt.Errorf("bucket %q: key %s follows %s",
				pathName(path), printable(name), printable(last[depth]))
		}
		last[depth] = name
		return nil
	}
	return walk(tx, visitor{
		bucket: func(path [][]byte, name []byte, _ *bolt.Bucket) error {
			if err := ascend(path, name); err != nil {
				return err
			}
			last = append(last, nil)
			keys[pathName(append(path[:len(path):len(path)], name))] = 0
			return nil
		},
		key: func(path [][]byte, key, _ []byte) error {
			keys[pathName(path)]++
			return ascend(path, key)
		},
		leave: func(path [][]byte) error {
			last = last[:len(path)]
			return nil
		},
	})
}
