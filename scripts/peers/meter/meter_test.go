package meter

import (
	"reflect"
	"testing"
	"time"
)

func TestSinceCoversEveryCounter(t *testing.T) {
	var before, after Counters
	for i := 0; i < reflect.TypeOf(before).NumField(); i++ {
		reflect.ValueOf(&before).Elem().Field(i).SetInt(int64(i))
		reflect.ValueOf(&after).Elem().Field(i).SetInt(int64(3*i + 5))
	}
	did := reflect.ValueOf(after.Since(before))
	for i := 0; i < did.NumField(); i++ {
		if got := did.Field(i).Int(); got != int64(2*i+5) {
			t.Errorf("%s: %d", did.Type().Field(i).Name, got)
		}
	}
}

func TestCallCostLeavesTheTotalAlone(t *testing.T) {
	before := Total
	if cost := CallCost(); cost <= 0 || cost > 100*time.Microsecond {
		t.Errorf("a call costs %v", cost)
	}
	if Total != before {
		t.Errorf("%+v, was %+v", Total, before)
	}
}
