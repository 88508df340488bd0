package main

import (
	"bytes"
	"math/rand"
	"os"
	"path/filepath"
	"testing"
)

// Random overwrites of a file with holes and an odd size, in rounds as a job makes them: after each
// the bytes are back, and after the last one the room on disk too.
func TestUndoTakesBackAnyWrite(t *testing.T) {
	for seed := int64(1); seed <= 20; seed++ {
		random := rand.New(rand.NewSource(seed))
		path := filepath.Join(t.TempDir(), "file")
		size := int64(300000 + random.Intn(200000))
		want := sparseFile(t, path, size, random)
		allocated := room(t, path)

		u, err := newUndo(path)
		if err != nil {
			t.Fatal(err)
		}
		for round := 0; round < 4; round++ {
			scribble(t, u, size, random)
			if err := u.restore(round == 3); err != nil {
				t.Fatal(err)
			}
			u.settle()
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("seed %d, round %d: the file is not what it was", seed, round)
			}
		}
		if err := u.close(); err != nil {
			t.Fatal(err)
		}
		if after := room(t, path); u.canHole && after > allocated {
			t.Errorf("seed %d: takes %d bytes, took %d", seed, after, allocated)
		}
	}
}

func sparseFile(t *testing.T, path string, size int64, random *rand.Rand) []byte {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	want := make([]byte, size)
	for i := 0; i < 20; i++ {
		from := random.Int63n(size)
		to := from + random.Int63n(20000)
		if to > size {
			to = size
		}
		random.Read(want[from:to])
		if _, err := file.WriteAt(want[from:to], from); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if err := file.Sync(); err != nil {
		t.Fatal(err)
	}
	return want
}

// scribble writes over and past the file, each write announced first.
func scribble(t *testing.T, u *undo, size int64, random *rand.Rand) {
	t.Helper()
	for i := 0; i < 15; i++ {
		noise := make([]byte, 1+random.Intn(30000))
		random.Read(noise)
		offset := random.Int63n(size + 20000)
		if err := u.capture(offset, len(noise)); err != nil {
			t.Fatal(err)
		}
		if _, err := u.file.WriteAt(noise, offset); err != nil {
			t.Fatal(err)
		}
	}
}
