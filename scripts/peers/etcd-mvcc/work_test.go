package main

import (
	"bytes"
	"slices"
	"testing"
)

// The numbers are those of engine/base/random.ts.
func TestRandomIsThatOfTheEngine(t *testing.T) {
	r := newRandom(20261124)
	got := []int{int(r.uint32()), int(r.uint32()), int(r.uint32()), r.below(1000), r.below(1000),
		r.below(1000000)}
	if want := []int{1191034251, 2667472371, 166341047, 328, 905, 198984}; !slices.Equal(got, want) {
		t.Errorf("got %v, wanted %v", got, want)
	}
	filled := make([]byte, 7)
	r.fill(filled)
	if want := []byte{137, 14, 102, 220, 182, 73, 28}; !bytes.Equal(filled, want) {
		t.Errorf("filled %v, wanted %v", filled, want)
	}
	r = newRandom(1<<40 + 5)
	if first, second := r.uint32(), r.below(77); first != 768542553 || second != 12 {
		t.Errorf("above 32 bits: got %d, %d", first, second)
	}
}

func TestWorkIsTheFormula(t *testing.T) {
	w := newWork(workOptions{Keys: 3, Preload: 1, Puts: 4, KeyBytes: 12, ValueBytes: 5, Seed: 9,
		Order: orderSequences})
	pool := make([]byte, poolStarts+5)
	newRandom(10).fill(pool)
	for n := 0; n < 5; n++ {
		key, value := w.put(n)
		if want := []string{"0000000000kk", "0000000001kk", "0000000002kk"}[n%3]; string(key) != want {
			t.Errorf("put %d: key %s, wanted %s", n, key, want)
		}
		if !bytes.Equal(value, pool[n*4093:n*4093+5]) {
			t.Errorf("put %d: value is not the pool's", n)
		}
	}
	if _, value := w.put(300); !bytes.Equal(value, pool[300*4093-poolStarts:300*4093-poolStarts+5]) {
		t.Error("put 300: the pool is not counted around")
	}
}

func TestShape(t *testing.T) {
	samples := make([]int64, 1000)
	for i := range samples {
		samples[i] = int64(1000 - i)
	}
	got := shapeOf(samples)
	if want := (latency{1000, 500.5, 500, 900, 990, 999, 1000}); got != want {
		t.Errorf("got %+v, wanted %+v", got, want)
	}
	if got := median([]float64{9, 1, 3, 5}); got != 4 {
		t.Errorf("median is %g, wanted 4", got)
	}
}
