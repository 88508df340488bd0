// Package meter owns the counters that a metered bbolt writes and bboltpeer reads: time and work of
// the freelist, of writes and of syncs.
//
// Invariants: Total only grows; it has one writer, the goroutine that holds bbolt's write lock, and
// is read by that same goroutine between transactions, so it needs no lock. Nothing here looks into
// bbolt: _bbolt/meter.go, which the scripts put into a temporary copy of bbolt, calls in. In a
// plain build (go build without the scripts) On stays false and Total stays zero.
package meter

import "time"

// On tells whether the bbolt in this program is the metered one.
var On bool

// Counters are sums since the program began. Times hold the inside of a metered call only.
type Counters struct {
	Allocate time.Duration // freelist: finding and taking pages
	Free     time.Duration // freelist: putting pages on the pending list
	Release  time.Duration // freelist: pending to free, with the merging
	Count    time.Duration // freelist: counts that bbolt takes when a write transaction closes
	Write    time.Duration // inside the positional writes
	Sync     time.Duration // inside fdatasync

	Allocations                 int
	MultiPageAllocations        int
	MultiPageAllocationsFromRun int // those that the freelist could serve; the others grew the file
	PagesAllocated              int
	Probes                      int // ids that the array's scan looked at; 0 for the hashmap
	Frees                       int
	Writes                      int
	BytesWritten                int64
	Syncs                       int

	Calls int // metered calls of any kind, to estimate what metering itself cost
}

// Total is the running sum of everything metered.
var Total Counters

// BeforeWrite, if set, is called before each positional write with the span it is about to
// overwrite; an error stops the write and fails the commit.
var BeforeWrite func(offset int64, length int) error

// Allocation is one call of the freelist's allocate, with the free ids as they were before it.
// Only an array freelist fills Ids.
type Allocation struct {
	Ids    []uint64
	Pages  int
	Id     uint64 // 0: no run was found
	Probes int
}

// OnAllocate, if set, sees every allocation. It costs a copy of the whole list each time: for
// tests.
var OnAllocate func(Allocation)

// Allocated records one allocation.
func Allocated(spent time.Duration, pages int, found bool, probes int) {
	Total.Calls++
	Total.Allocate += spent
	Total.Allocations++
	Total.PagesAllocated += pages
	Total.Probes += probes
	if pages > 1 {
		Total.MultiPageAllocations++
		if found {
			Total.MultiPageAllocationsFromRun++
		}
	}
}

// Freed records one call of free.
func Freed(spent time.Duration) {
	Total.Calls++
	Total.Free += spent
	Total.Frees++
}

// Released records one call of release or releaseRange.
func Released(spent time.Duration) {
	Total.Calls++
	Total.Release += spent
}

// Counted records one count taken when a write transaction closes.
func Counted(spent time.Duration) {
	Total.Calls++
	Total.Count += spent
}

// Wrote records one positional write.
func Wrote(spent time.Duration, length int) {
	Total.Calls++
	Total.Write += spent
	Total.Writes++
	Total.BytesWritten += int64(length)
}

// Synced records one fdatasync.
func Synced(spent time.Duration) {
	Total.Calls++
	Total.Sync += spent
	Total.Syncs++
}

// Since returns what was added between two copies of Total.
func (now Counters) Since(before Counters) Counters {
	now.Allocate -= before.Allocate
	now.Free -= before.Free
	now.Release -= before.Release
	now.Count -= before.Count
	now.Write -= before.Write
	now.Sync -= before.Sync
	now.Allocations -= before.Allocations
	now.MultiPageAllocations -= before.MultiPageAllocations
	now.MultiPageAllocationsFromRun -= before.MultiPageAllocationsFromRun
	now.PagesAllocated -= before.PagesAllocated
	now.Probes -= before.Probes
	now.Frees -= before.Frees
	now.Writes -= before.Writes
	now.BytesWritten -= before.BytesWritten
	now.Syncs -= before.Syncs
	now.Calls -= before.Calls
	return now
}

// CallCost measures what one metered call adds: two looks at the clock and the bookkeeping. Total
// is left as it was.
func CallCost() time.Duration {
	const calls = 200000
	kept := Total
	begin := time.Now()
	for i := 0; i < calls; i++ {
		start := time.Now()
		Freed(time.Since(start))
	}
	spent := time.Since(begin)
	Total = kept
	return spent / calls
}
