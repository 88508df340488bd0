package main

// Opening etcd's store as etcd's server opens it: backend.New with the freelist in a map and never
// written (the backend's own bbolt options: NoFreelistSync, MAP_POPULATE, a map of 10 GB), a
// lessor, mvcc.New with watchers (none is there). Not as the server: the log is silent, nothing
// writes the consistent index, which costs the server one more put a commit, and there is no quota.
//
// Settings are those handed to etcd. It shows none of them again; what can be seen from outside is
// the count of commits, and from the file that its freelist was not written.

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-semver/semver"
	bolt "go.etcd.io/bbolt"
	"go.uber.org/zap"

	"go.etcd.io/etcd/server/v3/lease"
)

// storeSettings are part of each answer.
type storeSettings struct {
	BatchLimit           int     `json:"batchLimit"`
	BatchIntervalMs      float64 `json:"batchIntervalMs"`
	Sync                 bool    `json:"sync"`
	Freelist             string  `json:"freelist"`
	SyncFreelist         bool    `json:"syncFreelist"`
	CompactionBatchLimit int     `json:"compactionBatchLimit"`
	CompactionSleepMs    float64 `json:"compactionSleepMs"`
}

// storeOptions are the flags of every store.
type storeOptions struct {
	batchLimit           int
	batchInterval        time.Duration
	sync                 bool
	compactionBatchLimit int
	compactionSleep      time.Duration
	leaseTtlMin          int64
}

func addStoreFlags(flags *flag.FlagSet, o *storeOptions) {
	flags.IntVar(&o.batchLimit, "batch-limit", 10000, "")
	flags.DurationVar(&o.batchInterval, "batch-interval", 100*time.Millisecond, "")
	flags.BoolVar(&o.sync, "sync", true, "")
	o.compactionBatchLimit = 1000
	o.compactionSleep = 10 * time.Millisecond
	o.leaseTtlMin = 1
}

func (o storeOptions) check() error {
	if o.batchInterval <= 0 || o.compactionSleep <= 0 {
		return usage("an interval must be above 0")
	}
	return checkBounds(
		bound{"batch-limit", o.batchLimit, 1, countMax},
		bound{"compaction-batch-limit", o.compactionBatchLimit, 1, countMax},
	)
}

func (o storeOptions) settings() storeSettings {
	return storeSettings{
		BatchLimit:           o.batchLimit,
		BatchIntervalMs:      milliseconds(o.batchInterval),
		Sync:                 o.sync,
		Freelist:             "hashmap",
		SyncFreelist:         false,
		CompactionBatchLimit: o.compactionBatchLimit,
		CompactionSleepMs:    milliseconds(o.compactionSleep),
	}
}

// store is what a server has open.
type store struct {
	path    string
	backend storeBackend
	lessor  lessor
	kv      storeKv
}

// clusterVersion lets the lessor keep to what every member of a cluster can do.
type clusterVersion struct{}

func (clusterVersion) Version() *semver.Version { return &semver.Version{Major: 3, Minor: 5} }

func openStore(path string, o storeOptions) *store {
	logger := zap.NewNop()
	config := defaultBackendConfig()
	config.Path = path
	config.BatchLimit = o.batchLimit
	config.BatchInterval = o.batchInterval
	config.BackendFreelistType = bolt.FreelistMapType
	config.UnsafeNoFsync = !o.sync
	config.Logger = logger
	s := &store{path: path, backend: newBackend(config)}
	leases := lessorConfig{MinLeaseTTL: o.leaseTtlMin}
	s.lessor = lease.NewLessor(logger, s.backend, clusterVersion{}, leases)
	s.kv = newKv(logger, s.backend, s.lessor, storeConfig{
		CompactionBatchLimit:    o.compactionBatchLimit,
		CompactionSleepInterval: o.compactionSleep,
	})
	return s
}

func (s *store) close() error {
	if err := s.kv.Close(); err != nil {
		return err
	}
	s.lessor.Stop()
	return s.backend.Close()
}

// commits is how many transactions of bbolt were committed since the file was opened.
func (s *store) commits() int64 {
	counter, ok := s.backend.(interface{ Commits() int64 })
	if !ok {
		return -1
	}
	return counter.Commits()
}

// preload puts the first `count` puts of the work and commits them.
func (s *store) preload(w *work, from, count int) {
	for n := from; n < from+count; n++ {
		key, value := w.put(n)
		s.kv.Put(key, value, lease.NoLease)
	}
	s.kv.Commit()
}

// storeEnd is the state at the end: equal for two stores that were given the same puts.
type storeEnd struct {
	Revision int64 `json:"revision"`
	Keys     int   `json:"keys"`
	// etcd's hash of all revisions up to the last (CRC32C), as HashKV answers it.
	Hash      uint32 `json:"hash"`
	FileBytes int64  `json:"fileBytes"`
	Commits   int64  `json:"commits"`
}

// finish commits what is pending, describes the store and closes it.
func (s *store) finish() (storeEnd, error) {
	s.kv.Commit()
	end := storeEnd{Revision: s.kv.Rev(), Commits: s.commits()}
	hash, _, err := s.kv.HashStorage().HashByRev(0)
	if err != nil {
		return end, err
	}
	end.Hash = hash.Hash
	if end.Keys, err = s.countKeys(); err != nil {
		return end, err
	}
	if err := s.close(); err != nil {
		return end, err
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return end, err
	}
	end.FileBytes = info.Size()
	return end, nil
}

func (s *store) countKeys() (int, error) {
	found, err := s.kv.Range(background, []byte{0}, []byte{}, rangeOptions{Limit: 1})
	if err != nil {
		return 0, fmt.Errorf("counting keys: %w", err)
	}
	return found.Count, nil
}
