package main

// compact: `versions` puts to each of `keys` keys, then one compaction at the last revision while
// one goroutine puts to keys drawn at random. Put latencies are given for a time `before` the
// compaction, a second unless told, and during it; rate and latency as in beside.go.
//
// callNs is Compact itself, which commits; its caller waits. totalNs is until the superseded
// revisions are gone. The walk of the key index and the batches of the backend are etcd's own
// figures: each cut to whole milliseconds before its histogram adds it.

import (
	"flag"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.etcd.io/etcd/pkg/v3/traceutil"
)

type compactOptions struct {
	Versions    int     `json:"versions"`
	PutRate     float64 `json:"putRate"`
	BeforeMs    float64 `json:"beforeMs"`
	beforeQuiet time.Duration
}

type compactReport struct {
	versionReport
	Settings      storeSettings  `json:"settings"`
	Work          workOptions    `json:"work"`
	Compact       compactOptions `json:"compact"`
	Cost          cost           `json:"cost"`
	CallNs        int64          `json:"callNs"`
	TotalNs       int64          `json:"totalNs"`
	IndexMs       float64        `json:"indexMs"`
	BatchPauses   uint64         `json:"batchPauses"`
	BatchPausesMs float64        `json:"batchPausesMs"`
	KeysRemoved   float64        `json:"keysRemoved"`
	Before        latency        `json:"before"`
	During        latency        `json:"during"`
	DuringService latency        `json:"duringService"`
	End           storeEnd       `json:"end"`
}

func compactCommand(args []string) (any, error) {
	flags := flag.NewFlagSet("compact", flag.ContinueOnError)
	var w workOptions
	var settings storeOptions
	var o compactOptions
	addWorkFlags(flags, &w)
	addStoreFlags(flags, &settings)
	flags.IntVar(&o.Versions, "versions", 2, "")
	flags.Float64Var(&o.PutRate, "put-rate", 0, "")
	flags.DurationVar(&o.beforeQuiet, "before", time.Second, "")
	flags.IntVar(&settings.compactionBatchLimit, "compaction-batch-limit", 1000, "")
	flags.DurationVar(&settings.compactionSleep, "compaction-sleep", 10*time.Millisecond, "")
	path, err := parseFile(flags, args)
	if err != nil {
		return nil, err
	}
	o.BeforeMs = milliseconds(o.beforeQuiet)
	err = firstError(w.check(), settings.check(), checkBounds(bound{"versions", o.Versions, 1, 1000}),
		checkPace(o.beforeQuiet.Seconds(), o.PutRate))
	if err == nil && w.Keys > countMax/o.Versions {
		err = usage("--keys times --versions is %d at most", countMax)
	}
	if err != nil {
		return nil, err
	}
	w.Preload = w.Keys * o.Versions
	return compact(path, w, settings, o)
}

func compact(
	path string, wo workOptions, settings storeOptions, o compactOptions,
) (*compactReport, error) {
	w := newWork(wo)
	s := openStore(path, settings)
	s.preload(w, 0, wo.Preload)
	report := &compactReport{versionReport: versions(), Settings: settings.settings(), Compact: o}
	quiet := newPutter(s, w, newRandom(wo.Seed), o.PutRate)
	busy := newPutter(s, w, newRandom(wo.Seed+2), o.PutRate)
	before := compactionFigures()
	m := startMeter()
	deadline := time.Now().Add(o.beforeQuiet)
	quiet.putUntil(func() bool { return time.Now().Before(deadline) })
	compacted := make(chan error, 1)
	go func() { compacted <- s.compactAll(int64(wo.Preload+1), report) }()
	var failed error
	done := false
	busy.putUntil(func() bool {
		select {
		case failed = <-compacted:
			done = true
		default:
		}
		return !done
	})
	report.Cost = m.stop()
	if failed != nil {
		return nil, failed
	}
	after := compactionFigures()
	report.IndexMs = after.indexMs - before.indexMs
	report.BatchPauses = after.batches - before.batches
	report.BatchPausesMs = after.batchesMs - before.batchesMs
	report.KeysRemoved = after.removed - before.removed
	wo.Puts = len(quiet.service) + len(busy.service)
	report.Work = wo
	report.Before, report.During = shapeOf(quiet.latency), shapeOf(busy.latency)
	report.DuringService = shapeOf(busy.service)
	var err error
	report.End, err = s.finish()
	return report, err
}

func (s *store) compactAll(revision int64, report *compactReport) error {
	begin := time.Now()
	done, err := s.kv.Compact(traceutil.Get(background), revision)
	report.CallNs = time.Since(begin).Nanoseconds()
	if err != nil {
		return err
	}
	<-done
	report.TotalNs = time.Since(begin).Nanoseconds()
	return nil
}

type compactionSums struct {
	indexMs, batchesMs, removed float64
	batches                     uint64
}

// compactionFigures are etcd's own, since the process began.
func compactionFigures() compactionSums {
	var sums compactionSums
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		return sums
	}
	for _, family := range families {
		metric := family.GetMetric()[0]
		switch family.GetName() {
		case "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds":
			sums.indexMs = metric.GetHistogram().GetSampleSum()
		case "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds":
			sums.batchesMs = metric.GetHistogram().GetSampleSum()
			sums.batches = metric.GetHistogram().GetSampleCount()
		case "etcd_debugging_mvcc_db_compaction_keys_total":
			sums.removed = metric.GetCounter().GetValue()
		}
	}
	return sums
}
