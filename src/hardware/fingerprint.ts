// Fingerprint: a short name for a kind of machine, so that results of alike machines find each other.
// It holds nothing that tells one machine from its twin: no host name, serial number or path.

import { createHash } from 'node:crypto';
import type { Host } from '../record/host.ts';

const GIB = 2 ** 30;
const HEX_DIGITS = 12;

export function fingerprint(host: Pick<Host, 'cpu' | 'memoryBytes' | 'workDir'>): string {
  const traits = [
    host.cpu.model,
    host.cpu.cores,
    // Kernels keep some memory to themselves, and not the same amount each.
    Math.round(host.memoryBytes / GIB),
    host.workDir.fileSystem,
    host.workDir.deviceModel,
  ];
  return createHash('sha256').update(JSON.stringify(traits)).digest('hex').slice(0, HEX_DIGITS);
}
