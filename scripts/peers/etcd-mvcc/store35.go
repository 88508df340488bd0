// The store packages under the names of etcd 3.5. store36.go is the same for 3.6, which moved
// them.
// The rest of this program uses only the names given here and is equal for both.

//go:build !etcd36

package main

import (
	"go.etcd.io/etcd/server/v3/lease"
	"go.etcd.io/etcd/server/v3/mvcc"
	"go.etcd.io/etcd/server/v3/mvcc/backend"
	"go.etcd.io/etcd/server/v3/mvcc/buckets"
)

type (
	storeBackend = backend.Backend
	backendTx    = backend.ReadTx
	storeKv      = mvcc.WatchableKV
	storeConfig  = mvcc.StoreConfig
	rangeOptions = mvcc.RangeOptions
	readTxMode   = mvcc.ReadTxMode
	lessor       = lease.Lessor
	lessorConfig = lease.LessorConfig
	leaseId      = lease.LeaseID
)

const (
	concurrentMode = mvcc.ConcurrentReadTxMode
	sharedMode     = mvcc.SharedBufReadTxMode
)

var (
	newBackend = backend.New
	newKv      = mvcc.New
	keyBucket  = buckets.Key
	metaBucket = buckets.Meta
)

func defaultBackendConfig() backend.BackendConfig { return backend.DefaultBackendConfig() }
