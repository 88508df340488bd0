package main

import (
	"errors"
	"os"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"

	"kvtune/peers/meter"
)

func smallJob(freelist bolt.FreelistType) jobOptions {
	return jobOptions{
		freelist: freelist, valueBytes: 10000, putsPerCommit: 40, commits: 4, warmUpCommits: 2,
		rounds: 3, seed: 1,
	}
}

var freelists = []bolt.FreelistType{bolt.FreelistArrayType, bolt.FreelistMapType}

// punchFreePages makes holes of the free pages, as a synthesized sparse file has them.
func punchFreePages(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	err = db.View(func(tx *bolt.Tx) error {
		for id := 2; int64(id)*4096 < tx.Size(); id++ {
			page, err := tx.Page(id)
			if err != nil {
				return err
			}
			if page.Type != "free" {
				continue
			}
			err = syscall.Fallocate(int(file.Fd()), punchMode, int64(id)*4096, 4096)
			if err != nil {
				t.Skipf("no holes on this file system: %v", err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Sync(); err != nil {
		t.Fatal(err)
	}
}

func TestJobLeavesTheFileAsItWas(t *testing.T) {
	for _, freelist := range freelists {
		for _, sparse := range []bool{false, true} {
			path, _ := filled(t, fillOptions{seed: 3, ops: 4000, syncFreelist: !sparse})
			if sparse {
				punchFreePages(t, path)
			}
			before, allocated := fileDigest(t, path), room(t, path)
			got := invoke("job", path, "--freelist", string(freelist), "--value-bytes", "10000",
				"--puts-per-commit", "40", "--commits", "4", "--warm-up-commits", "2",
				"--rounds", "3", "--seed", "1")
			if got.code != exitOk {
				t.Fatalf("%+v", got)
			}
			if fileDigest(t, path) != before {
				t.Errorf("%s, sparse %v: the job changed the file", freelist, sparse)
			}
			// A file system may count blocks of its own, such as ext4's extent tree, and keep them.
			const own = 8192
			if after := room(t, path); after < allocated || after > allocated+own {
				t.Errorf("%s, sparse %v: allocated %d, was %d", freelist, sparse, after, allocated)
			}
			var report jobReport
			decode(t, got.stdout, &report)
			judgeReport(t, report, freelist)
			if _, checked := checked(t, path); !checked.Ok {
				t.Errorf("%+v", checked)
			}
		}
	}
}

func room(t *testing.T, path string) int64 {
	t.Helper()
	bytes, err := allocatedBytes(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func judgeReport(t *testing.T, report jobReport, freelist bolt.FreelistType) {
	t.Helper()
	if report.Freelist != string(freelist) || !report.NoFreelistSync || report.NoSync ||
		!report.NoGrowSync || report.FirstRevision == 0 || len(report.Passes) != 3 ||
		report.Metered != meter.On || report.Bbolt != bboltVersion {
		t.Errorf("%+v", report)
	}
	first := report.Passes[0]
	for i, pass := range report.Passes {
		if pass.Pass != i+1 || pass.Puts != 160 || len(pass.CommitSeconds) != 4 {
			t.Errorf("%+v", pass)
		}
		var commits float64
		for _, seconds := range pass.CommitSeconds {
			commits += seconds
		}
		if pass.AllocatedBytesBefore != first.AllocatedBytesBefore ||
			pass.FreePagesBefore != first.FreePagesBefore || pass.FreePagesBefore == 0 {
			t.Errorf("pass %d started elsewhere: %+v, first %+v", i+1, pass, first)
		}
		if commits > pass.CompletionSeconds || pass.SpillSeconds <= 0 {
			t.Errorf("times do not add up: %+v", pass)
		}
		if !meter.On {
			continue
		}
		parts := pass.SpillSeconds + pass.WriteSeconds + pass.ReleaseSeconds + pass.CountSeconds
		if parts > commits ||
			pass.SyncSeconds+pass.WriteAtSeconds > pass.WriteSeconds ||
			pass.AllocateSeconds <= 0 || pass.FreeSeconds <= 0 || pass.ReleaseSeconds <= 0 {
			t.Errorf("times do not add up: %+v", pass)
		}
		if pass.Syncs != 8 || pass.Allocations < 80 || pass.MultiPageAllocations < 80 ||
			pass.MultiPageAllocationsFromRun > pass.MultiPageAllocations ||
			pass.BytesWritten < 160*10000 || pass.PagesAllocated < 160*10000/4096 {
			t.Errorf("counts: %+v", pass)
		}
		if freelist == bolt.FreelistMapType {
			if pass.Probes != 0 {
				t.Errorf("the hashmap scans nothing: %+v", pass)
			}
			continue
		}
		// The array makes the same choices each time.
		if pass.Probes != first.Probes || pass.PagesAllocated != first.PagesAllocated ||
			pass.FileGrowthBytes != first.FileGrowthBytes || pass.CapturedBytes != 0 {
			t.Errorf("pass %d differs: %+v, first %+v", i+1, pass, first)
		}
	}
}

// naiveAllocate is the array's first fit, written down again: the start of the first run of n
// neighbouring ids and how many ids were looked at.
func naiveAllocate(ids []uint64, n int) (uint64, int) {
	run := 0
	for i, id := range ids {
		if i > 0 && id == ids[i-1]+1 {
			run++
		} else {
			run = 1
		}
		if run == n {
			return id - uint64(n) + 1, i + 1
		}
	}
	return 0, len(ids)
}

func TestProbesAreTheIdsTheScanLooksAt(t *testing.T) {
	needMeter(t)
	path, _ := filled(t, fillOptions{seed: 5, ops: 3000})
	seen, failed, late := 0, 0, 0
	meter.OnAllocate = func(a meter.Allocation) {
		id, probes := naiveAllocate(a.Ids, a.Pages)
		if id != a.Id || probes != a.Probes {
			t.Errorf("%d pages from %d ids: id %d, probes %d; naive: %d, %d",
				a.Pages, len(a.Ids), a.Id, a.Probes, id, probes)
		}
		seen++
		if id == 0 && len(a.Ids) > 0 {
			failed++
		}
		if id != 0 && probes > a.Pages {
			late++
		}
	}
	defer func() { meter.OnAllocate = nil }()
	before := meter.Total
	options := smallJob(bolt.FreelistArrayType)
	options.valueBytes, options.rounds = 2500, 1
	if _, err := runJob(path, options, nil); err != nil {
		t.Fatal(err)
	}
	if did := meter.Total.Since(before); did.Allocations != seen {
		t.Errorf("%d allocations counted, %d seen", did.Allocations, seen)
	}
	if failed < 5 || late < 5 {
		t.Errorf("too easy a list: %d failed, %d late of %d", failed, late, seen)
	}
}

func TestJobRestoresAfterAFailedWrite(t *testing.T) {
	path, _ := filled(t, fillOptions{seed: 3, ops: 2000})
	before := fileDigest(t, path)
	for _, limit := range []int{1, 100, 400} {
		writes := 0
		broken := errors.New("no more writes")
		options := smallJob(bolt.FreelistArrayType)
		options.beforeWrite = func() error {
			if writes++; writes > limit {
				return broken
			}
			return nil
		}
		_, err := runJob(path, options, nil)
		if !errors.Is(err, broken) {
			t.Errorf("limit %d: %v", limit, err)
		}
		if fileDigest(t, path) != before {
			t.Errorf("limit %d: the file changed", limit)
		}
	}
}

func TestJobRestoresAfterAnInterrupt(t *testing.T) {
	needMeter(t)
	path, _ := filled(t, fillOptions{seed: 3, ops: 2000})
	before := fileDigest(t, path)
	interrupt := make(chan os.Signal, 1)
	commits := meter.Total.Syncs
	meter.OnAllocate = func(meter.Allocation) {
		if meter.Total.Syncs-commits == 18 {
			select {
			case interrupt <- os.Interrupt:
			default:
			}
		}
	}
	defer func() { meter.OnAllocate = nil }()
	_, err := runJob(path, smallJob(bolt.FreelistMapType), interrupt)
	var f fault
	if !errors.As(err, &f) || f.code != exitInterrupted {
		t.Errorf("%v", err)
	}
	if fileDigest(t, path) != before {
		t.Error("the file changed")
	}
}

func TestJobKeepsFilesOfOtherPageSizes(t *testing.T) {
	for _, pageSize := range []int{1024, 16384} {
		path, _ := filled(t, fillOptions{seed: 2, ops: 1000, pageSize: pageSize})
		before := fileDigest(t, path)
		options := smallJob(bolt.FreelistMapType)
		options.rounds = 2
		report, err := runJob(path, options, nil)
		if err != nil {
			t.Fatal(err)
		}
		if report.PageSize != pageSize || fileDigest(t, path) != before {
			t.Errorf("page size %d: report says %d, or the file changed", pageSize, report.PageSize)
		}
	}
}

func TestJobNeedsItsBucket(t *testing.T) {
	path, _ := filled(t, fillOptions{seed: 1, ops: 1})
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		if tx.Bucket([]byte(jobBucket)) == nil {
			return nil
		}
		return tx.DeleteBucket([]byte(jobBucket))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	got := invoke("job", path, "--commits", "1", "--freelist", "array")
	if got.code != exitCorrupt || got.stdout != "" {
		t.Errorf("%+v", got)
	}
}
