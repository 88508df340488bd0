package main

import (
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
)

func TestAppendGoesOnWithTheFile(t *testing.T) {
	for _, options := range []fillOptions{
		{seed: 7, ops: 300},
		{seed: 7, ops: 300, syncFreelist: true, pageSize: 1024},
		{seed: 7, ops: 300, freelist: bolt.FreelistMapType, pageSize: 65536},
	} {
		path, made := filled(t, options)
		// The other freelist, and the other way of keeping it, than the file was made with.
		args := []string{"fill", path, "--append", "--ops", "300", "--seed", "8"}
		if options.freelist == "" {
			args = append(args, "--freelist", "hashmap")
		}
		if !options.syncFreelist {
			args = append(args, "--sync-freelist")
		}
		got := invoke(args...)
		if got.code != exitOk {
			t.Fatalf("%+v: %+v", options, got)
		}
		var grown fillReport
		decode(t, got.stdout, &grown)
		if grown.Keys <= made.Keys || grown.Hash == made.Hash || grown.PageSize != made.PageSize ||
			grown.SyncFreelist == options.syncFreelist {
			t.Errorf("%+v: %+v, before it %+v", options, grown, made)
		}
		outcome, report := checked(t, path)
		if outcome.code != exitOk || !report.Ok {
			t.Errorf("%+v: %+v", options, outcome)
		}
		var dumped dumpSummary
		decode(t, invoke("dump", "--hash", path).stdout, &dumped)
		if dumped.Hash != grown.Hash {
			t.Errorf("%+v: dump says %+v, fill %+v", options, dumped, grown)
		}
	}
}

// Revisions go on at the last one, whatever else others have put into bucket "key".
func TestAppendContinuesRevisions(t *testing.T) {
	path, made := filled(t, fillOptions{seed: 3, ops: 200})
	db, err := open(path, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("key"))
		if _, err := b.CreateBucket([]byte("bucket")); err != nil {
			return err
		}
		return b.Put([]byte("k1"), []byte("no revision"))
	})
	if err := worse(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	last := func() uint64 {
		db, err := open(path, &bolt.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		revision, err := lastRevision(db)
		if err != nil {
			t.Fatal(err)
		}
		return revision
	}
	before := last()
	if got := invoke("fill", path, "--append", "--ops", "100", "--seed", "3"); got.code != exitOk {
		t.Fatalf("%+v", got)
	}
	if after := last(); before == 0 || after <= before {
		t.Errorf("revision %d after %d; the file was %+v", after, before, made)
	}
}

func TestAppendNeedsAFileAndTakesItsPageSize(t *testing.T) {
	path, _ := filled(t, fillOptions{seed: 1, ops: 20})
	missing := filepath.Join(t.TempDir(), "missing")
	for _, args := range [][]string{
		{"fill", missing, "--append", "--ops", "5"},
		{"fill", path, "--append", "--ops", "5", "--page-size", "4096"},
		{"fill", path, "--ops", "5"},
		{"fill", path, "--append"},
	} {
		if got := invoke(args...); got.code != exitUsage {
			t.Errorf("%q: %+v", args, got)
		}
	}
}
