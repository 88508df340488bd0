// The store packages under the names of etcd 3.6. store35.go is the same for 3.5, which has
// them elsewhere.
// The rest of this program uses only the names given here and is equal for both.

//go:build etcd36

package main

import (
	"go.uber.org/zap"

	"go.etcd.io/etcd/server/v3/lease"
	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/schema"
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
	keyBucket  = schema.Key
	metaBucket = schema.Meta
)

func defaultBackendConfig() backend.BackendConfig {
	return backend.DefaultBackendConfig(zap.NewNop())
}
