package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"kvtune/peers/meter"
)

// The guard starts this very program again; as its child it is bboltpeer, not a test.
func TestMain(m *testing.M) {
	if isChild() {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

type outcome struct {
	code           int
	stdout, stderr string
}

func invoke(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(args, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func needMeter(t *testing.T) {
	t.Helper()
	if meter.On {
		return
	}
	if os.Getenv("KVTUNE_REQUIRE_METER") != "" {
		t.Fatal("bbolt is not the metered one")
	}
	t.Skip("needs the metered bbolt: run scripts/peers/test.sh")
}

func filled(t *testing.T, options fillOptions) (string, fillReport) {
	t.Helper()
	if options.freelist == "" {
		options.freelist = bolt.FreelistArrayType
	}
	if options.pageSize == 0 {
		options.pageSize = 4096
	}
	path := filepath.Join(t.TempDir(), "db")
	report, err := fill(path, options)
	if err != nil {
		t.Fatal(err)
	}
	return path, report
}

func fileDigest(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, file); err != nil {
		t.Fatal(err)
	}
	var sum [sha256.Size]byte
	copy(sum[:], digest.Sum(nil))
	return sum
}

func decode(t *testing.T, text string, into interface{}) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
}

func TestUsageErrorsAreOneLineAndExitTwo(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for _, args := range [][]string{
		{},
		{"wash"},
		{"check"},
		{"check", "a", "b"},
		{"check", missing},
		{"dump", missing, "--hash"},
		{"dump", missing, "--wrong"},
		{"fill", missing},
		{"fill", missing, "--ops", "5", "--page-size", "1000"},
		{"fill", missing, "--ops", "5", "--freelist", "tree"},
		{"fill", missing, "--ops", "5", "--append"},
		{"hold", missing, "--seconds", "1"},
		{"hold", missing},
		{"job", missing, "--freelist", "array"},
		{"job", missing, "--rounds", "0"},
		{"put", missing},
		{"put", missing, "--order", missing, "--pool", missing},
		{"put", missing, "--puts-per-commit", "0"},
		{"get", missing, "--order", missing},
		{"scan", missing},
		{"scan", missing, "--passes", "0"},
		{"open", missing},
		{"version", "x"},
	} {
		got := invoke(args...)
		if got.code != exitUsage || strings.Count(got.stderr, "\n") != 1 || got.stdout != "" {
			t.Errorf("%q: code %d, stdout %q, stderr %q", args, got.code, got.stdout, got.stderr)
		}
		if _, err := os.Stat(missing); err == nil {
			t.Fatalf("%q created the file", args)
		}
	}
}

func TestVersionNamesBbolt(t *testing.T) {
	var version versionReport
	decode(t, invoke("version").stdout, &version)
	if version.Bbolt != bboltVersion || version.Go == "" || version.Source == "" ||
		version.Metered != meter.On {
		t.Errorf("%v", version)
	}
	if meter.On && version.Bbolt != "1.3.6" {
		t.Errorf("the meter is written for 1.3.6: %v", version)
	}
}
