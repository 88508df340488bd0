package main

// puts: one goroutine puts, each put a transaction of its own through the store's Put (key index,
// watchers, backend buffer, bbolt), as an applied request of etcd does it. The clock runs from the
// first put to the return of the last; commits that fall due on the way, by limit in this goroutine
// or by interval in the backend's, are in it. The last commit, of what is still pending, is timed
// apart. Making keys, values and the order is in neither, opening and preload are not.

import (
	"flag"
	"time"

	"go.etcd.io/etcd/server/v3/lease"
)

type putsReport struct {
	versionReport
	Settings        storeSettings `json:"settings"`
	Work            workOptions   `json:"work"`
	Cost            cost          `json:"cost"`
	PutsPerSecond   float64       `json:"putsPerSecond"`
	CommitsInside   int64         `json:"commitsInside"`
	LastCommitNs    int64         `json:"lastCommitNs"`
	HeapBytesAtLast uint64        `json:"heapBytesAtLast"`
	End             storeEnd      `json:"end"`
}

func putsCommand(args []string) (any, error) {
	flags := flag.NewFlagSet("puts", flag.ContinueOnError)
	var o workOptions
	var settings storeOptions
	addWorkFlags(flags, &o)
	addStoreFlags(flags, &settings)
	flags.IntVar(&o.Preload, "preload", 0, "")
	flags.IntVar(&o.Puts, "puts", 0, "")
	flags.StringVar(&o.Order, "order", orderSequences, "")
	path, err := parseFile(flags, args)
	if err != nil {
		return nil, err
	}
	err = firstError(o.check(), settings.check(), checkBounds(bound{"puts", o.Puts, 1, countMax}))
	if err != nil {
		return nil, err
	}
	return puts(path, o, settings)
}

func firstError(errors ...error) error {
	for _, err := range errors {
		if err != nil {
			return err
		}
	}
	return nil
}

func puts(path string, o workOptions, settings storeOptions) (*putsReport, error) {
	w := newWork(o)
	s := openStore(path, settings)
	s.preload(w, 0, o.Preload)
	before := s.commits()
	report := &putsReport{versionReport: versions(), Settings: settings.settings(), Work: o}
	m := startMeter()
	for n := o.Preload; n < o.Preload+o.Puts; n++ {
		key, value := w.put(n)
		s.kv.Put(key, value, lease.NoLease)
	}
	report.Cost = m.stop()
	report.CommitsInside = s.commits() - before
	begin := time.Now()
	s.kv.Commit()
	report.LastCommitNs = time.Since(begin).Nanoseconds()
	report.HeapBytesAtLast = heapBytes()
	report.PutsPerSecond = float64(o.Puts) / report.Cost.Seconds
	var err error
	report.End, err = s.finish()
	return report, err
}
