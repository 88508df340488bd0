// runArm(): an arm's life as a session leads it, in the process of the test: prepare, open, slices, close. Every
// figure and count of every slice must be a number; the caller says what they must be.

import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Scalars } from '../../record/round.ts';
import type { ArmOrder, Closing, Procedure, Slice, SliceContext } from '../procedure.ts';

export interface ArmRun {
  readonly prepared: Scalars;
  readonly slices: readonly Slice[];
  readonly closing: Closing;
}

export interface ArmAbout {
  /** Where all folders of the test lie. */
  readonly base: string;
  readonly asked: Scalars;
  readonly target?: string;
  readonly arm?: string;
  readonly slices?: number;
  /** Default: one of its own. */
  readonly preparedFolder?: string;
}

const SEED = 20261122;

export function sliceContext(): SliceContext {
  return { signal: new AbortController().signal, onProgress: () => undefined };
}

export function armOrder({ base, asked, target = 'engine', ...about }: ArmAbout): ArmOrder {
  const own = mkdtempSync(join(base, 'arm-'));
  const { arm = 'arm', preparedFolder = join(own, 'prepared') } = about;
  const folder = join(own, 'folder');
  for (const path of [folder, preparedFolder]) mkdirSync(path, { recursive: true });
  return { cell: 'test/cell', asked, target, arm, seed: SEED, prepared: preparedFolder, folder };
}

export async function runArm(procedure: Procedure, about: ArmAbout): Promise<ArmRun> {
  const order = armOrder(about);
  const context = sliceContext();
  const prepared = (await procedure.prepare?.(order, context)) ?? {};
  const open = await procedure.open(order, context);
  const slices: Slice[] = [];
  for (let index = 0; index < (about.slices ?? 2); index++) {
    slices.push(await open.slice({ index, seed: SEED + index, warm: false }, context));
  }
  const closing = await open.close('verify', context);
  for (const slice of slices) expectNumbers(slice);
  return { prepared, slices, closing };
}

function expectNumbers({ seconds, figures, counts = {}, series = {} }: Slice): void {
  expect(seconds).toBeGreaterThan(0);
  for (const [name, value] of Object.entries({ ...figures, ...counts })) {
    expect(Number.isFinite(value), `${name} ${value}`).toBe(true);
  }
  for (const [name, values] of Object.entries(series)) {
    expect(values.every(Number.isFinite), name).toBe(true);
  }
}
