module kvtune/peers/etcdmvcc

go 1.26.0

require github.com/coreos/go-semver v0.3.1
require github.com/prometheus/client_golang v1.20.5
require go.etcd.io/bbolt v1.4.3
require go.etcd.io/etcd/pkg/v3 v3.6.16
require go.etcd.io/etcd/server/v3 v3.6.16
require go.uber.org/zap v1.27.0

require github.com/beorn7/perks v1.0.1 // indirect
require github.com/cespare/xxhash/v2 v2.3.0 // indirect
require github.com/coreos/go-systemd/v22 v22.5.0 // indirect
require github.com/dustin/go-humanize v1.0.1 // indirect
require github.com/gogo/protobuf v1.3.2 // indirect
require github.com/golang-jwt/jwt/v5 v5.2.2 // indirect
require github.com/golang/protobuf v1.5.4 // indirect
require github.com/google/btree v1.1.3 // indirect
require github.com/google/go-cmp v0.7.0 // indirect
require github.com/grpc-ecosystem/grpc-gateway/v2 v2.29.0 // indirect
require github.com/jonboulle/clockwork v0.5.0 // indirect
require github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
require github.com/prometheus/client_model v0.6.1 // indirect
require github.com/prometheus/common v0.62.0 // indirect
require github.com/prometheus/procfs v0.15.1 // indirect
require go.etcd.io/etcd/api/v3 v3.6.16 // indirect
require go.etcd.io/etcd/client/pkg/v3 v3.6.16 // indirect
require go.etcd.io/etcd/client/v3 v3.6.16 // indirect
require go.etcd.io/raft/v3 v3.6.0 // indirect
require go.opentelemetry.io/otel/sdk/metric v1.45.0 // indirect
require go.uber.org/multierr v1.11.0 // indirect
require golang.org/x/crypto v0.58.0 // indirect
require golang.org/x/net v0.61.0 // indirect
require golang.org/x/sys v0.49.0 // indirect
require golang.org/x/text v0.43.0 // indirect
require google.golang.org/genproto/googleapis/api v0.0.0-20260803160001-6ac0973c030d // indirect
require google.golang.org/genproto/googleapis/rpc v0.0.0-20260803160001-6ac0973c030d // indirect
require google.golang.org/grpc v1.83.2 // indirect
require google.golang.org/protobuf v1.36.11 // indirect
