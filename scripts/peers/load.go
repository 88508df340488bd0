package main

// put, get, scan and open: the plain workloads of the bench, one a process, with no meter in the
// way. Keys are etcd's revisions, 17 bytes; the key of number n is revision n+1, its value the
// n'th piece of a pool, counted around. Which numbers, and in which order, a file of u32 says (the
// bench writes order and pool once, for both engines, so that nothing has to be generated twice).
//
// The clock runs from the first transaction's begin to the last one's end: every commit and sync is
// in it; start of the process, opening, reading of order and pool are not. For open it is the
// opening and nothing else. Each prints the settings as read back from the open database.
//
// put sets NoGrowSync: the file grows by being written, and the commit's two syncs cover that, as in
// kvtune. Without it bbolt syncs once more for each 16 MB of growth. Neither that nor the size of the
// first map made a difference beyond the noise (2-core virtual machine, ext4), except that 1.3.6
// puts in random order about 15% faster with a map that never moves: the peer gets the better of each.

import (
	"encoding/binary"
	"flag"
	"io"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"
)

const revisionKeyBytes = 17

// The first map, so that it never has to move; etcd asks for 10 GB. Address space, not memory.
const mapBytes = 4 << 30

// loadSettings is what an open database runs with.
type loadSettings struct {
	PageSize     int     `json:"pageSize"`
	FillPercent  float64 `json:"fillPercent"`
	Freelist     string  `json:"freelist"`
	SyncFreelist bool    `json:"syncFreelist"`
	Sync         bool    `json:"sync"`
	GrowSync     bool    `json:"growSync"`
	ReadOnly     bool    `json:"readOnly"`
	// Size of the first memory map; 0: that of the file.
	MemoryBytes int `json:"memoryBytes"`
}

// loadReport is what each of the four prints. Checksum is over what get and scan saw, in order.
type loadReport struct {
	Bbolt      string       `json:"bbolt"`
	Settings   loadSettings `json:"settings"`
	Operations int          `json:"operations"`
	Seconds    float64      `json:"seconds"`
	Checksum   uint32       `json:"checksum"`
	FreePages  int          `json:"freePages"`
	FileBytes  int64        `json:"fileBytes"`
}

type loadOptions struct {
	order, pool   string
	valueBytes    int
	putsPerCommit int
	passes        int
	pageSize      int
	fillPercent   float64
	freelist      bolt.FreelistType
}

func loadCommand(args []string, stdout io.Writer) error {
	options, path, err := parseLoad(args)
	if err != nil {
		return err
	}
	report := loadReport{Bbolt: bboltVersion}
	switch args[0] {
	case "put":
		err = putLoad(path, options, &report)
	case "get":
		err = getLoad(path, options, &report)
	case "scan":
		err = scanLoad(path, options, &report)
	case "open":
		err = openLoad(path, options, &report)
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	report.FileBytes = info.Size()
	return printJson(stdout, report)
}

func parseLoad(args []string) (loadOptions, string, error) {
	var options loadOptions
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	freelist := flags.String("freelist", "hashmap", "")
	switch args[0] {
	case "put":
		flags.StringVar(&options.order, "order", "", "")
		flags.StringVar(&options.pool, "pool", "", "")
		flags.IntVar(&options.valueBytes, "value-bytes", 256, "")
		flags.IntVar(&options.putsPerCommit, "puts-per-commit", 1000, "")
		flags.IntVar(&options.pageSize, "page-size", os.Getpagesize(), "")
		flags.Float64Var(&options.fillPercent, "fill-percent", bolt.DefaultFillPercent, "")
	case "get":
		flags.StringVar(&options.order, "order", "", "")
	case "scan":
		flags.IntVar(&options.passes, "passes", 1, "")
	}
	path, err := parseFile(flags, args)
	if err != nil {
		return options, "", err
	}
	if options.freelist, err = parseFreelist(*freelist); err != nil {
		return options, "", err
	}
	if args[0] == "put" {
		if options.valueBytes < 1 || options.putsPerCommit < 1 {
			return options, "", usage("--value-bytes and --puts-per-commit must be at least 1")
		}
		if _, err := os.Stat(path); err == nil {
			return options, "", usage("%s is there already; put makes a new file", path)
		}
		return options, path, nil
	}
	if args[0] == "scan" && options.passes < 1 {
		return options, "", usage("--passes must be at least 1")
	}
	_, err = requireFile(path)
	return options, path, err
}

// putLoad fills bucket `key` of a fresh file.
func putLoad(path string, options loadOptions, report *loadReport) (err error) {
	order, err := readOrder(options.order)
	if err != nil {
		return err
	}
	values, err := readPool(options.pool, options.valueBytes)
	if err != nil {
		return err
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		FreelistType: options.freelist, NoFreelistSync: true, PageSize: options.pageSize,
		InitialMmapSize: mapBytes, NoGrowSync: true, Timeout: lockTimeout,
	})
	if err != nil {
		return err
	}
	defer func() { err = worse(err, db.Close()) }()
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket([]byte(jobBucket))
		return err
	})
	if err != nil {
		return err
	}
	report.Settings = settingsOf(db, mapBytes)
	report.Settings.FillPercent = options.fillPercent
	report.Operations = len(order)

	var key [revisionKeyBytes]byte
	key[8] = '_'
	begin := time.Now()
	for len(order) > 0 {
		batch := order
		if len(batch) > options.putsPerCommit {
			batch = order[:options.putsPerCommit]
		}
		order = order[len(batch):]
		err := db.Update(func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte(jobBucket))
			b.FillPercent = options.fillPercent
			for _, number := range batch {
				binary.BigEndian.PutUint64(key[:], uint64(number)+1)
				if err := b.Put(key[:], values[int(number)%len(values)]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	report.Seconds = time.Since(begin).Seconds()
	return nil
}

// getLoad gets each key of the order once, after a walk that brings the file into memory.
func getLoad(path string, options loadOptions, report *loadReport) (err error) {
	order, err := readOrder(options.order)
	if err != nil {
		return err
	}
	db, tx, err := openToRead(path, options, report)
	if err != nil {
		return err
	}
	defer func() { err = worse(err, worse(tx.Rollback(), db.Close())) }()
	b := tx.Bucket([]byte(jobBucket))
	if b == nil {
		return corrupt("%s has no bucket %q", path, jobBucket)
	}
	scanOnce(b)
	report.Operations = len(order)

	var key [revisionKeyBytes]byte
	key[8] = '_'
	var sum uint32
	begin := time.Now()
	for _, number := range order {
		binary.BigEndian.PutUint64(key[:], uint64(number)+1)
		value := b.Get(key[:])
		if len(value) == 0 {
			return corrupt("%s has no value for number %d", path, number)
		}
		sum = sum*31 + uint32(value[0]) + uint32(value[len(value)-1])
	}
	report.Seconds = time.Since(begin).Seconds()
	report.Checksum = sum
	return nil
}

// scanLoad walks the bucket passes times, after a walk that brings the file into memory.
func scanLoad(path string, options loadOptions, report *loadReport) (err error) {
	db, tx, err := openToRead(path, options, report)
	if err != nil {
		return err
	}
	defer func() { err = worse(err, worse(tx.Rollback(), db.Close())) }()
	b := tx.Bucket([]byte(jobBucket))
	if b == nil {
		return corrupt("%s has no bucket %q", path, jobBucket)
	}
	scanOnce(b)

	begin := time.Now()
	for pass := 0; pass < options.passes; pass++ {
		entries, sum := scanOnce(b)
		report.Operations += entries
		report.Checksum = report.Checksum*31 + sum
	}
	report.Seconds = time.Since(begin).Seconds()
	return nil
}

// scanOnce touches each key and value; what it returns depends on all of them and their order.
func scanOnce(b *bolt.Bucket) (entries int, sum uint32) {
	cursor := b.Cursor()
	for key, value := cursor.First(); key != nil; key, value = cursor.Next() {
		sum = sum*31 + uint32(key[7]) + uint32(value[0]) + uint32(len(key)+len(value))
		entries++
	}
	return entries, sum
}

// openLoad times the opening of a file without a stored freelist: bbolt walks the tree for it.
func openLoad(path string, options loadOptions, report *loadReport) error {
	begin := time.Now()
	db, err := open(path, &bolt.Options{
		FreelistType: options.freelist, NoFreelistSync: true, NoGrowSync: true,
	})
	if err != nil {
		return err
	}
	report.Seconds = time.Since(begin).Seconds()
	report.Operations = 1
	report.Settings = settingsOf(db, 0)
	report.FreePages = db.Stats().FreePageN
	return db.Close()
}

func openToRead(path string, options loadOptions, report *loadReport) (*bolt.DB, *bolt.Tx, error) {
	db, err := open(path, &bolt.Options{
		FreelistType: options.freelist, NoFreelistSync: true, NoGrowSync: true, ReadOnly: true,
	})
	if err != nil {
		return nil, nil, err
	}
	report.Settings = settingsOf(db, 0)
	tx, err := db.Begin(false)
	if err != nil {
		return nil, nil, worse(err, db.Close())
	}
	return db, tx, nil
}

func settingsOf(db *bolt.DB, memoryBytes int) loadSettings {
	return loadSettings{
		PageSize: db.Info().PageSize, FillPercent: bolt.DefaultFillPercent,
		Freelist: string(db.FreelistType), SyncFreelist: !db.NoFreelistSync, Sync: !db.NoSync,
		GrowSync: !db.NoGrowSync, ReadOnly: db.IsReadOnly(), MemoryBytes: memoryBytes,
	}
}

// readOrder reads a file of little-endian u32.
func readOrder(path string) ([]uint32, error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("--order: %v", err)
	}
	if len(bytes) == 0 || len(bytes)%4 != 0 {
		return nil, usage("--order: %d bytes are no list of u32", len(bytes))
	}
	order := make([]uint32, len(bytes)/4)
	for i := range order {
		order[i] = binary.LittleEndian.Uint32(bytes[4*i:])
	}
	return order, nil
}

// readPool cuts the pool's file into values of one size.
func readPool(path string, valueBytes int) ([][]byte, error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("--pool: %v", err)
	}
	if len(bytes) < valueBytes || len(bytes)%valueBytes != 0 {
		return nil, usage("--pool: %d bytes are no pool of values of %d", len(bytes), valueBytes)
	}
	values := make([][]byte, len(bytes)/valueBytes)
	for i := range values {
		values[i] = bytes[i*valueBytes : (i+1)*valueBytes]
	}
	return values, nil
}
