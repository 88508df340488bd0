package main

// fill: a small, varied database, the same contents for the same seed whatever the freelist:
// etcd-like revisions, overwrites and deletes, values of many pages, nested buckets, inline
// buckets, sequences, many commits. Contents are equal, pages are not: bbolt spills child buckets
// in the order of a Go map. Syncs are off until the end, which changes no byte.
//
// With --append it goes on with a database that is there, whoever wrote it: the same operations on
// the same buckets, beside whatever else the file holds. Revisions continue at the last one.

import (
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"

	bolt "go.etcd.io/bbolt"
)

// fillReport is what fill prints.
type fillReport struct {
	Ops            int    `json:"ops"`
	Commits        int    `json:"commits"`
	Puts           int    `json:"puts"`
	Overwrites     int    `json:"overwrites"`
	Deletes        int    `json:"deletes"`
	BucketsDeleted int    `json:"bucketsDeleted"`
	Buckets        int    `json:"buckets"`
	Keys           int    `json:"keys"`
	Bytes          int64  `json:"bytes"`
	Hash           string `json:"hash"`
	PageSize       int    `json:"pageSize"`
	Pages          int64  `json:"pages"`
	FreePages      int    `json:"freePages"`
	FileBytes      int64  `json:"fileBytes"`
	Freelist       string `json:"freelist"`
	SyncFreelist   bool   `json:"syncFreelist"`
}

type fillOptions struct {
	seed         int64
	ops          int
	freelist     bolt.FreelistType
	syncFreelist bool
	pageSize     int
	appends      bool
}

const opsPerCommitMax = 60

func fillCommand(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("fill", flag.ContinueOnError)
	var options fillOptions
	flags.Int64Var(&options.seed, "seed", 1, "")
	flags.IntVar(&options.ops, "ops", 0, "")
	flags.BoolVar(&options.syncFreelist, "sync-freelist", false, "")
	flags.IntVar(&options.pageSize, "page-size", 0, "")
	flags.BoolVar(&options.appends, "append", false, "")
	freelist := flags.String("freelist", "array", "")
	path, err := parseFile(flags, args)
	if err != nil {
		return err
	}
	if options.freelist, err = parseFreelist(*freelist); err != nil {
		return err
	}
	if options.ops < 1 {
		return usage("--ops must be at least 1")
	}
	if options.appends {
		return appendTo(path, args, options, stdout)
	}
	if options.pageSize == 0 {
		options.pageSize = os.Getpagesize()
	}
	if size := options.pageSize; size < 1024 || size > 65536 || size&(size-1) != 0 {
		return usage("--page-size must be a power of two from 1024 to 65536, not %d", size)
	}
	if info, err := os.Stat(path); err == nil && (!info.Mode().IsRegular() || info.Size() > 0) {
		return usage("%s is there already; fill makes a new file, unless it is told --append", path)
	}
	report, err := fill(path, options)
	if err != nil {
		return err
	}
	return printJson(stdout, report)
}

// appendTo fills a file that others may have written, and so in a child.
func appendTo(path string, args []string, options fillOptions, stdout io.Writer) error {
	if options.pageSize != 0 {
		return usage("--page-size is for a new file; --append keeps that of %s", path)
	}
	if _, err := requireFile(path); err != nil {
		return err
	}
	if !isChild() {
		crash, err := guarded(args, stdout)
		if crash != "" {
			return corrupt("%s: bbolt died: %s", path, crash)
		}
		return err
	}
	calm()
	report, err := fill(path, options)
	if err != nil {
		return err
	}
	return printJson(stdout, report)
}

// fill creates path, or goes on with it, and returns what it holds.
func fill(path string, options fillOptions) (fillReport, error) {
	var report fillReport
	settings := &bolt.Options{
		Timeout:        lockTimeout,
		FreelistType:   options.freelist,
		NoFreelistSync: !options.syncFreelist,
		PageSize:       options.pageSize,
		NoSync:         true,
	}
	f := filler{random: rand.New(rand.NewSource(options.seed)), report: &report}
	var db *bolt.DB
	var err error
	if options.appends {
		if db, err = open(path, settings); err == nil {
			f.revision, err = lastRevision(db)
		}
	} else {
		db, err = bolt.Open(path, 0o600, settings)
	}
	if err != nil {
		return report, err
	}
	for report.Ops < options.ops {
		batch := 1 + f.random.Intn(opsPerCommitMax)
		err := db.Update(func(tx *bolt.Tx) error {
			for ; batch > 0 && report.Ops < options.ops; batch-- {
				report.Ops++
				if err := f.step(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			_ = db.Close()
			return report, err
		}
		report.Commits++
	}
	if err := f.finish(db, options); err != nil {
		_ = db.Close()
		return report, err
	}
	if err := db.Sync(); err != nil {
		_ = db.Close()
		return report, err
	}
	if err := db.Close(); err != nil {
		return report, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return report, err
	}
	report.FileBytes = info.Size()
	return report, nil
}

type filler struct {
	random   *rand.Rand
	report   *fillReport
	revision uint64
}

func (f *filler) finish(db *bolt.DB, options fillOptions) error {
	return db.View(func(tx *bolt.Tx) error {
		summary, err := dump(tx, nil)
		if err != nil {
			return err
		}
		f.report.Buckets, f.report.Keys = summary.Buckets, summary.Keys
		f.report.Bytes, f.report.Hash = summary.Bytes, summary.Hash
		f.report.PageSize = db.Info().PageSize
		f.report.Pages = tx.Size() / int64(f.report.PageSize)
		stats := db.Stats()
		f.report.FreePages = stats.FreePageN + stats.PendingPageN
		f.report.Freelist = string(db.FreelistType)
		f.report.SyncFreelist = options.syncFreelist
		return nil
	})
}

// step does one operation; the shares are a mix, not a claim about any load.
func (f *filler) step(tx *bolt.Tx) error {
	switch share := f.random.Intn(100); {
	case share < 40:
		return f.putRevision(tx)
	case share < 55:
		return f.deleteRevision(tx)
	case share < 70:
		return f.putPlain(tx)
	case share < 75:
		return f.deletePlain(tx)
	case share < 78:
		return f.putLarge(tx)
	case share < 90:
		return f.putNested(tx)
	case share < 98:
		return f.putInline(tx)
	case share < 99:
		return f.deleteNested(tx)
	default:
		return f.setSequence(tx)
	}
}

func (f *filler) value(minimum, maximum int) []byte {
	value := make([]byte, minimum+f.random.Intn(maximum-minimum+1))
	f.random.Read(value)
	return value
}

func (f *filler) put(b *bolt.Bucket, key, value []byte) error {
	if b.Get(key) == nil {
		f.report.Puts++
	} else {
		f.report.Overwrites++
	}
	return b.Put(key, value)
}

func (f *filler) putRevision(tx *bolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("key"))
	if err != nil {
		return err
	}
	f.revision++
	value := f.value(300, 1200)
	if f.random.Intn(10) == 0 {
		value = f.value(5000, 30000)
	}
	return f.put(b, revisionKey(f.revision), value)
}

func (f *filler) deleteRevision(tx *bolt.Tx) error {
	b := tx.Bucket([]byte("key"))
	if b == nil {
		return nil
	}
	target := revisionKey(uint64(f.random.Int63n(int64(f.revision) + 1)))
	return f.deleteFrom(b, target)
}

// deleteFrom deletes the first key at or after target; buckets, which others may have made there,
// are passed over.
func (f *filler) deleteFrom(b *bolt.Bucket, target []byte) error {
	cursor := b.Cursor()
	found, value := cursor.Seek(target)
	for found != nil && value == nil {
		found, value = cursor.Next()
	}
	if found == nil {
		return nil
	}
	f.report.Deletes++
	return b.Delete(append([]byte(nil), found...))
}

func (f *filler) putPlain(tx *bolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("plain"))
	if err != nil {
		return err
	}
	key := fmt.Sprintf("k%05d", f.random.Intn(2000))
	return f.put(b, []byte(key), f.value(0, 200))
}

func (f *filler) deletePlain(tx *bolt.Tx) error {
	target := fmt.Sprintf("k%05d", f.random.Intn(2000))
	b := tx.Bucket([]byte("plain"))
	if b == nil {
		return nil
	}
	return f.deleteFrom(b, []byte(target))
}

func (f *filler) putLarge(tx *bolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("large"))
	if err != nil {
		return err
	}
	return f.put(b, []byte{byte(f.random.Intn(12))}, f.value(8000, 100000))
}

func (f *filler) putNested(tx *bolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("nested"))
	if err != nil {
		return err
	}
	branch := fmt.Sprintf("branch-%02d", f.random.Intn(8))
	if b, err = b.CreateBucketIfNotExists([]byte(branch)); err != nil {
		return err
	}
	if b, err = b.CreateBucketIfNotExists([]byte("twig")); err != nil {
		return err
	}
	sequence, err := b.NextSequence()
	if err != nil {
		return err
	}
	return f.put(b, []byte(fmt.Sprintf("n%08d", sequence)), f.value(0, 2000))
}

// putInline keeps each child below a quarter of a page, where bbolt stores a bucket in its parent's
// leaf.
func (f *filler) putInline(tx *bolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("inline"))
	if err != nil {
		return err
	}
	name := fmt.Sprintf("child-%03d", f.random.Intn(100))
	if b, err = b.CreateBucketIfNotExists([]byte(name)); err != nil {
		return err
	}
	return f.put(b, []byte{'a' + byte(f.random.Intn(4))}, f.value(0, 40))
}

func (f *filler) deleteNested(tx *bolt.Tx) error {
	branch := []byte(fmt.Sprintf("branch-%02d", f.random.Intn(8)))
	b := tx.Bucket([]byte("nested"))
	if b == nil || b.Bucket(branch) == nil {
		return nil
	}
	f.report.BucketsDeleted++
	return b.DeleteBucket(branch)
}

func (f *filler) setSequence(tx *bolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("plain"))
	if err != nil {
		return err
	}
	return b.SetSequence(f.random.Uint64())
}

// lastRevision is the highest revision in bucket "key", 0 if there is none. Keys of other kinds may
// stand behind it: revisions below 2^56 begin with a zero byte.
func lastRevision(db *bolt.DB) (revision uint64, err error) {
	err = db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("key"))
		if b == nil {
			return nil
		}
		cursor := b.Cursor()
		last, _ := cursor.Seek([]byte{1})
		if last == nil {
			last, _ = cursor.Last()
		} else {
			last, _ = cursor.Prev()
		}
		if len(last) == 17 && last[0] == 0 && last[8] == '_' {
			revision = binary.BigEndian.Uint64(last)
		}
		return nil
	})
	return revision, err
}

// revisionKey is etcd's key for {revision, sub 0}: two big-endian numbers with '_' between.
func revisionKey(revision uint64) []byte {
	key := make([]byte, 17)
	binary.BigEndian.PutUint64(key, revision)
	key[8] = '_'
	return key
}
