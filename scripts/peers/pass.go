package main

// The figures of one measured pass: differences of what bbolt, the meter, the file and the undo log
// say before the first measured commit and after the last one.

import (
	"os"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"

	"kvtune/peers/meter"
)

// passReport is one measured pass. Free pages and allocated blocks Before are those of the file as
// opened, warm-up commits still to come; all sums and differences are of the measured commits
// alone.
type passReport struct {
	Pass              int       `json:"pass"`
	Puts              int       `json:"puts"`
	CompletionSeconds float64   `json:"completionSeconds"`
	CommitSeconds     []float64 `json:"commitSeconds"`
	OpenSeconds       float64   `json:"openSeconds"`

	// bbolt's own: spill holds allocate and most of free; write holds the writes and the syncs.
	SpillSeconds float64 `json:"spillSeconds"`
	WriteSeconds float64 `json:"writeSeconds"`

	// The meter's. Freelist is the sum of allocate, free, release and count.
	FreelistSeconds float64 `json:"freelistSeconds"`
	AllocateSeconds float64 `json:"allocateSeconds"`
	FreeSeconds     float64 `json:"freeSeconds"`
	ReleaseSeconds  float64 `json:"releaseSeconds"`
	CountSeconds    float64 `json:"countSeconds"`
	WriteAtSeconds  float64 `json:"writeAtSeconds"`
	SyncSeconds     float64 `json:"syncSeconds"`

	Allocations                 int   `json:"allocations"`
	MultiPageAllocations        int   `json:"multiPageAllocations"`
	MultiPageAllocationsFromRun int   `json:"multiPageAllocationsFromRun"`
	Probes                      int   `json:"probes"`
	PagesAllocated              int   `json:"pagesAllocated"`
	Frees                       int   `json:"frees"`
	Writes                      int   `json:"writes"`
	BytesWritten                int64 `json:"bytesWritten"`
	Syncs                       int   `json:"syncs"`
	MeterCalls                  int   `json:"meterCalls"`

	FileGrowthBytes      int64 `json:"fileGrowthBytes"`
	HighWaterGrowthPages int64 `json:"highWaterGrowthPages"`
	FreePagesBefore      int   `json:"freePagesBefore"`
	FreePagesAfter       int   `json:"freePagesAfter"`
	PendingPagesAfter    int   `json:"pendingPagesAfter"`
	AllocatedBytesBefore int64 `json:"allocatedBytesBefore"`
	// Pre-images that the unmeasured pass had not met: none for the array, some for the hashmap,
	// whose choice of pages differs each time. Their reading is part of the completion time.
	CapturedBytes  int64   `json:"capturedBytes"`
	CaptureSeconds float64 `json:"captureSeconds"`
}

// reading is everything read at one moment, no transaction open.
type reading struct {
	stats        bolt.Stats
	counters     meter.Counters
	fileBytes    int64
	pages        int64
	units        int64
	captureSpent time.Duration
}

func takeReading(db *bolt.DB, j *job) (reading, error) {
	info, err := os.Stat(j.path)
	if err != nil {
		return reading{}, err
	}
	r := reading{
		stats: db.Stats(), counters: meter.Total, fileBytes: info.Size(),
		units: j.undo.units, captureSpent: j.undo.spent,
	}
	err = db.View(func(tx *bolt.Tx) error {
		r.pages = tx.Size() / int64(db.Info().PageSize)
		return nil
	})
	return r, err
}

func (p *passReport) fill(before, after reading) {
	own := after.stats.TxStats.Sub(&before.stats.TxStats)
	p.SpillSeconds = own.SpillTime.Seconds()
	p.WriteSeconds = own.WriteTime.Seconds()

	did := after.counters.Since(before.counters)
	p.AllocateSeconds = did.Allocate.Seconds()
	p.FreeSeconds = did.Free.Seconds()
	p.ReleaseSeconds = did.Release.Seconds()
	p.CountSeconds = did.Count.Seconds()
	p.FreelistSeconds = (did.Allocate + did.Free + did.Release + did.Count).Seconds()
	p.WriteAtSeconds = did.Write.Seconds()
	p.SyncSeconds = did.Sync.Seconds()
	p.Allocations = did.Allocations
	p.MultiPageAllocations = did.MultiPageAllocations
	p.MultiPageAllocationsFromRun = did.MultiPageAllocationsFromRun
	p.Probes = did.Probes
	p.PagesAllocated = did.PagesAllocated
	p.Frees = did.Frees
	p.Writes = did.Writes
	p.BytesWritten = did.BytesWritten
	p.Syncs = did.Syncs
	p.MeterCalls = did.Calls

	p.FileGrowthBytes = after.fileBytes - before.fileBytes
	p.HighWaterGrowthPages = after.pages - before.pages
	p.FreePagesAfter = after.stats.FreePageN
	p.PendingPagesAfter = after.stats.PendingPageN
	p.CapturedBytes = (after.units - before.units) * unitBytes
	p.CaptureSeconds = (after.captureSpent - before.captureSpent).Seconds()
}

// allocatedBytes is the room the file takes on disk.
func allocatedBytes(path string) (int64, error) {
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		return 0, err
	}
	return stat.Blocks * 512, nil
}
