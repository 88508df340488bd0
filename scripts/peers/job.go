package main

// job: the suite's freelist job on real bbolt. Puts of fresh revisions into bucket `key`, so many a
// commit, syncs on, freelist not stored; the clock runs from before the first measured Begin (which
// releases pages) to the return of the last Commit.
//
// One unmeasured pass comes first: it finds and keeps what the job overwrites (undo.go) and leaves
// the blocks allocated. Each measured pass opens the file again, makes its warm-up commits,
// collects Go's garbage, then runs. The file is restored after every pass, an interrupt and an
// error included, and ends as it began. What the freelist does is counted by the metered bbolt
// (meter/); with any other those figures are 0.

import (
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"

	"kvtune/peers/meter"
)

const jobBucket = "key"

// The map never has to move during a job: the file may grow by this much first.
const mapRoomBytes = 1 << 30

const valuePoolBytes = 1 << 20

type jobOptions struct {
	freelist      bolt.FreelistType
	valueBytes    int
	putsPerCommit int
	commits       int
	warmUpCommits int
	rounds        int
	seed          int64
	// Called before each write if set; its error fails the write. Lets a test break the disk.
	beforeWrite func() error
}

// jobReport is what job prints: settings as read back, then one entry a measured pass.
type jobReport struct {
	Bbolt          string `json:"bbolt"`
	Metered        bool   `json:"metered"`
	Freelist       string `json:"freelist"`
	NoFreelistSync bool   `json:"noFreelistSync"`
	NoGrowSync     bool   `json:"noGrowSync"`
	NoSync         bool   `json:"noSync"`
	PageSize       int    `json:"pageSize"`
	FileBytes      int64  `json:"fileBytes"`
	ValueBytes     int    `json:"valueBytes"`
	PutsPerCommit  int    `json:"putsPerCommit"`
	Commits        int    `json:"commits"`
	WarmUpCommits  int    `json:"warmUpCommits"`
	Seed           int64  `json:"seed"`
	FirstRevision  uint64 `json:"firstRevision"`
	// What one metered call adds, measured now; about half of it lies inside the times reported.
	MeterCallSeconds float64      `json:"meterCallSeconds"`
	CapturedBytes    int64        `json:"capturedBytes"`
	Passes           []passReport `json:"passes"`
}

// job holds what all passes share.
type job struct {
	jobOptions
	path      string
	undo      *undo
	pool      []byte
	interrupt chan os.Signal
	report    jobReport
}

func jobCommand(args []string, stdout io.Writer) error {
	options, path, err := parseJob(args)
	if err != nil {
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
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt, syscall.SIGTERM)
	report, err := runJob(path, options, interrupt)
	if err != nil {
		return err
	}
	return printJson(stdout, report)
}

func parseJob(args []string) (jobOptions, string, error) {
	flags := flag.NewFlagSet("job", flag.ContinueOnError)
	var options jobOptions
	freelist := flags.String("freelist", "array", "")
	flags.IntVar(&options.valueBytes, "value-bytes", 10000, "")
	flags.IntVar(&options.putsPerCommit, "puts-per-commit", 500, "")
	flags.IntVar(&options.commits, "commits", 10, "")
	flags.IntVar(&options.warmUpCommits, "warm-up-commits", 2, "")
	flags.IntVar(&options.rounds, "rounds", 1, "")
	flags.Int64Var(&options.seed, "seed", 1, "")
	path, err := parseFile(flags, args)
	if err != nil {
		return options, "", err
	}
	if options.freelist, err = parseFreelist(*freelist); err != nil {
		return options, "", err
	}
	for _, count := range []int{
		options.valueBytes, options.putsPerCommit, options.commits, options.rounds,
	} {
		if count < 1 {
			return options, "", usage(
				"--value-bytes, --puts-per-commit, --commits and --rounds must be at least 1")
		}
	}
	if options.warmUpCommits < 0 {
		return options, "", usage("--warm-up-commits must not be negative")
	}
	if _, err := requireFile(path); err != nil {
		return options, "", err
	}
	return options, path, nil
}

// runJob runs all passes. A signal on interrupt ends it between two commits, file restored.
func runJob(path string, options jobOptions, interrupt chan os.Signal) (jobReport, error) {
	u, err := newUndo(path)
	if err != nil {
		return jobReport{}, err
	}
	defer u.close()

	random := rand.New(rand.NewSource(options.seed))
	j := job{jobOptions: options, path: path, undo: u, interrupt: interrupt}
	j.pool = make([]byte, valuePoolBytes+options.valueBytes)
	random.Read(j.pool)
	j.report = jobReport{
		Bbolt: bboltVersion, Metered: meter.On, FileBytes: u.size,
		ValueBytes: options.valueBytes, PutsPerCommit: options.putsPerCommit,
		Commits: options.commits, WarmUpCommits: options.warmUpCommits, Seed: options.seed,
		MeterCallSeconds: meter.CallCost().Seconds(),
		Passes:           []passReport{},
	}

	if meter.On {
		meter.BeforeWrite = j.keep
		defer func() { meter.BeforeWrite = nil }()
	}
	for number := 0; number <= options.rounds; number++ {
		pass, err := j.pass(number)
		if err != nil {
			return j.report, err
		}
		if number > 0 {
			j.report.Passes = append(j.report.Passes, pass)
		}
		u.settle()
	}
	j.report.CapturedBytes = u.units * unitBytes
	return j.report, nil
}

// keep is called before each write of bbolt.
func (j *job) keep(offset int64, length int) error {
	if j.beforeWrite != nil {
		if err := j.beforeWrite(); err != nil {
			return err
		}
	}
	return j.undo.capture(offset, length)
}

// pass opens the file, runs the job once and restores the file under bbolt's lock. Whatever goes
// wrong, the file is restored, and then for good.
func (j *job) pass(number int) (pass passReport, err error) {
	allocated, err := allocatedBytes(j.path)
	if err != nil {
		return pass, err
	}
	opening := time.Now()
	db, err := open(j.path, &bolt.Options{
		FreelistType:   j.freelist,
		NoFreelistSync: true,
		// As in load.go: growing costs no sync of its own, in bbolt as in kvtune.
		NoGrowSync:      true,
		InitialMmapSize: int(j.undo.size) + mapRoomBytes,
	})
	if err != nil {
		return pass, err
	}
	pass = passReport{
		Pass: number, OpenSeconds: time.Since(opening).Seconds(),
		AllocatedBytesBefore: allocated, FreePagesBefore: db.Stats().FreePageN,
	}
	defer func() {
		if died := recover(); died != nil {
			err = corrupt("%s: bbolt died: %v", j.path, died)
			// The transaction still holds bbolt's locks; the process gives up its file lock by
			// ending.
			restored := j.undo.restore(true)
			err = worse(err, restored)
			return
		}
		restored := j.undo.restore(err != nil || number == j.rounds)
		err = worse(worse(err, restored), db.Close())
	}()

	if !meter.On {
		if err := hookWrites(db, j.keep); err != nil {
			return pass, err
		}
	}
	j.report.Freelist, j.report.NoFreelistSync = string(db.FreelistType), db.NoFreelistSync
	j.report.NoGrowSync, j.report.NoSync = db.NoGrowSync, db.NoSync
	j.report.PageSize = db.Info().PageSize
	revision, err := nextRevision(db)
	if err != nil {
		return pass, err
	}
	j.report.FirstRevision = revision
	err = j.measure(db, revision, &pass)
	return pass, err
}

// worse keeps the first error and does not lose the second.
func worse(first, second error) error {
	switch {
	case second == nil:
		return first
	case first == nil:
		return second
	}
	return fault{exitInternal, fmt.Sprintf("%v; and then: %v", first, second)}
}

// nextRevision is one after the revision of the bucket's last key.
func nextRevision(db *bolt.DB) (uint64, error) {
	var revision uint64
	err := db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(jobBucket))
		if b == nil {
			return corrupt("%s has no bucket %q", db.Path(), jobBucket)
		}
		last, _ := b.Cursor().Last()
		if last != nil && len(last) < 8 {
			return corrupt("the last key of bucket %q is no revision: %x", jobBucket, last)
		}
		if last != nil {
			revision = binary.BigEndian.Uint64(last)
		}
		return nil
	})
	return revision + 1, err
}

// measure makes the warm-up commits, then the measured ones.
func (j *job) measure(db *bolt.DB, revision uint64, pass *passReport) error {
	random := rand.New(rand.NewSource(j.seed))
	for i := 0; i < j.warmUpCommits; i++ {
		if _, err := j.commit(db, &revision, random); err != nil {
			return err
		}
	}
	// Opening leaves a map of every page behind as garbage; collecting it is no part of the job.
	runtime.GC()

	before, err := takeReading(db, j)
	if err != nil {
		return err
	}
	commits := make([]float64, 0, j.commits)
	begin := time.Now()
	for i := 0; i < j.commits; i++ {
		spent, err := j.commit(db, &revision, random)
		if err != nil {
			return err
		}
		commits = append(commits, spent.Seconds())
	}
	completion := time.Since(begin)

	after, err := takeReading(db, j)
	if err != nil {
		return err
	}
	pass.Puts = j.commits * j.putsPerCommit
	pass.CompletionSeconds = completion.Seconds()
	pass.CommitSeconds = commits
	pass.fill(before, after)
	return nil
}

var errInterrupted = fault{exitInterrupted, "interrupted; the file is as it was"}

// commit is one write transaction with its puts.
func (j *job) commit(db *bolt.DB, revision *uint64, random *rand.Rand) (time.Duration, error) {
	select {
	case <-j.interrupt:
		return 0, errInterrupted
	default:
	}
	start := time.Now()
	tx, err := db.Begin(true)
	if err != nil {
		return 0, err
	}
	b := tx.Bucket([]byte(jobBucket))
	for i := 0; i < j.putsPerCommit; i++ {
		from := random.Intn(valuePoolBytes)
		if err := b.Put(revisionKey(*revision), j.pool[from:from+j.valueBytes]); err != nil {
			return 0, worse(err, tx.Rollback())
		}
		*revision++
	}
	if err := tx.Commit(); err != nil {
		return 0, err
	}
	return time.Since(start), nil
}
