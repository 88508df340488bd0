// The shape of a host profile, as run.json holds it: the machine, the disk under the work folder, its sync latency
// before and after. Taken by hardware/profile.ts.

import { z } from 'zod';
import { warningSchema } from './basic-schema.ts';

/** Latency of fdatasync after a small write, as fio measures it for etcd (2,300 bytes a write). */
export const syncLatencySchema = z.object({
  samples: z.number().int(),
  p50Us: z.number(),
  p99Us: z.number(),
  maxUs: z.number(),
  /** What bounds one who syncs again and again; absent in results of older versions. */
  meanUs: z.number().optional(),
});

export const hostSchema = z.object({
  fingerprint: z.string(),
  cpu: z.object({ model: z.string(), cores: z.number().int(), governor: z.string() }),
  memoryBytes: z.number(),
  os: z.string(),
  kernel: z.string(),
  node: z.string(),
  virtualization: z.string(),
  workDir: z.object({
    fileSystem: z.string(),
    mountOptions: z.string(),
    device: z.string(),
    deviceModel: z.string(),
    writeCache: z.string(),
    scheduler: z.string(),
    freeBytes: z.number(),
  }),
  syncLatencyBefore: syncLatencySchema,
  syncLatencyAfter: syncLatencySchema.optional(),
  /** One-minute load average and CPU steal share, before and after the measurement. */
  background: z.object({
    loadBefore: z.number(),
    loadAfter: z.number().optional(),
    stealShare: z.number().optional(),
  }),
  warnings: z.array(warningSchema),
});

export type SyncLatency = z.infer<typeof syncLatencySchema>;
export type Host = z.infer<typeof hostSchema>;
