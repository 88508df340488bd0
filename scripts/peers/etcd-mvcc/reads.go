package main

// reads: what a read transaction costs, one goroutine, no writer beside it.
//
// The store holds `keys` committed keys, one revision each, and `pending` further puts that
// overwrite the first of them and lie in the backend's read buffer: no commit falls due (its limit
// and interval are set out of reach). One transaction reads `reads-per-tx` keys, next to each
// other, at a place drawn anew, of those that are not overwritten.
//
// etcd 3.5 copies the buffer's whole array, which never shrinks: a server that once had 10,000 puts
// pending copies 13,122 places (24 B twice) ever after; 3.6 copies those in use. The keys are
// therefore written first and the store opened again, with an array of 512 places; `ever-pending`
// puts are then made and committed, to grow it, before the `pending` ones.
//
//	level backend   begin, one UnsafeRange per revision key as Range makes it, end: no key index, no
//	                decoding
//	level kv        Read, Range (key index, the same look-ups, decoding of each KeyValue), End
//
//	readtx             the shared transaction: RLock and RUnlock of a lock that the writer needs
//	concurrent         ConcurrentReadTx, when a write has ended since the last one: copies the buffer
//	concurrent-cached  the same with no write in between: uses the copy that the last one made
//
// The write before each `concurrent` transaction, outside the clock, puts one key of the meta
// bucket over and over: it makes the copy stale, as any put does, without adding to the buffer of
// keys. Each transaction is timed on its own; timerNs is what the timing adds to each. Garbage of
// copies is collected when Go likes, in part beside the clock: cost has the whole.

import (
	"encoding/binary"
	"flag"
	"fmt"
	"runtime"
	"time"

	"go.etcd.io/etcd/pkg/v3/traceutil"
	"go.etcd.io/etcd/server/v3/lease"
)

const (
	modeReadTx     = "readtx"
	modeConcurrent = "concurrent"
	modeCached     = "concurrent-cached"
	levelBackend   = "backend"
	levelKv        = "kv"
	// No commit in a run.
	never = 24 * time.Hour
)

type readsOptions struct {
	Level       string `json:"level"`
	Mode        string `json:"mode"`
	Pending     int    `json:"pending"`
	EverPending int    `json:"everPending"`
	ReadsPerTx  int    `json:"readsPerTx"`
	Repetitions int    `json:"repetitions"`
	Blocks      int    `json:"blocks"`
}

// overwritten is how many keys, from the first, have more than one revision.
func (o readsOptions) overwritten() int { return max(o.Pending, o.EverPending) }

type readsReport struct {
	versionReport
	Settings storeSettings `json:"settings"`
	Work     workOptions   `json:"work"`
	Reads    readsOptions  `json:"reads"`
	Cost     cost          `json:"cost"`
	// Median over blocks of a block's mean, and those means.
	NsPerTransaction      float64   `json:"nsPerTransaction"`
	BlockNsPerTransaction []float64 `json:"blockNsPerTransaction"`
	BlockP99NsTransaction []int64   `json:"blockP99NsPerTransaction"`
	NsPerKey              float64   `json:"nsPerKey"`
	TransactionsPerSecond float64   `json:"transactionsPerSecond"`
	TimerNs               float64   `json:"timerNs"`
	KeysRead              int       `json:"keysRead"`
	BytesRead             int       `json:"bytesRead"`
	End                   storeEnd  `json:"end"`
}

func readsCommand(args []string) (any, error) {
	flags := flag.NewFlagSet("reads", flag.ContinueOnError)
	var w workOptions
	var settings storeOptions
	var o readsOptions
	addWorkFlags(flags, &w)
	addStoreFlags(flags, &settings)
	flags.StringVar(&o.Level, "level", levelBackend, "")
	flags.StringVar(&o.Mode, "mode", modeConcurrent, "")
	flags.IntVar(&o.Pending, "pending", 0, "")
	flags.IntVar(&o.EverPending, "ever-pending", 0, "")
	flags.IntVar(&o.ReadsPerTx, "reads-per-tx", 1, "")
	flags.IntVar(&o.Repetitions, "repetitions", 1000, "")
	flags.IntVar(&o.Blocks, "blocks", 5, "")
	path, err := parseFile(flags, args)
	if err != nil {
		return nil, err
	}
	w.Preload, w.Puts = w.Keys, o.Pending
	err = firstError(
		w.check(), settings.check(), oneOf("level", o.Level, levelBackend, levelKv),
		oneOf("mode", o.Mode, modeReadTx, modeConcurrent, modeCached),
		checkBounds(
			bound{"pending", o.Pending, 0, w.Keys - 1},
			bound{"ever-pending", o.EverPending, 0, w.Keys - 1},
			bound{"reads-per-tx", o.ReadsPerTx, 1, w.Keys - o.overwritten()},
			bound{"repetitions", o.Repetitions, 1, countMax}, bound{"blocks", o.Blocks, 1, 1000},
		))
	if err != nil {
		return nil, err
	}
	return reads(path, w, settings, o)
}

func reads(
	path string, wo workOptions, settings storeOptions, o readsOptions,
) (*readsReport, error) {
	w := newWork(wo)
	s := openStore(path, settings)
	s.preload(w, 0, wo.Keys)
	if err := s.close(); err != nil {
		return nil, err
	}
	settings.batchLimit, settings.batchInterval = countMax, never
	s = openStore(path, settings)
	s.preload(w, wo.Keys, o.EverPending)
	for n := wo.Keys; n < wo.Keys+o.Pending; n++ {
		key, value := w.put(n)
		s.kv.Put(key, value, lease.NoLease)
	}
	r := &reader{store: s, work: w, options: o, draw: newRandom(wo.Seed + 2)}
	if err := r.transaction(o.overwritten()); err != nil {
		return nil, err
	}
	r.keysRead, r.bytesRead = 0, 0
	report := &readsReport{
		versionReport: versions(), Settings: settings.settings(), Work: wo, Reads: o,
		TimerNs: timerNs(),
	}
	committed := s.commits()
	m := startMeter()
	for block := 0; block < o.Blocks; block++ {
		shape, err := r.block()
		if err != nil {
			return nil, err
		}
		report.BlockNsPerTransaction = append(report.BlockNsPerTransaction, shape.MeanNs)
		report.BlockP99NsTransaction = append(report.BlockP99NsTransaction, shape.P99Ns)
	}
	report.Cost = m.stop()
	if s.commits() != committed {
		return nil, fmt.Errorf("a commit emptied the buffer while it was read")
	}
	report.NsPerTransaction = median(report.BlockNsPerTransaction)
	report.NsPerKey = report.NsPerTransaction / float64(o.ReadsPerTx)
	report.TransactionsPerSecond = 1e9 / report.NsPerTransaction
	report.KeysRead, report.BytesRead = r.keysRead, r.bytesRead
	var err error
	report.End, err = s.finish()
	return report, err
}

type reader struct {
	store               *store
	work                *work
	options             readsOptions
	draw                *random
	keysRead, bytesRead int
}

// block times its transactions one by one.
func (r *reader) block() (latency, error) {
	samples := make([]int64, r.options.Repetitions)
	overwritten := r.options.overwritten()
	places := r.work.options.Keys - overwritten - r.options.ReadsPerTx + 1
	for i := range samples {
		first := overwritten + r.draw.below(places)
		if r.options.Mode == modeConcurrent {
			r.makeStale()
		}
		begin := time.Now()
		err := r.transaction(first)
		samples[i] = time.Since(begin).Nanoseconds()
		if err != nil {
			return latency{}, err
		}
	}
	return shapeOf(samples), nil
}

func (r *reader) transaction(first int) error {
	if r.options.Level == levelKv {
		return r.rangeKv(first)
	}
	return r.rangeBackend(first)
}

// The revision of the key of index i is i + 2: a new store is at revision 1.
const firstRevision = 2

func (r *reader) rangeBackend(first int) error {
	var tx backendTx
	if r.options.Mode == modeReadTx {
		tx = r.store.backend.ReadTx()
	} else {
		tx = r.store.backend.ConcurrentReadTx()
	}
	tx.RLock()
	defer tx.RUnlock()
	var revision [17]byte
	revision[8] = '_'
	for i := first; i < first+r.options.ReadsPerTx; i++ {
		binary.BigEndian.PutUint64(revision[:], uint64(i+firstRevision))
		_, values := tx.UnsafeRange(keyBucket, revision[:], nil, 0)
		if len(values) != 1 {
			return fmt.Errorf("revision %d: found %d values, not one", i+firstRevision, len(values))
		}
		r.keysRead++
		r.bytesRead += len(values[0])
	}
	return nil
}

func (r *reader) rangeKv(first int) error {
	var end []byte
	last := first + r.options.ReadsPerTx
	switch {
	case r.options.ReadsPerTx == 1:
	case last < r.work.options.Keys:
		end = r.work.keyAt(last)
	default:
		end = []byte{0xff}
	}
	count, bytes, err := rangeOnce(r.store, kvMode(r.options.Mode), r.work.keyAt(first), end)
	if err == nil && count != r.options.ReadsPerTx {
		err = fmt.Errorf("a range of %d keys found %d", r.options.ReadsPerTx, count)
	}
	r.keysRead += count
	r.bytesRead += bytes
	return err
}

func kvMode(mode string) readTxMode {
	if mode == modeReadTx {
		return sharedMode
	}
	return concurrentMode
}

// rangeOnce is one Range in a transaction of its own, held from Read to End as the server holds it.
func rangeOnce(s *store, mode readTxMode, key, end []byte) (count, bytes int, err error) {
	tx := s.kv.Read(mode, traceutil.Get(background))
	defer tx.End()
	found, err := tx.Range(background, key, end, rangeOptions{})
	if err != nil {
		return 0, 0, err
	}
	for i := range found.KVs {
		bytes += len(found.KVs[i].Value)
	}
	return len(found.KVs), bytes, nil
}

// makeStale ends a write that leaves the buffer of keys as it is.
func (r *reader) makeStale() {
	tx := r.store.backend.BatchTx()
	tx.LockOutsideApply()
	tx.UnsafePut(metaBucket, []byte("kvtune"), []byte("stale"))
	tx.Unlock()
}

// timerNs is the time between two readings of the clock with nothing in between.
func timerNs() float64 {
	const rounds = 10000
	var sum int64
	for i := 0; i < rounds; i++ {
		begin := time.Now()
		sum += time.Since(begin).Nanoseconds()
	}
	return float64(sum) / rounds
}

func heapBytes() uint64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}
