// The objects of the workload kubernetes: parameters, rates that follow from them, and where each kind of
// object has its slots, keys and sizes. Slots are laid out as leases, nodes, pods, events: in byte order of
// their keys but for events, of which none are preloaded.

import { SizeList } from '../distributions/size-list.ts';
import { KeyFormat } from '../key-format.ts';
import type { ValuesOf } from '../parameters.ts';

export const REGISTRY = '/registry/';

const seconds = (what: string, byDefault: number) =>
  ({ what, unit: 'seconds', default: byDefault, minimum: 1, maximum: 1e7 }) as const;

export const KUBERNETES_PARAMETERS = {
  nodes: { what: 'Nodes.', unit: 'nodes', default: 1000, minimum: 1, maximum: 1e6 },
  podsPerNode: { what: 'Pods on a node.', unit: 'pods', default: 30, minimum: 1, maximum: 500 },
  namespaces: { what: 'Namespaces.', unit: 'namespaces', default: 50, minimum: 1, maximum: 9999 },
  podLifeSeconds: seconds('Mean life of a pod.', 7200),
  renewalSeconds: seconds('Time between two renewals of a node lease.', 10),
  statusSeconds: seconds('Time between two reports of an unchanged node.', 300),
  compactionSeconds: seconds('Time between two compactions, which is also what they keep.', 300),
  listSeconds: seconds('Time between two lists of a namespace, cluster-wide.', 10),
  readShare: {
    what: 'Part of point reads in the whole.',
    unit: 'share',
    default: 0.05,
    minimum: 0,
    maximum: 0.9,
    fractions: true,
  },
} as const;

export type KubernetesValues = ValuesOf<typeof KUBERNETES_PARAMETERS>;

/** What happens when one pod makes room for its successor, in order. */
export const POD_LIFE = [
  'delete',
  'create',
  'event', // Scheduled
  'update', // bound to a node
  'event', // Pulling
  'event', // Pulled
  'update', // initialised
  'event', // Created
  'event', // Started
  'update', // running
  'update', // ready
  'event', // Killing
  'update', // terminating
] as const;

const EVENTS_PER_POD: number = POD_LIFE.filter((step) => step === 'event').length;

/** An event lives an hour; its lease is granted for the minute longer that it is handed out. */
export const EVENT_TTL_SECONDS = 3660;
export const LEASE_REUSE_SECONDS = 60;
export const LEASE_KEYS_MAX = 1000;
/** Entries of a page when a client lists. */
export const LIST_LIMIT = 500;
/** Kinds whose number an API server asks for once a minute. */
const COUNTED_KINDS = 4;
const COUNT_SECONDS = 60;

/** Operations a second of the whole cluster. Leases are granted and revisions compacted on top. */
export interface KubernetesRates {
  readonly renewals: number;
  readonly statuses: number;
  readonly podSteps: number;
  readonly lists: number;
  readonly counts: number;
  readonly reads: number;
  readonly events: number;
  /** All but `events`, which are among the pod steps. */
  readonly all: number;
  readonly writes: number;
}

export function kubernetesRates(values: KubernetesValues): KubernetesRates {
  const pods = values.nodes * values.podsPerNode;
  const renewals = values.nodes / values.renewalSeconds;
  const statuses = values.nodes / values.statusSeconds;
  const podSteps = (pods / values.podLifeSeconds) * POD_LIFE.length;
  const lists = 1 / values.listSeconds;
  const counts = COUNTED_KINDS / COUNT_SECONDS;
  const writes = renewals + statuses + podSteps;
  const all = (writes + lists + counts) / (1 - values.readShare);
  const events = (pods / values.podLifeSeconds) * EVENTS_PER_POD;
  return {
    ...{ renewals, statuses, podSteps, lists, counts, events, all, writes },
    reads: all * values.readShare,
  };
}

/** Slots of one kind: from `start` on, `count` of them. */
export interface SlotRange {
  readonly start: number;
  readonly count: number;
}

export interface KubernetesSlots {
  readonly leases: SlotRange;
  readonly nodes: SlotRange;
  readonly pods: SlotRange;
  readonly events: SlotRange;
  readonly all: number;
}

export function kubernetesSlots(values: KubernetesValues): KubernetesSlots {
  const { nodes } = values;
  const pods = nodes * values.podsPerNode;
  // As many as live at once; each client has one at least.
  const events = Math.max(nodes, Math.ceil(kubernetesRates(values).events * EVENT_TTL_SECONDS));
  return {
    leases: { start: 0, count: nodes },
    nodes: { start: nodes, count: nodes },
    pods: { start: 2 * nodes, count: pods },
    events: { start: 2 * nodes + pods, count: events },
    all: 2 * nodes + pods + events,
  };
}

/** Sizes are assumptions: ranges that protobuf-encoded objects of plain clusters have. */
export const LEASE_SIZES: SizeList = new SizeList([{ weight: 1, bytesMin: 300, bytesMax: 400 }]);
export const NODE_SIZES: SizeList = new SizeList([{ weight: 1, bytesMin: 6000, bytesMax: 20_000 }]);
export const POD_SIZES: SizeList = new SizeList([
  { weight: 90, bytesMin: 2000, bytesMax: 6000 },
  { weight: 10, bytesMin: 6000, bytesMax: 20_000 },
]);
export const EVENT_SIZES: SizeList = new SizeList([{ weight: 1, bytesMin: 500, bytesMax: 1200 }]);

/** Keys of all kinds, as an API server names them. */
export class KubernetesKeys {
  readonly leases = new KeyFormat(`${REGISTRY}leases/kube-node-lease/node-`);
  readonly nodes = new KeyFormat(`${REGISTRY}minions/node-`);
  /** By namespace. */
  readonly pods: readonly KeyFormat[];
  readonly events: readonly KeyFormat[];
  /** For counting a kind, and for listing one namespace of pods: prefixes. */
  readonly kinds: readonly KeyFormat[] = [
    new KeyFormat(`${REGISTRY}leases/`),
    new KeyFormat(`${REGISTRY}minions/`),
    new KeyFormat(`${REGISTRY}pods/`),
    new KeyFormat(`${REGISTRY}events/`),
  ];
  readonly podLists: readonly KeyFormat[];
  readonly #podsPerNamespace: number;

  constructor({ nodes, podsPerNode, namespaces }: KubernetesValues) {
    const names = Array.from({ length: namespaces }, (_, i) => String(i).padStart(4, '0'));
    this.pods = names.map((name) => new KeyFormat(`${REGISTRY}pods/ns-${name}/pod-`));
    this.events = names.map((name) => new KeyFormat(`${REGISTRY}events/ns-${name}/pod-`));
    this.podLists = names.map((name) => new KeyFormat(`${REGISTRY}pods/ns-${name}/`));
    this.#podsPerNamespace = Math.ceil((nodes * podsPerNode) / namespaces);
  }

  /** Namespace of the pod at `index` among the pods: ascending with it. */
  namespaceOf(index: number): number {
    return Math.floor(index / this.#podsPerNamespace);
  }
}
