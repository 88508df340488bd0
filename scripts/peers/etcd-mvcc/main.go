// Command etcdmvccpeer is etcd's own storage beside kvtune's engine: its mvcc store over its
// backend over bbolt, in this process, with no consensus, no log and no network. It puts, reads,
// reads while it puts, compacts and keeps leases, and times that. ../build.sh builds it around two
// etcds.
//
// This file owns the command line, the exit codes and the one JSON object that each subcommand
// prints on stdout. Exit codes as in kvtune: 0 ok, 1 internal error, 2 usage. An error is one line
// on stderr. FILE is a new database; the caller removes it.
//
//	etcdmvccpeer puts FILE --puts N --keys M [--preload P] [--key-bytes K] [--value-bytes V]
//	    [--order sequential|random] [--seed S]
//	etcdmvccpeer reads FILE --level backend|kv --mode readtx|concurrent|concurrent-cached
//	    --keys N --pending B [--ever-pending E] --reads-per-tx L --repetitions R --blocks N
//	etcdmvccpeer beside FILE --mode none|concurrent|shared --keys N --range-keys L --seconds S
//	    [--put-rate R] [--range-pause 0s]
//	etcdmvccpeer compact FILE --keys N --versions V [--before 1s] [--put-rate R]
//	    [--compaction-batch-limit 1000] [--compaction-sleep 10ms]
//	etcdmvccpeer leases FILE --leases N [--ttl 3600] [--due D] [--idle-ticks 4]
//	etcdmvccpeer version
//
// All but version take [--batch-limit 10000] [--batch-interval 100ms] [--sync=true], the settings
// of keys and values of puts where they fit, and --seed. What each measures stands in its file;
// keys, values and order are made in work.go.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

const (
	exitOk       = 0
	exitInternal = 1
	exitUsage    = 2
)

// fault is an error that knows its exit code.
type fault struct {
	code int
	text string
}

func (f fault) Error() string { return f.text }

func usage(format string, a ...any) error {
	return fault{exitUsage, fmt.Sprintf(format, a...)}
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	answer, err := dispatch(args)
	if err == nil {
		err = json.NewEncoder(stdout).Encode(answer)
	}
	if err == nil {
		return exitOk
	}
	code := exitInternal
	var f fault
	if errors.As(err, &f) {
		code = f.code
	}
	fmt.Fprintf(stderr, "etcdmvccpeer: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	return code
}

func dispatch(args []string) (any, error) {
	commands := map[string]func([]string) (any, error){
		"puts":    putsCommand,
		"reads":   readsCommand,
		"beside":  besideCommand,
		"compact": compactCommand,
		"leases":  leasesCommand,
	}
	const names = "beside, compact, leases, puts, reads or version"
	if len(args) == 0 {
		return nil, usage("missing command: %s", names)
	}
	if args[0] == "version" {
		if len(args) > 1 {
			return nil, usage("version takes no arguments")
		}
		return versions(), nil
	}
	command, found := commands[args[0]]
	if !found {
		return nil, usage("unknown command %q: %s", args[0], names)
	}
	return command(args)
}

// versionReport says what is inside; it is part of every answer.
type versionReport struct {
	Etcd  string `json:"etcd"`
	Bbolt string `json:"bbolt"`
	Go    string `json:"go"`
	// Threads that run Go code at once.
	Processors int `json:"processors"`
}

// versions reads the program's own build record, so that no name of a version is ever passed by
// hand.
func versions() versionReport {
	report := versionReport{"unknown", "unknown", runtime.Version(), runtime.GOMAXPROCS(0)}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return report
	}
	for _, module := range info.Deps {
		switch module.Path {
		case "go.etcd.io/etcd/server/v3":
			report.Etcd = strings.TrimPrefix(module.Version, "v")
		case "go.etcd.io/bbolt":
			report.Bbolt = strings.TrimPrefix(module.Version, "v")
		}
	}
	return report
}

// parseFile reads `command FILE flags...`, flags before or after the file, which must be new.
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
	if _, err := os.Lstat(files[0]); err == nil {
		return "", usage("%s is there already; %s makes a new file", files[0], args[0])
	}
	return files[0], nil
}

// oneOf checks a word of a closed list.
func oneOf(name, word string, words ...string) error {
	for _, allowed := range words {
		if word == allowed {
			return nil
		}
	}
	return usage("--%s is %s, not %q", name, strings.Join(words, " or "), word)
}

// bound is a whole number given by a flag, with the least and most it may be.
type bound struct {
	name             string
	value, low, high int
}

func checkBounds(bounds ...bound) error {
	for _, b := range bounds {
		if b.value < b.low || b.value > b.high {
			return usage("--%s is %d to %d, not %d", b.name, b.low, b.high, b.value)
		}
	}
	return nil
}
