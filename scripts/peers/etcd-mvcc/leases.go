package main

// leases: grants `leases` leases of one ttl at a primary lessor over a backend, ids ascending as
// etcd's own generator gives them (ids in no order cost many times more: each grant then sorts the
// backend's buffer), renews each once in random order, and revokes `due` of them, which commits and
// syncs for each; then grants `due` leases of a second's ttl and waits until the lessor's own loop
// has announced each of them. No keys are attached.
//
// Memory is Go's live heap after a forced collection, before and after the grants, without the
// leases' records in the backend's buffers: these are committed, but their arrays stay. So it is an
// upper bound by one batch of records.
//
// The loop of the lessor looks for what is due every 500 ms, announces at most 500 at a time, and
// announces a lease again every 3 s until it is revoked; here nobody revokes. A tick cannot be
// timed from outside. idle is the whole process's processor time over some ticks with all leases
// and none due, idleEmpty the same before the first grant: timers of backend, watchers and Go are
// in both.

import (
	"flag"
	"fmt"
	"time"
)

type leasesOptions struct {
	Leases    int     `json:"leases"`
	TtlS      int64   `json:"ttlSeconds"`
	Due       int     `json:"due"`
	IdleTicks int     `json:"idleTicks"`
	TickMs    float64 `json:"tickMs"`
}

type leasesReport struct {
	versionReport
	Settings       storeSettings `json:"settings"`
	Leases         leasesOptions `json:"leases"`
	Grant          cost          `json:"grant"`
	NsPerGrant     float64       `json:"nsPerGrant"`
	BytesPerLease  float64       `json:"bytesPerLease"`
	Renew          cost          `json:"renew"`
	NsPerRenew     float64       `json:"nsPerRenew"`
	IdleEmpty      cost          `json:"idleEmpty"`
	Idle           cost          `json:"idle"`
	NsPerRevoke    float64       `json:"nsPerRevoke"`
	Expired        int           `json:"expired"`
	ExpiryLag      latency       `json:"expiryLag"`
	LeasesAtTheEnd int           `json:"leasesAtTheEnd"`
}

const tick = 500 * time.Millisecond

func leasesCommand(args []string) (any, error) {
	flags := flag.NewFlagSet("leases", flag.ContinueOnError)
	var settings storeOptions
	var o leasesOptions
	addStoreFlags(flags, &settings)
	seed := flags.Int64("seed", 1, "")
	flags.IntVar(&o.Leases, "leases", 0, "")
	flags.Int64Var(&o.TtlS, "ttl", 3600, "")
	flags.IntVar(&o.Due, "due", 0, "")
	flags.IntVar(&o.IdleTicks, "idle-ticks", 4, "")
	path, err := parseFile(flags, args)
	if err != nil {
		return nil, err
	}
	o.TickMs = milliseconds(tick)
	err = firstError(settings.check(), checkBounds(
		bound{"leases", o.Leases, 1, countMax}, bound{"ttl", int(o.TtlS), 600, 1 << 30},
		// The lessor's channel holds 16 announcements of 500: what is due stays below that.
		bound{"due", o.Due, 0, min(o.Leases, 8000)}, bound{"idle-ticks", o.IdleTicks, 1, 1000},
	))
	if err != nil {
		return nil, err
	}
	return leases(path, settings, o, *seed)
}

func leases(
	path string, settings storeOptions, o leasesOptions, seed int64,
) (*leasesReport, error) {
	s := openStore(path, settings)
	s.lessor.Promote(0)
	report := &leasesReport{versionReport: versions(), Settings: settings.settings(), Leases: o}
	report.IdleEmpty = idle(o.IdleTicks)
	order := ascending(o.Leases)
	heap := heapBytes()
	var err error
	report.Grant, err = s.eachLease(order, func(id leaseId) error {
		_, err := s.lessor.Grant(id, o.TtlS)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.kv.Commit()
	report.BytesPerLease = (float64(heapBytes()) - float64(heap)) / float64(o.Leases)
	shuffle(order, newRandom(seed))
	report.Renew, err = s.eachLease(order, func(id leaseId) error {
		_, err := s.lessor.Renew(id)
		return err
	})
	if err != nil {
		return nil, err
	}
	report.NsPerGrant = report.Grant.Seconds * 1e9 / float64(o.Leases)
	report.NsPerRenew = report.Renew.Seconds * 1e9 / float64(o.Leases)
	report.Idle = idle(o.IdleTicks)
	if o.Due > 0 {
		if err := s.expire(order[:o.Due], report); err != nil {
			return nil, err
		}
	}
	report.LeasesAtTheEnd = len(s.lessor.Leases())
	return report, s.close()
}

// ascending is 1 to count.
func ascending(count int) []leaseId {
	ids := make([]leaseId, count)
	for i := range ids {
		ids[i] = leaseId(i + 1)
	}
	return ids
}

// shuffle is Fisher and Yates's.
func shuffle(ids []leaseId, draw *random) {
	for i := len(ids) - 1; i > 0; i-- {
		j := draw.below(i + 1)
		ids[i], ids[j] = ids[j], ids[i]
	}
}

func (s *store) eachLease(ids []leaseId, act func(leaseId) error) (cost, error) {
	m := startMeter()
	for _, id := range ids {
		if err := act(id); err != nil {
			return cost{}, fmt.Errorf("lease %d: %w", id, err)
		}
	}
	return m.stop(), nil
}

func idle(ticks int) cost {
	m := startMeter()
	time.Sleep(time.Duration(ticks) * tick)
	return m.stop()
}

// expire revokes the leases given and grants them again with a ttl of a second, which they outlive.
func (s *store) expire(ids []leaseId, report *leasesReport) error {
	revoked, err := s.eachLease(ids, s.lessor.Revoke)
	if err != nil {
		return err
	}
	report.NsPerRevoke = revoked.Seconds * 1e9 / float64(len(ids))
	due := make(map[leaseId]time.Time, len(ids))
	for _, id := range ids {
		if _, err := s.lessor.Grant(id, 1); err != nil {
			return err
		}
		due[id] = time.Now().Add(time.Second)
	}
	lags := make([]int64, 0, len(ids))
	limit := time.After(time.Duration(len(ids)/500+20) * time.Second)
	for len(due) > 0 {
		select {
		case expired := <-s.lessor.ExpiredLeasesC():
			now := time.Now()
			for _, found := range expired {
				if moment, waits := due[found.ID]; waits {
					lags = append(lags, now.Sub(moment).Nanoseconds())
					delete(due, found.ID)
				}
			}
		case <-limit:
			return fmt.Errorf("%d of %d leases were never announced", len(due), len(ids))
		}
	}
	report.Expired, report.ExpiryLag = len(lags), shapeOf(lags)
	return nil
}
