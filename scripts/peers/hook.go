package main

// hookWrites: sees each positional write of an open database before it happens, for the undo log of
// job, in a bbolt that was not changed. It sets the function that bbolt keeps for its own tests
// (DB.ops.writeAt, the same field from 1.3 to 1.5) through reflection, since it is private. The
// metered bbolt has a hook of its own (meter.BeforeWrite).

import (
	"reflect"
	"unsafe"

	bolt "go.etcd.io/bbolt"
)

type writeAt = func([]byte, int64) (int, error)

// hookWrites calls before ahead of each write; its error stops the write and fails the commit.
func hookWrites(db *bolt.DB, before func(offset int64, length int) error) error {
	ops := reflect.ValueOf(db).Elem().FieldByName("ops")
	if !ops.IsValid() || ops.Kind() != reflect.Struct {
		return fault{exitInternal, "bbolt " + bboltVersion + " keeps no DB.ops"}
	}
	field := ops.FieldByName("writeAt")
	if !field.IsValid() || field.Type() != reflect.TypeOf(writeAt(nil)) {
		return fault{exitInternal, "bbolt " + bboltVersion + " keeps no DB.ops.writeAt"}
	}
	place := (*writeAt)(unsafe.Pointer(field.UnsafeAddr()))
	write := *place
	*place = func(b []byte, offset int64) (int, error) {
		if err := before(offset, len(b)); err != nil {
			return 0, err
		}
		return write(b, offset)
	}
	return nil
}
