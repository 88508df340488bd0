// Procedures for tests of sessions in real processes: an arm that does what its settings say, at the stage and slice
// that they name. Runs by itself in the arm's process: tests compile this file alone, so it imports types only
// and what Node brings along.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  ArmOrder,
  CellOrder,
  OpenArm,
  Procedure,
  Slice,
  SliceContext,
} from '../../procedures/procedure.ts';
import type { Scalars } from '../../record/round.ts';

/**
 * dies: ends by itself; hangs: never answers; spins: holds its thread; nonsense: answers something else; throws: as
 * an engine on a full disk; not-finite: a figure of 0 / 0; waits: until it is told to stop; peer: starts a
 * process of its own and waits.
 */
export const BEHAVIOURS = [
  'fine',
  'dies',
  'hangs',
  'spins',
  'nonsense',
  'throws',
  'not-finite',
  'waits',
  'peer',
] as const;

const ENDLESS_MS = 3_600_000;

class FakeArm implements OpenArm {
  readonly #asked: Scalars;
  readonly #folder: string;

  constructor(asked: Scalars, folder: string) {
    this.#asked = asked;
    this.#folder = folder;
  }

  async slice(
    { index, warm, seed }: { index: number; warm: boolean; seed: number },
    context: SliceContext,
  ): Promise<Slice> {
    context.onProgress('counting', 0.5);
    const at = Number(this.#asked['at'] ?? 0);
    const isDue = !warm && this.#asked['stage'] === 'slice' && index >= at;
    const odd = isDue ? await behave(this.#asked, context) : {};
    writeFileSync(join(this.#folder, 'slice'), String(index));
    const warmFigures = textOf(this.#asked, 'warm').split(' ').map(Number);
    const perSecond = warm ? (warmFigures[index] ?? 100) : 100 + index;
    return {
      seconds: 0.01,
      settings: { pid: process.pid, seed, kind: textOf(this.#asked, 'kind') },
      figures: { perSecond },
      counts: { index },
      warnings: [],
      ...odd,
    };
  }

  async close(): Promise<{ settings: { closed: boolean }; warnings: [] }> {
    if (this.#asked['stage'] === 'close') await behave(this.#asked);
    return { settings: { closed: true }, warnings: [] };
  }
}

function textOf(asked: Scalars, name: string): string {
  return String(asked[name] ?? '100');
}

async function behave(asked: Scalars, context?: SliceContext): Promise<Partial<Slice>> {
  switch (asked['behaviour'] as (typeof BEHAVIOURS)[number]) {
    case 'fine':
      return {};
    case 'dies':
      throw await dying();
    case 'hangs':
      await new Promise((resolve) => setTimeout(resolve, ENDLESS_MS));
      return {};
    case 'spins':
      for (;;) Math.sqrt(2);
    case 'nonsense':
      return { figures: 'many' as unknown as Slice['figures'] };
    case 'throws':
      throw Object.assign(new Error('the disk is full'), { name: 'EngineError', code: 'NO_SPACE' });
    case 'not-finite':
      return { figures: { perSecond: 1, ratio: Number.NaN }, counts: { count: 1 / 0 } };
    case 'waits':
      if (context?.signal.aborted === false) await once(context.signal, 'abort');
      return { seconds: 0.005 };
    case 'peer': {
      const peer = spawn('sleep', ['3600'], { stdio: 'ignore' });
      return { settings: { pid: process.pid, peer: peer.pid ?? 0 } };
    }
  }
}

/** As a process that runs out of memory: words on stderr, then gone. */
async function dying(): Promise<Error> {
  process.stderr.write('FATAL ERROR: heap out of memory\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.kill(process.pid, 'SIGKILL');
  return new Error('still there');
}

async function openArm({ asked, folder }: ArmOrder): Promise<OpenArm> {
  if (asked['stage'] === 'open') await behave(asked);
  return new FakeArm(asked, folder);
}

export const PROCEDURES: readonly Procedure[] = [
  {
    name: 'fake',
    warmUp: { figure: undefined, slicesMin: 1, slicesMax: 1, sideBySide: false },
    prepare: async ({ asked, prepared, arm }: CellOrder): Promise<Scalars> => {
      if (asked['stage'] === 'prepare') await behave(asked);
      mkdirSync(join(prepared, arm));
      return { bytes: arm.length, ratio: Number.NaN };
    },
    open: openArm,
  },
  ...[false, true].map((sideBySide) => ({
    name: sideBySide ? 'warming-together' : 'warming',
    warmUp: { figure: 'perSecond', slicesMin: 2, slicesMax: 6, sideBySide },
    open: openArm,
  })),
];
