package main

// beside: put latencies of one goroutine while another ranges over L keys in a loop.
//
// Both go through the store of etcd as its server does: Put, and Read, Range, End. What a range
// holds from Read to End, that is over the walk of the key index, a look-up in the backend for each
// key and the decoding of each KeyValue:
//
//	concurrent  etcd 3.4 and later. ConcurrentReadTx: the backend's read lock, shared, is held only
//	            while the buffer is copied. During the walk of the key index that index is locked
//	            (shared), as in every etcd: a put waits for it before it enters its key.
//	shared      etcd 3.3 and before, by the store's own SharedBufReadTxMode: backend.ReadTx().RLock()
//	            is held from Read to End. A put needs that lock alone when it publishes its change
//	            (batchTxBuffered.Unlock) and when it commits, so it waits for the whole rest of the
//	            range; it holds the store's revision lock meanwhile, so later reads wait with it.
//	none        no range at all.
//
// Only the lock is 3.3's. The rest is the etcd of this build: bbolt of today, one writer's batch,
// the key index of today. 3.3 assembled its answer before it let go; that is not here, so `shared`
// holds the lock a little shorter than 3.3 did. Go hands a read-write lock to a waiting writer
// before any later reader: a put waits for one range at most, and two puts never in the same range.
//
// Puts overwrite keys drawn at random. put-rate 0 is a closed loop: the next put begins when the
// last one ended, so a stall is one sample. With a rate, latency counts from the intended start:
// puts that a stall held up count as late. service is from the put's own start in both. late is how
// far after its intended start a put began that no put before it held up: the sleep's inaccuracy
// and the machine's, which are part of latency.

import (
	"flag"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/lease"
)

const (
	modeNone   = "none"
	modeShared = "shared"
)

type besideOptions struct {
	Mode         string  `json:"mode"`
	RangeKeys    int     `json:"rangeKeys"`
	RangePauseMs float64 `json:"rangePauseMs"`
	Seconds      float64 `json:"seconds"`
	PutRate      float64 `json:"putRate"`
	rangePause   time.Duration
}

type besideReport struct {
	versionReport
	Settings      storeSettings `json:"settings"`
	Work          workOptions   `json:"work"`
	Beside        besideOptions `json:"beside"`
	Cost          cost          `json:"cost"`
	PutsPerSecond float64       `json:"putsPerSecond"`
	Latency       latency       `json:"latency"`
	Service       latency       `json:"service"`
	Late          latency       `json:"late"`
	Range         latency       `json:"range"`
	KeysRead      int           `json:"keysRead"`
	CommitsInside int64         `json:"commitsInside"`
	End           storeEnd      `json:"end"`
}

func besideCommand(args []string) (any, error) {
	flags := flag.NewFlagSet("beside", flag.ContinueOnError)
	var w workOptions
	var settings storeOptions
	var o besideOptions
	addWorkFlags(flags, &w)
	addStoreFlags(flags, &settings)
	flags.StringVar(&o.Mode, "mode", modeConcurrent, "")
	flags.IntVar(&o.RangeKeys, "range-keys", 1, "")
	flags.DurationVar(&o.rangePause, "range-pause", 0, "")
	flags.Float64Var(&o.Seconds, "seconds", 5, "")
	flags.Float64Var(&o.PutRate, "put-rate", 0, "")
	path, err := parseFile(flags, args)
	if err != nil {
		return nil, err
	}
	w.Preload = w.Keys
	o.RangePauseMs = milliseconds(o.rangePause)
	err = firstError(
		w.check(), settings.check(), oneOf("mode", o.Mode, modeNone, modeConcurrent, modeShared),
		checkBounds(bound{"range-keys", o.RangeKeys, 1, w.Keys}), checkPace(o.Seconds, o.PutRate),
	)
	if err == nil && o.rangePause < 0 {
		err = usage("--range-pause is 0 or more, not %s", o.rangePause)
	}
	if err != nil {
		return nil, err
	}
	return beside(path, w, settings, o)
}

func checkPace(seconds, rate float64) error {
	if !(seconds > 0 && seconds <= 3600) {
		return usage("--seconds is above 0 and up to 3600, not %g", seconds)
	}
	if !(rate >= 0 && rate <= 1e6) {
		return usage("--put-rate is 0 (closed loop) to 1000000, not %g", rate)
	}
	return nil
}

func beside(
	path string, wo workOptions, settings storeOptions, o besideOptions,
) (*besideReport, error) {
	w := newWork(wo)
	s := openStore(path, settings)
	s.preload(w, 0, wo.Keys)
	report := &besideReport{
		versionReport: versions(), Settings: settings.settings(), Work: wo, Beside: o,
	}
	putting := newPutter(s, w, newRandom(wo.Seed), o.PutRate)
	before := s.commits()
	m := startMeter()
	ranging := startRanging(s, w, o)
	deadline := time.Now().Add(time.Duration(o.Seconds * float64(time.Second)))
	putting.putUntil(func() bool { return time.Now().Before(deadline) })
	ranges, keys, err := ranging.stop()
	report.Cost = m.stop()
	if err != nil {
		return nil, err
	}
	report.CommitsInside = s.commits() - before
	report.PutsPerSecond = float64(len(putting.service)) / report.Cost.Seconds
	report.Latency, report.Service = shapeOf(putting.latency), shapeOf(putting.service)
	report.Late = shapeOf(putting.late)
	report.Range, report.KeysRead = shapeOf(ranges), keys
	report.Work.Puts = len(putting.service)
	report.End, err = s.finish()
	return report, err
}

// putter is the one goroutine that puts.
type putter struct {
	store *store
	work  *work
	draw  *random
	// Puts a second; 0: as many as go.
	rate                   float64
	latency, service, late []int64
}

// newPutter makes room for samples ahead, so that no list grows while puts are timed.
func newPutter(s *store, w *work, draw *random, rate float64) *putter {
	const samples = 1 << 20
	room := func() []int64 { return make([]int64, 0, samples) }
	return &putter{
		store: s, work: w, draw: draw, rate: rate,
		latency: room(), service: room(), late: room(),
	}
}

// putUntil puts while `more` says so, asked before each put.
func (p *putter) putUntil(more func() bool) {
	o := p.work.options
	base := time.Now()
	free := base
	for n := 0; more(); n++ {
		intended := free
		if p.rate > 0 {
			intended = base.Add(time.Duration(float64(n) / p.rate * 1e9))
			sleepUntil(intended)
		}
		key := p.work.keyAt(p.draw.below(o.Keys))
		from := (o.Preload + n) * valueStride % poolStarts
		begin := time.Now()
		p.store.kv.Put(key, p.work.pool[from:from+o.ValueBytes], lease.NoLease)
		end := time.Now()
		if p.rate == 0 {
			intended = begin
		} else if !free.After(intended) {
			p.late = append(p.late, begin.Sub(intended).Nanoseconds())
		}
		p.service = append(p.service, end.Sub(begin).Nanoseconds())
		p.latency = append(p.latency, end.Sub(intended).Nanoseconds())
		free = end
	}
}

// sleepUntil asks the kernel: Go's own timers wake up to a millisecond late.
func sleepUntil(moment time.Time) {
	for ahead := time.Until(moment); ahead > 0; ahead = time.Until(moment) {
		span := syscall.NsecToTimespec(ahead.Nanoseconds())
		// An interrupted sleep goes on with what is left.
		_ = syscall.Nanosleep(&span, nil)
	}
}

// rangingLoop is the goroutine that ranges.
type rangingLoop struct {
	ended   chan struct{}
	stopped atomic.Bool
	ranges  []int64
	keys    int
	err     error
}

// startRanging ranges from keys drawn at random until stop; the range that is under way ends first.
func startRanging(s *store, w *work, o besideOptions) *rangingLoop {
	loop := &rangingLoop{ended: make(chan struct{})}
	mode := concurrentMode
	if o.Mode == modeShared {
		mode = sharedMode
	}
	draw := newRandom(w.options.Seed + 2)
	go func() {
		defer close(loop.ended)
		for o.Mode != modeNone && !loop.stopped.Load() {
			loop.once(s, w, o, mode, draw.below(w.options.Keys-o.RangeKeys+1))
			if loop.err != nil {
				return
			}
			time.Sleep(o.rangePause)
		}
	}()
	return loop
}

func (l *rangingLoop) once(s *store, w *work, o besideOptions, mode readTxMode, first int) {
	end := []byte{0xff}
	if last := first + o.RangeKeys; last < w.options.Keys {
		end = w.keyAt(last)
	}
	begin := time.Now()
	count, _, err := rangeOnce(s, mode, w.keyAt(first), end)
	l.ranges = append(l.ranges, time.Since(begin).Nanoseconds())
	l.keys += count
	if err == nil && count != o.RangeKeys {
		err = fmt.Errorf("a range of %d keys found %d", o.RangeKeys, count)
	}
	l.err = err
}

func (l *rangingLoop) stop() (ranges []int64, keys int, err error) {
	l.stopped.Store(true)
	<-l.ended
	return l.ranges, l.keys, l.err
}
