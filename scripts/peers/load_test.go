package main

import (
	"encoding/binary"
	"math/rand"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"kvtune/peers/meter"
)

const testValueBytes = 256

// loadFiles writes an order of count numbers and a pool of 8 values.
func loadFiles(t *testing.T, count int, random bool) (order, pool string) {
	t.Helper()
	numbers := make([]int, count)
	for i := range numbers {
		numbers[i] = i
	}
	if random {
		rand.New(rand.NewSource(1)).Shuffle(count, func(i, j int) { numbers[i], numbers[j] = numbers[j], numbers[i] })
	}
	bytes := make([]byte, 4*count)
	for i, number := range numbers {
		binary.LittleEndian.PutUint32(bytes[4*i:], uint32(number))
	}
	values := make([]byte, 8*testValueBytes)
	rand.New(rand.NewSource(2)).Read(values)
	folder := t.TempDir()
	order, pool = filepath.Join(folder, "order"), filepath.Join(folder, "pool")
	for path, data := range map[string][]byte{order: bytes, pool: values} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return order, pool
}

func loaded(t *testing.T, args ...string) loadReport {
	t.Helper()
	got := invoke(args...)
	if got.code != exitOk {
		t.Fatalf("%q: %+v", args, got)
	}
	var report loadReport
	decode(t, got.stdout, &report)
	if report.Bbolt != bboltVersion || report.Seconds <= 0 {
		t.Errorf("%q: %+v", args, report)
	}
	return report
}

func TestPutsInAnyOrderGiveTheSameContents(t *testing.T) {
	var hashes []string
	for _, random := range []bool{false, true} {
		order, pool := loadFiles(t, 2500, random)
		path := filepath.Join(t.TempDir(), "db")
		before := meter.Total
		report := loaded(t, "put", path, "--order", order, "--pool", pool, "--puts-per-commit", "1000",
			"--page-size", "4096", "--fill-percent", "0.5", "--freelist", "array")
		if report.Operations != 2500 || report.Settings.Freelist != "array" ||
			report.Settings.PageSize != 4096 || report.Settings.FillPercent != 0.5 ||
			!report.Settings.Sync || report.Settings.SyncFreelist || report.Settings.GrowSync ||
			report.Settings.ReadOnly || report.FileBytes < 2500*testValueBytes {
			t.Errorf("%+v", report)
		}
		// Two for the bucket and two for each of three commits; one more made the file.
		did := meter.Total.Since(before)
		if meter.On && did.Syncs != 2*(1+3)+1 {
			t.Errorf("%d syncs", did.Syncs)
		}
		if outcome, checked := checked(t, path); !checked.Ok || checked.Keys["key"] != 2500 {
			t.Errorf("%+v", outcome)
		}
		var dumped dumpSummary
		decode(t, invoke("dump", "--hash", path).stdout, &dumped)
		hashes = append(hashes, dumped.Hash)
	}
	if hashes[0] != hashes[1] {
		t.Errorf("%q", hashes)
	}
}

func TestPutRefusesAFileThatIsThere(t *testing.T) {
	order, pool := loadFiles(t, 10, false)
	got := invoke("put", order, "--order", order, "--pool", pool)
	if got.code != exitUsage {
		t.Errorf("%+v", got)
	}
	path := filepath.Join(t.TempDir(), "db")
	for _, args := range [][]string{
		{"put", path, "--order", order, "--pool", pool, "--value-bytes", "300"},
		{"put", path, "--order", os.DevNull, "--pool", pool},
	} {
		if got := invoke(args...); got.code != exitUsage {
			t.Errorf("%q: %+v", args, got)
		}
		if _, err := os.Stat(path); err == nil {
			t.Fatalf("%q created the file", args)
		}
	}
}

// The checksums are written down again here, as kvtune computes them.
func TestReadsSeeEveryKeyAndValue(t *testing.T) {
	const count = 600
	order, pool := loadFiles(t, count, true)
	path := filepath.Join(t.TempDir(), "db")
	loaded(t, "put", path, "--order", order, "--pool", pool)
	numbers, err := readOrder(order)
	if err != nil {
		t.Fatal(err)
	}
	values, err := readPool(pool, testValueBytes)
	if err != nil {
		t.Fatal(err)
	}
	var gets, scan uint32
	for _, number := range numbers {
		value := values[number%8]
		gets = gets*31 + uint32(value[0]) + uint32(value[testValueBytes-1])
	}
	for number := uint32(0); number < count; number++ {
		scan = scan*31 + (number+1)&0xff + uint32(values[number%8][0]) +
			revisionKeyBytes + testValueBytes
	}
	if got := loaded(t, "get", path, "--order", order); got.Checksum != gets ||
		got.Operations != count || !got.Settings.ReadOnly {
		t.Errorf("%+v, wanted %d", got, gets)
	}
	if got := loaded(t, "scan", path, "--passes", "3"); got.Checksum != (scan*31+scan)*31+scan ||
		got.Operations != 3*count {
		t.Errorf("%+v, wanted %d thrice", got, scan)
	}
	more, _ := loadFiles(t, count+1, false)
	if got := invoke("get", path, "--order", more); got.code != exitCorrupt {
		t.Errorf("a key that is not there: %+v", got)
	}
}

func TestOpenFindsTheFreePagesAndWritesNothing(t *testing.T) {
	path, made := filled(t, fillOptions{seed: 4, ops: 3000})
	before := fileDigest(t, path)
	for _, freelist := range freelists {
		report := loaded(t, "open", path, "--freelist", string(freelist))
		if report.FreePages != made.FreePages || report.FreePages == 0 ||
			report.Settings.Freelist != string(freelist) || report.Settings.SyncFreelist {
			t.Errorf("%+v, filled as %+v", report, made)
		}
	}
	if fileDigest(t, path) != before {
		t.Error("opening changed the file")
	}
}

func TestTheHookSeesEachWriteAndCanStopIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var metas, others int
	fail := false
	err = hookWrites(db, func(offset int64, length int) error {
		if fail {
			return os.ErrPermission
		}
		if offset < int64(2*os.Getpagesize()) {
			metas++
		} else {
			others++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	makeBucket := func(name string) error {
		return db.Update(func(tx *bolt.Tx) error {
			_, err := tx.CreateBucket([]byte(name))
			return err
		})
	}
	if err := makeBucket("a"); err != nil {
		t.Fatal(err)
	}
	if metas != 1 || others == 0 {
		t.Errorf("%d writes of metas, %d others", metas, others)
	}
	fail = true
	if err := makeBucket("b"); err == nil {
		t.Error("the write went through")
	}
}
