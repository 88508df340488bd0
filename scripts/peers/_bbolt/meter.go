package bbolt

// The meter that the scripts put into a temporary copy of bbolt 1.3.6. It owns the names that bbolt
// itself calls (arrayAllocate, free, release, ...); the originals were renamed to unmetered... and
// do the work unchanged. Each wrapper looks at the clock twice and adds to meter.Total.
//
// Cost: about 90 ns a call for the clock and the bookkeeping, measured with meter.CallCost on a
// 2-core cloud machine; about half of it lies inside the time reported. An allocation of several
// pages by the array adds one binary search for its rank, outside the time reported: 30 ns to 2 us
// in 8 million ids. A commit of 500 puts of 10 kB makes some 530 metered calls, 260 of them
// allocations: 0.05 to 0.3 ms in all, beside the 100 to 1,500 ms that such a commit takes in a 100
// GB file.
//
// Kept to Go 1.12, the language version that bbolt's own go.mod asks for.

import (
	"os"
	"sort"
	"time"

	"kvtune/peers/meter"
)

func init() { meter.On = true }

func (f *freelist) arrayAllocate(txid txid, n int) pgid {
	var before []uint64
	if meter.OnAllocate != nil {
		before = make([]uint64, len(f.ids))
		for i, id := range f.ids {
			before[i] = uint64(id)
		}
	}
	length := len(f.ids)

	start := time.Now()
	id := f.unmeteredArrayAllocate(txid, n)
	spent := time.Since(start)

	probes := length
	if id != 0 {
		probes = n + f.idsBelow(id, n)
	}
	meter.Allocated(spent, n, id != 0, probes)
	if meter.OnAllocate != nil {
		meter.OnAllocate(meter.Allocation{Ids: before, Pages: n, Id: uint64(id), Probes: probes})
	}
	return id
}

// idsBelow counts the free ids before the run that was just taken from the sorted list: those the
// scan passed on its way. A single page is always the first id.
func (f *freelist) idsBelow(id pgid, n int) int {
	if n == 1 {
		return 0
	}
	return sort.Search(len(f.ids), func(i int) bool { return f.ids[i] > id })
}

func (f *freelist) hashmapAllocate(txid txid, n int) pgid {
	start := time.Now()
	id := f.unmeteredHashmapAllocate(txid, n)
	spent := time.Since(start)

	meter.Allocated(spent, n, id != 0, 0)
	if meter.OnAllocate != nil {
		meter.OnAllocate(meter.Allocation{Pages: n, Id: uint64(id)})
	}
	return id
}

func (f *freelist) free(txid txid, p *page) {
	start := time.Now()
	f.unmeteredFree(txid, p)
	meter.Freed(time.Since(start))
}

func (f *freelist) release(txid txid) {
	start := time.Now()
	f.unmeteredRelease(txid)
	meter.Released(time.Since(start))
}

func (f *freelist) releaseRange(begin, end txid) {
	start := time.Now()
	f.unmeteredReleaseRange(begin, end)
	meter.Released(time.Since(start))
}

// The three counts below stand in Tx.close only; the same methods called from elsewhere stay
// unmetered.

func (f *freelist) meteredFreeCount() int {
	start := time.Now()
	n := f.free_count()
	meter.Counted(time.Since(start))
	return n
}

func (f *freelist) meteredPendingCount() int {
	start := time.Now()
	n := f.pending_count()
	meter.Counted(time.Since(start))
	return n
}

func (f *freelist) meteredSize() int {
	start := time.Now()
	n := f.size()
	meter.Counted(time.Since(start))
	return n
}

func meteredWriteAt(file *os.File) func([]byte, int64) (int, error) {
	return func(b []byte, offset int64) (int, error) {
		if meter.BeforeWrite != nil {
			if err := meter.BeforeWrite(offset, len(b)); err != nil {
				return 0, err
			}
		}
		start := time.Now()
		n, err := file.WriteAt(b, offset)
		meter.Wrote(time.Since(start), n)
		return n, err
	}
}

func fdatasync(db *DB) error {
	start := time.Now()
	err := unmeteredFdatasync(db)
	meter.Synced(time.Since(start))
	return err
}
