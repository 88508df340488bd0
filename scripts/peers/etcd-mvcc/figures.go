package main

// Figures: what a run cost beyond its own clock, and the shape of a list of latencies. Percentiles
// are of the samples themselves (nearest rank), in ns; nothing is put into buckets.

import (
	"context"
	"math"
	"runtime"
	"slices"
	"syscall"
	"time"
)

var background = context.Background()

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// cost is time on the clock, on processors, and in Go's collector.
type cost struct {
	Seconds       float64 `json:"seconds"`
	UserSeconds   float64 `json:"userSeconds"`
	SystemSeconds float64 `json:"systemSeconds"`
	Collections   uint32  `json:"collections"`
	PauseSeconds  float64 `json:"pauseSeconds"`
}

// meter is a cost under way.
type meter struct {
	begin  time.Time
	usage  syscall.Rusage
	memory runtime.MemStats
}

// startMeter collects garbage first: what came before is not charged to what follows.
func startMeter() *meter {
	runtime.GC()
	m := &meter{}
	runtime.ReadMemStats(&m.memory)
	m.usage = processUsage()
	m.begin = time.Now()
	return m
}

func (m *meter) stop() cost {
	seconds := time.Since(m.begin).Seconds()
	usage := processUsage()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return cost{
		Seconds:       seconds,
		UserSeconds:   seconds64(usage.Utime) - seconds64(m.usage.Utime),
		SystemSeconds: seconds64(usage.Stime) - seconds64(m.usage.Stime),
		Collections:   memory.NumGC - m.memory.NumGC,
		PauseSeconds:  float64(memory.PauseTotalNs-m.memory.PauseTotalNs) / 1e9,
	}
}

func processUsage() syscall.Rusage {
	var usage syscall.Rusage
	// Fails only for an unknown subject or a bad address.
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage
}

func seconds64(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

// latency is the shape of a list of samples.
type latency struct {
	Count  int     `json:"count"`
	MeanNs float64 `json:"meanNs"`
	P50Ns  int64   `json:"p50Ns"`
	P90Ns  int64   `json:"p90Ns"`
	P99Ns  int64   `json:"p99Ns"`
	P999Ns int64   `json:"p999Ns"`
	MaxNs  int64   `json:"maxNs"`
}

// shapeOf sorts `samples` in place.
func shapeOf(samples []int64) latency {
	if len(samples) == 0 {
		return latency{}
	}
	slices.Sort(samples)
	var sum float64
	for _, sample := range samples {
		sum += float64(sample)
	}
	rank := func(part float64) int64 {
		return samples[int(math.Ceil(part*float64(len(samples))))-1]
	}
	return latency{
		Count:  len(samples),
		MeanNs: sum / float64(len(samples)),
		P50Ns:  rank(0.5),
		P90Ns:  rank(0.9),
		P99Ns:  rank(0.99),
		P999Ns: rank(0.999),
		MaxNs:  samples[len(samples)-1],
	}
}

func median(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
