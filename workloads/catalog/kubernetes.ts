// kubernetes: what a cluster asks of its etcd. Each node renews its lease object every 10 s and reports its
// status every 5 min; pods come and go, with events about it; API servers read, list, count and compact. A
// client is an API server with its share of nodes, pods and events. Writes are guarded by the mod revision
// (txn); events carry an etcd lease that is shared for a minute or 1,000 events, as API servers do.
//
// Simplified: no watches (an API server holds one for each kind, whoever asks it); deletes are not guarded;
// other kinds of objects are left out; a client replaces one pod at a time, step by step among its other
// operations. Nothing here knows time: what is due each minute or 5 minutes comes after as many operations
// as make that time at the cluster's own rate (nominalRate).

import type { SizeList } from '../distributions/size-list.ts';
import type { KeyFormat } from '../key-format.ts';
import type { Operation, OperationStream, StreamOptions, Workload } from '../workload.ts';
import { begin, ClientState, defineWorkload, noLease, ownedSlots, PreloadState } from './define.ts';
import {
  EVENT_SIZES,
  EVENT_TTL_SECONDS,
  KUBERNETES_PARAMETERS,
  KubernetesKeys,
  kubernetesRates,
  kubernetesSlots,
  LEASE_KEYS_MAX,
  LEASE_REUSE_SECONDS,
  LEASE_SIZES,
  LIST_LIMIT,
  NODE_SIZES,
  POD_LIFE,
  POD_SIZES,
  REGISTRY,
  type KubernetesSlots,
  type KubernetesValues,
} from './kubernetes-objects.ts';

const RENEWAL = 0;
const STATUS = 1;
const POD = 2;
const EVENT = 3;
const READ = 4;
const LIST = 5;
const COUNT = 6;
const GRANT = 7;
const COMPACT = 8;

class Stream implements OperationStream {
  readonly #state: ClientState;
  readonly #keys: KubernetesKeys;
  readonly #slots: KubernetesSlots;
  readonly #options: StreamOptions;
  /** Sums of shares: a draw below the first is a renewal, below the next a status, and so on. */
  readonly #renewalBelow: number;
  readonly #statusBelow: number;
  readonly #podBelow: number;
  readonly #readBelow: number;
  readonly #listBelow: number;
  readonly #ownNodes: number;
  readonly #ownPods: number;
  readonly #ownEvents: number;
  readonly #generations: Uint32Array;
  readonly #eventsPerLease: number;
  /** Operations between two compactions; 0: not this client's task. */
  readonly #compactEvery: number;
  readonly #retainRevisions: number;
  #count = 0;
  #renewed = 0;
  #pod = 0;
  #step = 0;
  #events = 0;
  #leases = 0;
  #leaseKeysLeft = 0;

  constructor(values: KubernetesValues, options: StreamOptions) {
    const { client, clients } = options;
    this.#options = options;
    this.#state = new ClientState(options);
    this.#keys = new KubernetesKeys(values);
    this.#slots = kubernetesSlots(values);
    const rates = kubernetesRates(values);
    this.#renewalBelow = rates.renewals / rates.all;
    this.#statusBelow = this.#renewalBelow + rates.statuses / rates.all;
    this.#podBelow = this.#statusBelow + rates.podSteps / rates.all;
    this.#readBelow = this.#podBelow + rates.reads / rates.all;
    this.#listBelow = this.#readBelow + rates.lists / rates.all;
    this.#ownNodes = ownedSlots(values.nodes, client, clients);
    this.#ownPods = ownedSlots(this.#slots.pods.count, client, clients);
    this.#ownEvents = ownedSlots(this.#slots.events.count, client, clients);
    this.#generations = new Uint32Array(this.#ownPods);
    const eventsPerReuse = Math.ceil((rates.events * LEASE_REUSE_SECONDS) / clients);
    this.#eventsPerLease = Math.min(LEASE_KEYS_MAX, eventsPerReuse);
    const { compactionSeconds } = values;
    this.#compactEvery =
      client === 0 ? Math.ceil((rates.all / clients) * compactionSeconds) + 1 : 0;
    this.#retainRevisions = Math.round(rates.writes * compactionSeconds);
  }

  next(operation: Operation): void {
    this.#count++;
    if (this.#compactEvery > 0 && this.#count % this.#compactEvery === 0) {
      begin(operation, 'compact', COMPACT);
      operation.retainRevisions = this.#retainRevisions;
      return;
    }
    const { random } = this.#state;
    const { leases, nodes } = this.#slots;
    const kind = random.unit();
    if (kind < this.#renewalBelow) {
      // Each node in its turn, as their clocks make it.
      const own = this.#renewed;
      this.#renewed = own + 1 === this.#ownNodes ? 0 : own + 1;
      const slot = leases.start + this.#state.slotOf(own);
      this.#update(operation, RENEWAL, this.#keys.leases, slot, LEASE_SIZES);
    } else if (kind < this.#statusBelow) {
      const slot = nodes.start + this.#state.slotOf(random.below(this.#ownNodes));
      this.#update(operation, STATUS, this.#keys.nodes, slot, NODE_SIZES);
    } else if (kind < this.#podBelow) {
      this.#podStep(operation);
    } else if (kind < this.#readBelow) {
      begin(operation, 'get', READ);
      operation.slot = nodes.start + random.below(nodes.count);
      this.#keys.nodes.write(operation, operation.slot);
    } else {
      this.#rangeOf(operation, kind < this.#listBelow);
    }
  }

  #rangeOf(operation: Operation, list: boolean): void {
    begin(operation, 'range', list ? LIST : COUNT);
    const formats = list ? this.#keys.podLists : this.#keys.kinds;
    const format = formats[this.#state.random.below(formats.length)];
    format?.writeAll(operation);
    operation.countOnly = !list;
    operation.limit = list ? LIST_LIMIT : 0;
  }

  #update(
    operation: Operation,
    lane: number,
    format: KeyFormat,
    slot: number,
    sizes: SizeList,
  ): void {
    begin(operation, 'txn', lane);
    operation.slot = slot;
    format.write(operation, slot);
    this.#state.write(operation, sizes.draw(this.#state.random));
  }

  #podStep(operation: Operation): void {
    const step = POD_LIFE[this.#step] ?? 'update';
    if (step === 'event') {
      this.#event(operation);
      return;
    }
    const own = this.#pod;
    begin(operation, step === 'delete' ? 'delete' : 'txn', POD);
    if (step === 'create') {
      this.#generations[own] = (this.#generations[own] ?? 0) + 1;
      operation.creates = true;
    }
    const index = this.#state.slotOf(own);
    const slot = this.#slots.pods.start + index;
    operation.slot = slot;
    const keyId = slot + (this.#generations[own] ?? 0) * this.#slots.all;
    this.#keys.pods[this.#keys.namespaceOf(index)]?.write(operation, keyId);
    if (step !== 'delete') this.#state.write(operation, POD_SIZES.draw(this.#state.random));
    this.#endStep();
  }

  /** An event about the current pod; before it a lease, where the last one is used up. */
  #event(operation: Operation): void {
    const { client, clients } = this.#options;
    if (this.#leaseKeysLeft === 0) {
      this.#leaseKeysLeft = this.#eventsPerLease;
      this.#leases++;
      begin(operation, 'leaseGrant', GRANT);
      operation.lease = this.#leases * clients + client;
      operation.ttlSeconds = EVENT_TTL_SECONDS;
      return;
    }
    this.#leaseKeysLeft--;
    begin(operation, 'txn', EVENT);
    operation.creates = true;
    operation.lease = this.#leases * clients + client;
    const own = this.#events % this.#ownEvents;
    const generation = Math.floor(this.#events / this.#ownEvents);
    this.#events++;
    operation.slot = this.#slots.events.start + this.#state.slotOf(own);
    const namespace = this.#keys.namespaceOf(this.#state.slotOf(this.#pod));
    const keyId = operation.slot + generation * this.#slots.all;
    this.#keys.events[namespace]?.write(operation, keyId);
    this.#state.write(operation, EVENT_SIZES.draw(this.#state.random));
    this.#endStep();
  }

  #endStep(): void {
    this.#step++;
    if (this.#step < POD_LIFE.length) return;
    this.#step = 0;
    this.#pod = this.#pod + 1 === this.#ownPods ? 0 : this.#pod + 1;
  }
}

export const KUBERNETES: Workload = defineWorkload({
  id: 'kubernetes',
  title: 'A Kubernetes cluster',
  what: 'Does what the API servers of a cluster do: renewals, node status, pods, events, lists.',
  source:
    'Renewals every 10 s, status every 5 min: kubelet defaults. 30 pods a node: 150,000 on 5,000, the ' +
    'Kubernetes scalability thresholds. Guarded writes, leases of 3,660 s on events, lists of 500: traces in ' +
    'the k8s-1m README; lease shared for 60 s or 1,000 keys: API server, etcd3 storage. Life of a pod, ' +
    'sizes, reads and lists are assumptions.',
  lanes: [
    'lease-renewal',
    'node-status',
    'pod',
    'event',
    'read',
    'list',
    'count',
    'event-lease',
    'compact',
  ],
  prefix: REGISTRY,
  parameters: KUBERNETES_PARAMETERS,
  slots: (values) => kubernetesSlots(values).all,
  clientsMax: ({ nodes }) => nodes,
  nominalRate: (values) => kubernetesRates(values).all,
  preload: (values, seed) => {
    const keys = new KubernetesKeys(values);
    const { leases, nodes, pods } = kubernetesSlots(values);
    const state = new PreloadState(seed);
    const fillWith = (
      operation: Operation,
      i: number,
      format: KeyFormat | undefined,
      sizes: SizeList,
    ): void => {
      format?.write(operation, i);
      state.write(operation, sizes.draw(state.randomOf(i)));
    };
    return {
      leases: 0,
      keys: leases.count + nodes.count + pods.count,
      fillLease: noLease,
      fill: (i, operation) => {
        begin(operation, 'put', i < nodes.start ? RENEWAL : i < pods.start ? STATUS : POD);
        operation.slot = i;
        if (i < nodes.start) fillWith(operation, i, keys.leases, LEASE_SIZES);
        else if (i < pods.start) fillWith(operation, i, keys.nodes, NODE_SIZES);
        else fillWith(operation, i, keys.pods[keys.namespaceOf(i - pods.start)], POD_SIZES);
      },
    };
  },
  stream: (values, options) => new Stream(values, options),
});
