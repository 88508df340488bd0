package main

// undo takes a database file back to the bytes and the size it had, however often it is written
// over.
//
// capture is called before each write and reads what is about to be overwritten, once per unit,
// either as bytes or as the fact that there was a hole. restore writes the bytes back and cuts the
// file to its size. Holes met before settle was called are written back as zeros, so that rounds
// find the blocks they overwrite already allocated; holes met later (a hashmap picks other pages
// each time: Go randomises map order) are punched again, so that each round starts from the same
// allocated blocks. The last restore punches both kinds, and the file takes the room it took.
// Pre-images lie in memory: a process that is killed outright leaves the job's commits in the file,
// which is then valid but not the same.
//
// Counts allocated blocks as lseek sees them: space that was preallocated but never written is
// taken for a hole.

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

const unitBytes = 4096

const (
	seekData = 3
	seekHole = 4
	// FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE, which belong together.
	punchMode = 0x1 | 0x2
)

// span is a captured piece of the file; data is nil for a hole.
type span struct {
	offset, length int64
	data           []byte
	allocate       bool
}

type undo struct {
	file    *os.File
	size    int64
	seen    []uint64 // one bit a unit
	spans   []span
	settled bool

	// What capturing cost and holds.
	units   int64
	spent   time.Duration
	canHole bool
}

func newUndo(path string) (*undo, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	units := (info.Size() + unitBytes - 1) / unitBytes
	return &undo{
		file: file, size: info.Size(), seen: make([]uint64, units/64+1), canHole: true,
	}, nil
}

func (u *undo) close() error { return u.file.Close() }

// settle ends the part whose blocks stay allocated between rounds.
func (u *undo) settle() { u.settled = true }

// capture keeps what the span holds now. Bytes past the original end need no keeping.
func (u *undo) capture(offset int64, length int) error {
	end := offset + int64(length)
	if end > u.size {
		end = u.size
	}
	for unit := offset / unitBytes; unit*unitBytes < end; unit++ {
		if u.seen[unit/64]&(1<<uint(unit%64)) == 0 {
			return u.captureFrom(unit, end)
		}
	}
	return nil
}

// captureFrom captures the unseen units from the first up to end, a run of neighbours at a time.
func (u *undo) captureFrom(first, end int64) error {
	start := time.Now()
	defer func() { u.spent += time.Since(start) }()
	for unit := first; unit*unitBytes < end; unit++ {
		run := unit
		for unit*unitBytes < end && u.seen[unit/64]&(1<<uint(unit%64)) == 0 {
			u.seen[unit/64] |= 1 << uint(unit%64)
			unit++
		}
		if unit == run {
			continue
		}
		u.units += unit - run
		limit := unit * unitBytes
		if limit > u.size {
			limit = u.size
		}
		if err := u.captureRun(run*unitBytes, limit); err != nil {
			return err
		}
	}
	return nil
}

func (u *undo) captureRun(offset, end int64) error {
	for offset < end {
		begin, err := u.seek(offset, seekData, end)
		if err != nil {
			return err
		}
		data := begin - begin%unitBytes
		if begin == end {
			data = end
		}
		if data > offset {
			u.keep(span{offset: offset, length: data - offset})
			offset = data
			continue
		}
		// From begin, not from offset: a file system with smaller blocks may begin data within a
		// unit.
		hole, err := u.seek(begin, seekHole, end)
		if err != nil {
			return err
		}
		if hole = roundUp(hole); hole > end {
			hole = end
		}
		bytes := make([]byte, hole-offset)
		if _, err := u.file.ReadAt(bytes, offset); err != nil {
			return fmt.Errorf("reading a pre-image at %d: %w", offset, err)
		}
		u.keep(span{offset: offset, length: hole - offset, data: bytes})
		offset = hole
	}
	return nil
}

func roundUp(bytes int64) int64 {
	return (bytes + unitBytes - 1) / unitBytes * unitBytes
}

// seek is lseek for data or holes, with the answer cut to end. A file system that knows no holes
// has data everywhere.
func (u *undo) seek(offset int64, whence int, end int64) (int64, error) {
	found, err := syscall.Seek(int(u.file.Fd()), offset, whence)
	switch {
	case err == syscall.ENXIO:
		return end, nil
	case err == syscall.EINVAL || err == syscall.EOPNOTSUPP:
		if whence == seekData {
			return offset, nil
		}
		return end, nil
	case err != nil:
		return 0, err
	case found > end:
		return end, nil
	}
	return found, nil
}

func (u *undo) keep(s span) {
	s.allocate = !u.settled
	u.spans = append(u.spans, s)
}

// restore takes the file back and syncs it. The last one also gives back blocks that were holes.
func (u *undo) restore(last bool) error {
	for _, s := range u.spans {
		if err := u.put(s, last); err != nil {
			return fmt.Errorf("writing a pre-image back at %d: %w", s.offset, err)
		}
	}
	if err := u.file.Truncate(u.size); err != nil {
		return err
	}
	return u.file.Sync()
}

func (u *undo) put(s span, last bool) error {
	data := s.data
	if data == nil {
		if u.canHole && (last || !s.allocate) {
			// Whole units: the end of an odd-sized file cuts its last one, and what lies past that
			// end is about to be cut off.
			err := syscall.Fallocate(int(u.file.Fd()), punchMode, s.offset, roundUp(s.length))
			if !errors.Is(err, syscall.EOPNOTSUPP) {
				return err
			}
			u.canHole = false
		}
		data = make([]byte, s.length)
	}
	_, err := u.file.WriteAt(data, s.offset)
	return err
}
