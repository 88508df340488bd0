package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

func checked(t *testing.T, path string) (outcome, checkReport) {
	t.Helper()
	got := invoke("check", path)
	var report checkReport
	decode(t, got.stdout, &report)
	return got, report
}

func TestCheckAcceptsWhatFillMakesAndLeavesItAlone(t *testing.T) {
	for _, options := range []fillOptions{
		{seed: 1, ops: 1500},
		{seed: 2, ops: 1500, syncFreelist: true},
		{seed: 3, ops: 1500, freelist: bolt.FreelistMapType, syncFreelist: true},
		{seed: 4, ops: 1500, freelist: bolt.FreelistMapType, pageSize: 16384},
		{seed: 5, ops: 800, pageSize: 1024},
	} {
		path, made := filled(t, options)
		before := fileDigest(t, path)
		got, report := checked(t, path)
		if got.code != exitOk || got.stderr != "" || !report.Ok || len(report.Faults) != 0 {
			t.Fatalf("%+v: %+v", options, got)
		}
		total, twigs := 0, 0
		for name, keys := range report.Keys {
			total += keys
			if strings.HasPrefix(name, "nested/branch-") && strings.HasSuffix(name, "/twig") {
				twigs += keys
			}
		}
		if total != made.Keys || len(report.Keys) != made.Buckets || report.Pages != made.Pages {
			t.Errorf("%+v: check says %+v, fill %+v", options, report, made)
		}
		if twigs == 0 {
			t.Errorf("no keys in nested buckets: %v", report.Keys)
		}
		if fileDigest(t, path) != before {
			t.Error("check changed the file")
		}
	}
}

// A page that is in use is written into the stored freelist in place of a free one: only a check
// that loads the freelist of a read-only database can see it.
func TestCheckSeesAFalsifiedFreelist(t *testing.T) {
	path, _ := filled(t, fillOptions{seed: 1, ops: 1500, syncFreelist: true})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Meta page: header 16 bytes, root at 32, freelist at 48, txid at 64.
	meta := data[:4096]
	if number(data[4096+64+0:]) > number(meta[64:]) {
		meta = data[4096:8192]
	}
	root, freelist := number(meta[32:]), number(meta[48:])
	page := data[freelist*4096:]
	if count := binary.LittleEndian.Uint16(page[10:]); count == 0 || count == 0xFFFF {
		t.Fatalf("the freelist holds %d ids; the test wants a few", count)
	}
	binary.LittleEndian.PutUint64(page[16:], root)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}

	got, report := checked(t, path)
	if got.code != exitCorrupt || report.Ok || strings.Count(got.stderr, "\n") != 1 {
		t.Fatalf("%+v", got)
	}
	all := strings.Join(report.Faults, "\n")
	if !strings.Contains(all, "reachable freed") || !strings.Contains(all, "unreachable unfreed") {
		t.Errorf("faults: %s", all)
	}
}

func number(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

func TestCheckSurvivesFilesThatKillBbolt(t *testing.T) {
	damage := map[string]func(data []byte) []byte{
		"cut in half": func(data []byte) []byte { return data[:len(data)/2/4096*4096] },
		"no database": func(data []byte) []byte { return bytes.Repeat([]byte("x"), 16384) },
		"too short":   func(data []byte) []byte { return data[:100] },
		"pages of noise": func(data []byte) []byte {
			for i := 2 * 4096; i < len(data); i++ {
				data[i] = byte(i * 7)
			}
			return data
		},
		"empty": func([]byte) []byte { return nil },
	}
	for name, spoil := range damage {
		path, _ := filled(t, fillOptions{seed: 1, ops: 1500})
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, spoil(data), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"check", "dump"} {
			got := invoke(command, path)
			if got.code != exitCorrupt || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("%s, %s: code %d, stderr %q", name, command, got.code, got.stderr)
			}
			if command == "check" && !strings.Contains(got.stdout, `{"ok":false,"faults":["`) {
				t.Errorf("%s: stdout %q", name, got.stdout)
			}
		}
	}
}

func TestCheckSeesKeysOutOfOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		if err != nil {
			return err
		}
		// Too much for an inline bucket, so that the keys lie in one page of their own.
		for _, key := range []string{"first-key", "other-key"} {
			if err := b.Put([]byte(key), make([]byte, 1000)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.ReplaceAll(data, []byte("first-key"), []byte("third-key"))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	got, report := checked(t, path)
	// 1.3.6 does not look at the order, so that ours has to; newer ones do, and name the keys in hex.
	fault := report.Faults[0]
	if got.code != exitCorrupt || !strings.Contains(fault, "other-key follows third-key") &&
		!strings.Contains(fault, hex.EncodeToString([]byte("other-key"))) {
		t.Errorf("%+v", got)
	}
}

func TestALockedFileIsNotCalledCorrupt(t *testing.T) {
	path, _ := filled(t, fillOptions{seed: 1, ops: 50})
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got := invoke("check", path)
	if got.code != exitInternal || got.stdout != "" || !strings.Contains(got.stderr, "locked") {
		t.Errorf("%+v", got)
	}
}
