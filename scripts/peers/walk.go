package main

// One ordered walk over every bucket and key of a read transaction, for check, dump and fill.
// Values point into bbolt's map: they are read, never kept.

import (
	"encoding/hex"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// visitor sees entries in key order; a bucket's contents come between bucket and leave.
type visitor struct {
	bucket func(path [][]byte, name []byte, b *bolt.Bucket) error
	key    func(path [][]byte, key, value []byte) error
	leave  func(path [][]byte) error
}

// walk visits everything below the root bucket. path holds the names above the entry, outermost
// first.
func walk(tx *bolt.Tx, see visitor) error {
	return walkCursor(tx.Cursor(), tx.Bucket, nil, see)
}

func walkCursor(
	cursor *bolt.Cursor, child func([]byte) *bolt.Bucket, path [][]byte, see visitor,
) error {
	for key, value := cursor.First(); key != nil; key, value = cursor.Next() {
		if value != nil {
			if err := see.key(path, key, value); err != nil {
				return err
			}
			continue
		}
		b := child(key)
		if b == nil {
			return corrupt("bucket %q: no child %s by that name", pathName(path), printable(key))
		}
		if err := see.bucket(path, key, b); err != nil {
			return err
		}
		inner := append(path[:len(path):len(path)], key)
		if err := walkCursor(b.Cursor(), b.Bucket, inner, see); err != nil {
			return err
		}
		if err := see.leave(inner); err != nil {
			return err
		}
	}
	return nil
}

// pathName joins names with '/'; names that are not plain text are written in hex.
func pathName(path [][]byte) string {
	names := make([]string, len(path))
	for i, name := range path {
		names[i] = printable(name)
	}
	return strings.Join(names, "/")
}

func printable(name []byte) string {
	for _, c := range name {
		if c <= ' ' || c > '~' || c == '/' {
			return "0x" + hex.EncodeToString(name)
		}
	}
	return string(name)
}
