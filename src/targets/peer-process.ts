// Programs around other engines that scripts/peers builds: where they lie, and one run of one, to its end, for one
// answer in JSON. Optional: callers say so where one was not built.

import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { nodeVfs } from '../../engine/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** From the compiled file to the checkout's root. */
const BUILT = fileURLToPath(new URL('../../../scripts/peers/bin/', import.meta.url));
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Path of the built program, or of what `variable` names in its place; undefined where there is none. */
export function findPeer(name: string, variable: string, env: Environment): string | undefined {
  return ifThere(env[variable] ?? join(BUILT, name));
}

/** The program that build.sh leaves beside `peer`; undefined where it is not there. */
export function besidePeer(peer: string, name: string): string | undefined {
  return ifThere(join(dirname(peer), name));
}

/** Rejects with the program's own line where it fails, with an AbortError where `signal` ended it. */
export async function askPeer<Found>(
  peer: string,
  args: readonly string[],
  about: { readonly signal: AbortSignal; readonly schema: z.ZodType<Found> },
): Promise<Found> {
  const { signal, schema } = about;
  const text = await new Promise<string>((resolve, reject) => {
    execFile(peer, args, { signal, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(error.name === 'AbortError' ? error : new Error(stderr.trim() || error.message));
    });
  });
  return schema.parse(JSON.parse(text));
}

/** Fields as the flags of a program: `keyBytes` is --key-bytes, `rangePauseMs` a time; undefined is no flag. */
export function flagsOf(fields: object): string[] {
  const entries = Object.entries<string | number | boolean | undefined>({ ...fields });
  return entries.flatMap(([field, value]) => {
    if (value === undefined) return [];
    const [name, unit] = field.endsWith('Ms') ? [field.slice(0, -2), 'ms'] : [field, ''];
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return [`--${flag}=${String(value)}${unit}`];
  });
}

function ifThere(path: string): string | undefined {
  return nodeVfs.exists(path) ? path : undefined;
}
