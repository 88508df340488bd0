package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/pkg/v3/traceutil"
	"go.etcd.io/etcd/server/v3/lease"
)

type outcome struct {
	code           int
	stdout, stderr string
}

func invoke(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(args, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// ask runs a command on a new file and decodes its one line into report.
func ask(t *testing.T, report any, command string, args ...string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	got := invoke(append([]string{command, path}, args...)...)
	if got.code != exitOk || got.stderr != "" {
		t.Fatalf("%s ended with %d: %s", command, got.code, got.stderr)
	}
	if strings.Count(got.stdout, "\n") != 1 {
		t.Fatalf("%s printed %q, wanted one line", command, got.stdout)
	}
	if err := json.Unmarshal([]byte(got.stdout), report); err != nil {
		t.Fatal(err)
	}
}

func TestUsage(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(there, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	absent := filepath.Join(t.TempDir(), "absent")
	for _, wrong := range []struct{ args, says string }{
		{"", "missing command"},
		{"sing", `unknown command "sing"`},
		{"version x", "version takes no arguments"},
		{"puts", "expected one file, got 0"},
		{"puts " + there + " --keys 1 --puts 1", "is there already"},
		{"puts " + absent + " --puts 1", "--keys is 1 to"},
		{"puts " + absent + " --keys 1", "--puts is 1 to"},
		{"puts " + absent + " --keys 1 --puts 1 --order up", "--order is sequential or random"},
		{"puts " + absent + " --keys 1 --puts 1 --key-bytes 9", "--key-bytes is 10 to"},
		{"puts " + absent + " --keys 1 --puts 1 --seed -1", "--seed is 0 to"},
		{"puts " + absent + " --keys 1 --puts 1 --batch-interval 0s", "interval must be above 0"},
		{"reads " + absent + " --keys 9 --pending 9", "--pending is 0 to 8"},
		{"reads " + absent + " --keys 9 --mode shared", "--mode is readtx or"},
		{"beside " + absent + " --keys 9 --range-keys 10", "--range-keys is 1 to 9"},
		{"beside " + absent + " --keys 9 --seconds 0", "--seconds is above 0"},
		{"beside " + absent + " --keys 9 --put-rate -1", "--put-rate is 0"},
		{"compact " + absent + " --keys 9 --versions 0", "--versions is 1 to"},
		{"leases " + absent + " --leases 2 --due 3", "--due is 0 to 2"},
	} {
		got := invoke(strings.Fields(wrong.args)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, wrong.says) || got.stdout != "" {
			t.Errorf("%q: got %d %q, wanted usage with %q", wrong.args, got.code, got.stderr, wrong.says)
		}
	}
}

func TestVersions(t *testing.T) {
	got := invoke("version")
	var report versionReport
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(report.Etcd, "3.") || !strings.HasPrefix(report.Bbolt, "1.") {
		t.Errorf("got %+v, wanted the versions of the build", report)
	}
}

func TestPutsLeaveWhatTheFormulaSays(t *testing.T) {
	var report putsReport
	ask(t, &report, "puts", "--keys", "50", "--preload", "20", "--puts", "100", "--order", "random",
		"--seed", "7", "--key-bytes", "12", "--value-bytes", "33", "--batch-limit", "10")
	seen := map[int]bool{}
	for i := 0; i < 20; i++ {
		seen[i] = true
	}
	draw := newRandom(7)
	for i := 0; i < 100; i++ {
		seen[draw.below(50)] = true
	}
	if report.End.Revision != 121 || report.End.Keys != len(seen) {
		t.Errorf("got %+v, wanted revision 121 and %d keys", report.End, len(seen))
	}
	// 100 puts, each commit takes ten; the interval may add some.
	if report.CommitsInside < 10 {
		t.Errorf("got %d commits, wanted at least 10", report.CommitsInside)
	}
	if report.PutsPerSecond <= 0 || report.Cost.Seconds <= 0 || report.End.FileBytes == 0 {
		t.Errorf("got %+v", report)
	}
}

// A preload and puts leave the same store as puts alone; another seed or value does not.
func TestHashIsOfTheWork(t *testing.T) {
	hash := func(args ...string) uint32 {
		var report putsReport
		args = append([]string{"--keys", "30", "--batch-limit", "7", "--sync=false"}, args...)
		ask(t, &report, "puts", args...)
		return report.End.Hash
	}
	base := hash("--puts", "60")
	if got := hash("--puts", "40", "--preload", "20"); got != base {
		t.Errorf("with a preload: got %d, wanted %d", got, base)
	}
	seed, size := hash("--puts", "60", "--seed", "2"), hash("--puts", "60", "--value-bytes", "255")
	if seed == base || size == base {
		t.Error("other values have the same hash")
	}
}

func TestFreelistIsNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	w := workOptions{Keys: 10, Puts: 10, KeyBytes: 10, Order: orderSequences}
	o := testStore()
	if _, err := puts(path, w, o); err != nil {
		t.Fatal(err)
	}
	bytes, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Meta page 0: 16 bytes of header, then magic, version, page size, flags, root, freelist.
	const freelistOffset = 16 + 4*4 + 16
	if got := binary.LittleEndian.Uint64(bytes[freelistOffset:]); got != 1<<64-1 {
		t.Errorf("freelist page is %d, wanted none", got)
	}
}

func TestReads(t *testing.T) {
	for _, level := range []string{levelBackend, levelKv} {
		bytesOf := map[string]int{}
		for _, mode := range []string{modeReadTx, modeConcurrent, modeCached} {
			var report readsReport
			ask(t, &report, "reads", "--level", level, "--mode", mode, "--keys", "200", "--pending", "30",
				"--ever-pending", "50", "--reads-per-tx", "5", "--repetitions", "40", "--blocks", "3")
			if report.KeysRead != 5*40*3 || len(report.BlockNsPerTransaction) != 3 {
				t.Errorf("%s %s: read %d keys in %d blocks", level, mode, report.KeysRead,
					len(report.BlockNsPerTransaction))
			}
			if report.End.Revision != 1+200+50+30 || report.NsPerTransaction <= 0 {
				t.Errorf("%s %s: got %+v", level, mode, report)
			}
			bytesOf[mode] = report.BytesRead
		}
		if bytesOf[modeReadTx] != bytesOf[modeConcurrent] || bytesOf[modeCached] != bytesOf[modeReadTx] {
			t.Errorf("%s: modes read different bytes: %v", level, bytesOf)
		}
	}
}

// With a large buffer a transaction after a write costs its copy, and no other does: the difference
// is two orders of magnitude, asked for is a factor of three.
func TestConcurrentPaysForTheCopyOnlyAfterAWrite(t *testing.T) {
	cost := func(mode string) float64 {
		var report readsReport
		ask(t, &report, "reads", "--mode", mode, "--keys", "6000", "--pending", "5000", "--sync=false",
			"--value-bytes", "8", "--repetitions", "200")
		return report.NsPerTransaction
	}
	copied, cached, shared := cost(modeConcurrent), cost(modeCached), cost(modeReadTx)
	if copied < 3*cached || copied < 3*shared {
		t.Errorf("copied %.0f ns, cached %.0f ns, shared %.0f ns", copied, cached, shared)
	}
}

func TestBeside(t *testing.T) {
	ask3 := func(mode, rate string) besideReport {
		var report besideReport
		ask(t, &report, "beside", "--mode", mode, "--keys", "20000", "--range-keys", "10000",
			"--seconds", "0.5", "--put-rate", rate, "--value-bytes", "16", "--sync=false")
		if report.End.Revision != int64(1+20000+report.Service.Count) {
			t.Errorf("%s: %d puts, revision %d", mode, report.Service.Count, report.End.Revision)
		}
		if report.KeysRead != 10000*report.Range.Count {
			t.Errorf("%s: %d keys in %d ranges", mode, report.KeysRead, report.Range.Count)
		}
		return report
	}
	none, concurrent, shared := ask3(modeNone, "0"), ask3(modeConcurrent, "0"), ask3(modeShared, "0")
	if none.Range.Count != 0 || concurrent.Range.Count == 0 || shared.Range.Count == 0 {
		t.Errorf("ranges: %d, %d, %d", none.Range.Count, concurrent.Range.Count, shared.Range.Count)
	}
	// Puts that come early in a range wait for the rest of it.
	if 2*shared.Service.MaxNs < shared.Range.P50Ns {
		t.Errorf("the longest put took %d ns beside ranges of %d ns", shared.Service.MaxNs,
			shared.Range.P50Ns)
	}
	if paced := ask3(modeNone, "200"); paced.Service.Count < 90 || paced.Service.Count > 101 {
		t.Errorf("200/s for half a second made %d puts", paced.Service.Count)
	}
}

// The whole difference between the modes: what an open read keeps from ending.
func TestAPutWaitsForAnOpenSharedReadOnly(t *testing.T) {
	w := newWork(workOptions{Keys: 10, KeyBytes: 10, Order: orderSequences})
	o := testStore()
	s := openStore(filepath.Join(t.TempDir(), "db"), o)
	s.preload(w, 0, 10)
	put := func() chan bool {
		done := make(chan bool, 1)
		go func() {
			// As many as fill a batch: the commit must not wait either.
			for n := 0; n < o.batchLimit; n++ {
				key, value := w.put(n)
				s.kv.Put(key, value, lease.NoLease)
			}
			done <- true
		}()
		return done
	}
	open := s.kv.Read(concurrentMode, traceutil.Get(background))
	select {
	case <-put():
	case <-time.After(20 * time.Second):
		t.Fatal("a put waits for a concurrent read")
	}
	open.End()
	open = s.kv.Read(sharedMode, traceutil.Get(background))
	waiting := put()
	select {
	case <-waiting:
		t.Fatal("a put ended beside an open shared read")
	case <-time.After(100 * time.Millisecond):
	}
	open.End()
	<-waiting
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

func TestCompact(t *testing.T) {
	var report compactReport
	ask(t, &report, "compact", "--keys", "3000", "--versions", "3", "--before", "20ms", "--sync=false",
		"--put-rate", "500")
	if report.KeysRemoved != 2*3000 || report.BatchPauses < 6 {
		t.Errorf("removed %.0f in %d batches", report.KeysRemoved, report.BatchPauses)
	}
	if report.CallNs <= 0 || report.TotalNs < report.CallNs || report.During.Count == 0 {
		t.Errorf("got %+v", report)
	}
	if report.End.Keys != 3000 {
		t.Errorf("%d keys are left", report.End.Keys)
	}
}

func TestLeases(t *testing.T) {
	var report leasesReport
	ask(t, &report, "leases", "--leases", "3000", "--due", "20", "--idle-ticks", "1", "--sync=false")
	if report.LeasesAtTheEnd != 3000 || report.Expired != 20 {
		t.Errorf("%d leases, %d expired", report.LeasesAtTheEnd, report.Expired)
	}
	// A second of ttl, then at most a tick; the rest is the machine's.
	if report.ExpiryLag.MaxNs > 5e9 || report.BytesPerLease < 50 || report.BytesPerLease > 5000 {
		t.Errorf("lag %d ns, %.0f B a lease", report.ExpiryLag.MaxNs, report.BytesPerLease)
	}
}

func testStore() storeOptions {
	return storeOptions{
		batchLimit: 5, batchInterval: never, sync: true, compactionBatchLimit: 1000,
		compactionSleep: never, leaseTtlMin: 1,
	}
}
