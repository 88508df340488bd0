package main

// dump: all contents of a database in order, as NDJSON and as one digest that does not depend on
// pages. Two files with the same digest hold the same buckets, sequences, keys and values.
//
// The digest is SHA-256 over, for each entry in order: depth (u32, 0 at the root), kind ('k' or
// 'b'), key length (u32), key; then for 'k' value length (u32) and value; for 'b' the bucket's
// sequence (u64), its contents, and one byte 'e'. Numbers are big-endian.

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"hash"
	"io"

	bolt "go.etcd.io/bbolt"
)

// dumpSummary is dump's last line. Bytes sums key and value lengths, bucket names included.
type dumpSummary struct {
	Hash    string `json:"hash"`
	Buckets int    `json:"buckets"`
	Keys    int    `json:"keys"`
	Bytes   int64  `json:"bytes"`
}

// dumpEntry is one NDJSON line: bytes in base64, path from the outermost bucket.
type dumpEntry struct {
	Path     [][]byte `json:"path"`
	Kind     string   `json:"kind"`
	Key      []byte   `json:"key"`
	Value    *[]byte  `json:"value,omitempty"`
	Sequence *uint64  `json:"sequence,omitempty"`
}

func dumpCommand(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("dump", flag.ContinueOnError)
	hashOnly := flags.Bool("hash", false, "")
	path, err := parseFile(flags, args)
	if err != nil {
		return err
	}
	if _, err := requireFile(path); err != nil {
		return err
	}
	if !isChild() {
		crash, err := guarded(args, stdout)
		if crash != "" {
			return corrupt("%s: bbolt died: %s", path, crash)
		}
		return err
	}
	calm()
	db, err := open(path, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(stdout, 1<<16)
	var lines io.Writer
	if !*hashOnly {
		lines = out
	}
	var summary dumpSummary
	err = db.View(func(tx *bolt.Tx) error {
		summary, err = dump(tx, lines)
		return err
	})
	if err != nil {
		return err
	}
	if err := printJson(out, summary); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return db.Close()
}

// dump digests everything in tx and, if lines is not nil, writes one NDJSON line an entry.
func dump(tx *bolt.Tx, lines io.Writer) (dumpSummary, error) {
	var summary dumpSummary
	digest := sha256.New()
	var encoder *json.Encoder
	if lines != nil {
		encoder = json.NewEncoder(lines)
	}
	write := func(entry dumpEntry) error {
		if encoder == nil {
			return nil
		}
		if entry.Path == nil {
			entry.Path = [][]byte{}
		}
		return encoder.Encode(entry)
	}
	err := walk(tx, visitor{
		bucket: func(path [][]byte, name []byte, b *bolt.Bucket) error {
			summary.Buckets++
			summary.Bytes += int64(len(name))
			digestName(digest, len(path), 'b', name)
			sequence := b.Sequence()
			var number [8]byte
			binary.BigEndian.PutUint64(number[:], sequence)
			digest.Write(number[:])
			return write(dumpEntry{Path: path, Kind: "b", Key: name, Sequence: &sequence})
		},
		key: func(path [][]byte, key, value []byte) error {
			summary.Keys++
			summary.Bytes += int64(len(key) + len(value))
			digestName(digest, len(path), 'k', key)
			digestLength(digest, len(value))
			digest.Write(value)
			return write(dumpEntry{Path: path, Kind: "k", Key: key, Value: &value})
		},
		leave: func([][]byte) error {
			digest.Write([]byte{'e'})
			return nil
		},
	})
	summary.Hash = hex.EncodeToString(digest.Sum(nil))
	return summary, err
}

func digestName(digest hash.Hash, depth int, kind byte, name []byte) {
	digestLength(digest, depth)
	digest.Write([]byte{kind})
	digestLength(digest, len(name))
	digest.Write(name)
}

func digestLength(digest hash.Hash, length int) {
	var number [4]byte
	binary.BigEndian.PutUint32(number[:], uint32(length))
	digest.Write(number[:])
}
