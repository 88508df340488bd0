package main

// Keys, values and the order of puts: functions of a seed that any program can repeat, so that
// two stores can be given the same bytes. Puts are numbered from 0, a preload first.
//
//	key of index i:   i as 10 decimal digits, then the letter k up to keyBytes; sorts as i does
//	order:            sequential: index = n mod keys. random: after the preload, whose indexes are
//	                  sequential, draw.below(keys) for each put, draw = random(seed)
//	value of put n:   pool[o .. o+valueBytes), o = (n * 4093) mod 2^20; the pool is 2^20 + valueBytes
//	                  bytes of random(seed + 1).fill
//
// random is sfc32 as in engine/base/random.ts, draw for draw. Keys and order are made before a
// clock runs and lie in two slices without pointers, which Go's collector never walks.

import (
	"encoding/binary"
	"flag"
	"math"
)

const (
	keyDigits      = 10
	poolStarts     = 1 << 20
	valueStride    = 4093
	countMax       = 1 << 30
	valueBytesMax  = 16 << 20
	keyBytesMax    = 4096
	orderRandom    = "random"
	orderSequences = "sequential"
)

// random is sfc32, seeded as engine/base/random.ts seeds it.
type random struct{ a, b, c, counter uint32 }

func newRandom(seed int64) *random {
	r := &random{uint32(seed), uint32(int64(math.Floor(float64(seed) / (1 << 32)))), 0x9e3779b9, 1}
	for round := 0; round < 12; round++ {
		r.uint32()
	}
	return r
}

func (r *random) uint32() uint32 {
	sum := r.a + r.b + r.counter
	r.counter++
	r.a = r.b ^ r.b>>9
	r.b = r.c + r.c<<3
	r.c = (r.c<<21 | r.c>>11) + sum
	return sum
}

// below is a whole number in [0, limit), from 53 random bits.
func (r *random) below(limit int) int {
	high := float64(r.uint32()>>5) * 0x4000000
	unit := (high + float64(r.uint32()>>6)) / (1 << 53)
	return int(unit * float64(limit))
}

func (r *random) fill(target []byte) {
	var word [4]byte
	for i := 0; i < len(target); i += 4 {
		binary.LittleEndian.PutUint32(word[:], r.uint32())
		copy(target[i:], word[:])
	}
}

// workOptions say what is put. They are part of each answer.
type workOptions struct {
	Keys       int    `json:"keys"`
	Preload    int    `json:"preload"`
	Puts       int    `json:"puts"`
	KeyBytes   int    `json:"keyBytes"`
	ValueBytes int    `json:"valueBytes"`
	Order      string `json:"order"`
	Seed       int64  `json:"seed"`
}

// addWorkFlags leaves preload, puts and order to those who have them.
func addWorkFlags(flags *flag.FlagSet, o *workOptions) {
	flags.IntVar(&o.Keys, "keys", 0, "")
	flags.IntVar(&o.KeyBytes, "key-bytes", 64, "")
	flags.IntVar(&o.ValueBytes, "value-bytes", 256, "")
	flags.Int64Var(&o.Seed, "seed", 1, "")
	o.Order = orderSequences
}

func (o workOptions) check() error {
	const seedMax = 1<<53 - 2
	if o.Seed < 0 || o.Seed > seedMax {
		return usage("--seed is 0 to 2^53 - 2, not %d", o.Seed)
	}
	if err := oneOf("order", o.Order, orderSequences, orderRandom); err != nil {
		return err
	}
	return checkBounds(
		bound{"keys", o.Keys, 1, countMax},
		bound{"preload", o.Preload, 0, countMax},
		bound{"puts", o.Puts, 0, countMax},
		bound{"key-bytes", o.KeyBytes, keyDigits, keyBytesMax},
		bound{"value-bytes", o.ValueBytes, 0, valueBytesMax},
	)
}

// work hands out keys and values; made once, read only.
type work struct {
	options workOptions
	keys    []byte
	// Index of the key of each put after the preload; nil: sequential.
	order []uint32
	pool  []byte
}

func newWork(o workOptions) *work {
	w := &work{options: o, keys: make([]byte, o.Keys*o.KeyBytes)}
	for i := 0; i < o.Keys; i++ {
		writeKey(w.keyAt(i), i)
	}
	if o.Order == orderRandom {
		draw := newRandom(o.Seed)
		w.order = make([]uint32, o.Puts)
		for i := range w.order {
			w.order[i] = uint32(draw.below(o.Keys))
		}
	}
	w.pool = make([]byte, poolStarts+o.ValueBytes)
	newRandom(o.Seed + 1).fill(w.pool)
	return w
}

func writeKey(key []byte, index int) {
	for i := range key {
		key[i] = 'k'
	}
	for digit := keyDigits - 1; digit >= 0; digit-- {
		key[digit] = byte('0' + index%10)
		index /= 10
	}
}

// keyAt is the key of that index. Full capacity is cut, so that nobody can append into the next.
func (w *work) keyAt(index int) []byte {
	from := index * w.options.KeyBytes
	to := from + w.options.KeyBytes
	return w.keys[from:to:to]
}

// put is key and value of put number n, counted from the preload's first.
func (w *work) put(n int) (key, value []byte) {
	index := n % w.options.Keys
	if w.order != nil && n >= w.options.Preload {
		index = int(w.order[n-w.options.Preload])
	}
	from := n * valueStride % poolStarts
	return w.keyAt(index), w.pool[from : from+w.options.ValueBytes]
}
