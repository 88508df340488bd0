// Command bboltpeer is real bbolt beside kvtune's engine: it checks, dumps, fills and holds files,
// runs the suite's freelist job on them with bbolt's own freelists, and the plain workloads of the
// bench. build.sh builds it around several bbolts: 1.3.6 with a meter, 1.3.6 as it is, a newer one.
//
// This file owns the command line, the exit codes and the one JSON object that each subcommand
// prints on stdout. Exit codes as in kvtune: 0 ok, 1 internal error, 2 usage, 6 corrupt file or
// failed check, 130 interrupted. An error is one line on stderr.
//
//	bboltpeer check FILE
//	bboltpeer dump FILE [--hash]
//	bboltpeer fill FILE --seed N --ops N [--freelist array|hashmap] [--sync-freelist]
//	    [--page-size N | --append]
//	bboltpeer hold FILE --seconds N [--read-only]
//	bboltpeer job FILE --freelist array|hashmap --value-bytes 10000 --puts-per-commit 500
//	    --commits N --warm-up-commits 2 --rounds R --seed N
//	bboltpeer put FILE --order FILE --pool FILE --value-bytes 256 --puts-per-commit 1000
//	    --page-size N --fill-percent 0.5 --freelist array|hashmap
//	bboltpeer get FILE --order FILE
//	bboltpeer scan FILE --passes N
//	bboltpeer open FILE --freelist array|hashmap
//	bboltpeer version
//
// All work in every build; without the meter, job knows times of commits and nothing of the inside.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"kvtune/peers/meter"
)

const (
	exitOk          = 0
	exitInternal    = 1
	exitUsage       = 2
	exitCorrupt     = 6
	exitInterrupted = 130
)

// The bbolt in this program; build.sh sets it where it is another one than go.mod names.
var bboltVersion = "1.3.6"

// How long to wait for bbolt's file lock.
const lockTimeout = 2 * time.Second

// Where the bbolt came from; set by build.sh.
var source = "plain"

// fault is an error that knows its exit code.
type fault struct {
	code int
	text string
}

func (f fault) Error() string { return f.text }

func usage(format string, a ...interface{}) error {
	return fault{exitUsage, fmt.Sprintf(format, a...)}
}

func corrupt(format string, a ...interface{}) error {
	return fault{exitCorrupt, fmt.Sprintf(format, a...)}
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	err := dispatch(args, stdout)
	if err == nil {
		return exitOk
	}
	code := exitInternal
	var f fault
	if errors.As(err, &f) {
		code = f.code
	}
	if err.Error() != "" {
		fmt.Fprintf(stderr, "bboltpeer: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return code
}

const commands = "check, dump, fill, get, hold, job, open, put, scan or version"

// versionReport is what version prints.
type versionReport struct {
	Bbolt   string `json:"bbolt"`
	Go      string `json:"go"`
	Source  string `json:"source"`
	Metered bool   `json:"metered"`
}

func dispatch(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return usage("missing command: %s", commands)
	}
	switch args[0] {
	case "check":
		return checkCommand(args, stdout)
	case "dump":
		return dumpCommand(args, stdout)
	case "fill":
		return fillCommand(args, stdout)
	case "hold":
		return holdCommand(args, os.Stdin, stdout)
	case "job":
		return jobCommand(args, stdout)
	case "put", "get", "scan", "open":
		return loadCommand(args, stdout)
	case "version":
		if len(args) > 1 {
			return usage("version takes no arguments")
		}
		return printJson(stdout, versionReport{bboltVersion, runtime.Version(), source, meter.On})
	}
	return usage("unknown command %q: %s", args[0], commands)
}

// parseFile reads `command FILE flags...`, flags before or after the file.
func parseFile(flags *flag.FlagSet, args []string) (string, error) {
	flags.SetOutput(io.Discard)
	var files []string
	for rest := args[1:]; len(rest) > 0; {
		if err := flags.Parse(rest); err != nil {
			return "", usage("%s: %v", args[0], err)
		}
		rest = flags.Args()
		if len(rest) > 0 {
			files = append(files, rest[0])
			rest = rest[1:]
		}
	}
	if len(files) != 1 {
		return "", usage("%s: expected one file, got %d", args[0], len(files))
	}
	return files[0], nil
}

func parseFreelist(name string) (bolt.FreelistType, error) {
	switch kind := bolt.FreelistType(name); kind {
	case bolt.FreelistArrayType, bolt.FreelistMapType:
		return kind, nil
	}
	return "", usage("--freelist is array or hashmap, not %q", name)
}

// requireFile guards bbolt's Open, which would create a missing file, read-only or not.
func requireFile(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, usage("%v", err)
	}
	if !info.Mode().IsRegular() {
		return nil, usage("%s is not a regular file", path)
	}
	if info.Size() == 0 {
		return nil, corrupt("%s is empty", path)
	}
	return info, nil
}

// open opens an existing database and gives bbolt's errors their exit code.
func open(path string, options *bolt.Options) (*bolt.DB, error) {
	if _, err := requireFile(path); err != nil {
		return nil, err
	}
	options.Timeout = lockTimeout
	db, err := bolt.Open(path, 0o600, options)
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, bolt.ErrTimeout):
		return nil, fault{exitInternal, path + " is locked by another process"}
	case errors.Is(err, os.ErrPermission):
		return nil, err
	default:
		return nil, corrupt("%s: %v", path, err)
	}
}

func printJson(w io.Writer, value interface{}) error {
	return json.NewEncoder(w).Encode(value)
}
