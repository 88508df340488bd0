// kvtune db compact as a user runs it: what it prints, what it refuses and with which exit code, and
// that an interrupted or refused one leaves nothing.

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BulkLoader } from '../../../engine/btree/bulk-load.ts';
import { pgid, txid } from '../../../engine/base/ids.ts';
import { Db, nodeVfs } from '../../../engine/index.ts';
import { encodeMeta } from '../../../engine/page/meta-page.ts';
import { kvtune, pressCtrlC, startKvtune, until } from '../../testing/kvtune-process.ts';
import { freeBytes, testFolder } from '../../testing/test-folder.ts';

const folder = testFolder('cli-compact');
let made = 0;

function fresh(): string {
  return join(folder, `${String(++made)}.db`);
}

/** Half empty: every other key was deleted. */
function halfEmpty(): string {
  const path = fresh();
  const db = Db.open(path);
  const key = (i: number): Uint8Array => Buffer.from(`k${String(i).padStart(7, '0')}`);
  db.write((tx) => {
    const bucket = tx.createBucket(Buffer.from('key'));
    for (let i = 0; i < 6000; i++) bucket.put(key(i), new Uint8Array(200).fill(i));
    tx.createBucket(Buffer.from('empty'));
  });
  db.write((tx) => {
    const bucket = tx.bucket(Buffer.from('key'));
    for (let i = 0; i < 6000; i += 2) bucket?.delete(key(i));
  });
  db.close();
  return path;
}

/** A root leaf of values that are holes, 1 GB each: next to no disk, and more bytes than `bytes`. */
function hollow(bytes: number): string {
  const path = fresh();
  const pageSize = 4096;
  const leafPages = 250_000;
  const file = nodeVfs.open(path, { mode: 'create' });
  let next = 2;
  const loader = new BulkLoader({ file, pageSize, fillPercent: 0.9, place: () => next++ });
  const key = new Uint8Array(8);
  for (let i = 0; next * pageSize < bytes; i++) {
    loader.settle();
    new DataView(key.buffer).setBigUint64(0, BigInt(i));
    loader.addHoleLeaf(next, leafPages, key);
    next += leafPages;
  }
  const root = loader.finish();
  file.truncate(next * pageSize);
  for (const id of [0, 1]) {
    const page = new Uint8Array(pageSize);
    const at = { root: pgid(root), freelist: undefined, highWater: pgid(next), txid: txid(id) };
    encodeMeta({ pageSize, sequence: 0, ...at }, page);
    file.write(page, 0, pageSize, id * pageSize);
  }
  file.close();
  return path;
}

function errorOf(stdout: string): { code: string; message: string } {
  return (JSON.parse(stdout) as { error: { code: string; message: string } }).error;
}

describe.concurrent('kvtune db compact', () => {
  it('makes a smaller file that holds the same, and says how much room it may take before', async () => {
    const source = halfEmpty();
    const before = readFileSync(source);
    const target = fresh();
    const { code, stdout, stderr } = await kvtune(['db', 'compact', source, '--to', target]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/is whole; \S+ takes up to [\d.]+ MB of [\d.]+ [GT]B free\n$/);
    const [sizes = '', verified = ''] = stdout.split('\n');
    expect(sizes).toMatch(/: [67]\d\d kB, from [\d.]+ MB of /);
    expect(verified).toMatch(/^verified: keys 3,000, buckets 2; [\d.]+ m?s$/);
    expect(readFileSync(source).equals(before)).toBe(true);
    const checked = await kvtune(['db', 'check', target, '--json']);
    expect(JSON.parse(checked.stdout)).toMatchObject({ ok: true, faults: [] });
    const db = Db.open(target, { readOnly: true });
    expect(db.read((tx) => tx.bucket(Buffer.from('key'))?.get(Buffer.from('k0005999')))).toEqual(
      new Uint8Array(200).fill(5999),
    );
    db.close();
  });

  it('as JSON', async () => {
    const source = halfEmpty();
    const target = fresh();
    const args = ['db', 'compact', source, '--to', target, '--json', '--quiet'];
    const { code, stdout, stderr } = await kvtune([...args, '--fill-percent', '0.5']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      ok: true,
      source,
      target,
      keys: 3000,
      buckets: 2,
      sourceBytes: statSync(source).size,
      targetBytes: statSync(target).size,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(report['seconds']).toBeGreaterThan(0);
    // Half as full, twice as large.
    expect(report['targetBytes']).toBeGreaterThan(1.2e6);
  });

  it.each([
    [['--to', 'SOURCE'], /--to names the very file to compact/],
    [
      ['--to', 'TARGET', '--fill-percent', '1.5'],
      /--fill-percent: '1.5' is no share from 0.1 to 1/,
    ],
    [['--to', 'TARGET', '--fill-percent', '0'], /'0' is no share from 0.1 to 1; write it as 0.9/],
    [[], /--to: no value given; new file is needed/],
  ])('%j: ends with 2 and says why', async (flags, complaint) => {
    const source = halfEmpty();
    const target = fresh();
    const named = flags.map((flag) => ({ SOURCE: source, TARGET: target })[flag] ?? flag);
    const { code, stdout, stderr } = await kvtune(['db', 'compact', source, ...named]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(complaint);
    expect(existsSync(target)).toBe(false);
  });

  it('refuses a target that exists, and a source that does not', async () => {
    const source = halfEmpty();
    const target = fresh();
    writeFileSync(target, 'precious');
    const exists = await kvtune(['db', 'compact', source, '--to', target]);
    expect(exists.code).toBe(2);
    expect(exists.stderr).toMatch(/ exists; remove it or name another file/);
    expect(readFileSync(target, 'utf8')).toBe('precious');
    const missing = fresh();
    const absent = await kvtune(['db', 'compact', missing, '--to', fresh()]);
    expect(absent.code).toBe(2);
    expect(absent.stderr).toMatch(/does not exist; name a database file/);
    expect(existsSync(missing)).toBe(false);
  });

  it('ends with 6 on a damaged file, names the page and makes nothing', async () => {
    const source = halfEmpty();
    const db = Db.open(source, { readOnly: true });
    const { root } = db.meta;
    db.close();
    const bytes = readFileSync(source);
    bytes.fill(0xff, root * 4096, root * 4096 + 16);
    writeFileSync(source, bytes);
    const target = fresh();
    const { code, stdout } = await kvtune(['db', 'compact', source, '--to', target, '--json']);
    expect(code).toBe(6);
    expect(errorOf(stdout)).toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(
        /is damaged and was not copied: page \d+: header names page/,
      ) as string,
    });
    expect(existsSync(target)).toBe(false);
  });

  it('ends with 6 where the disk has no room, before it makes anything', async () => {
    const source = hollow(1.5 * freeBytes(folder));
    const target = fresh();
    const { code, stderr } = await kvtune(['db', 'compact', source, '--to', target]);
    expect(code).toBe(6);
    expect(stderr).toMatch(
      /^kvtune: \S+ needs [\d.]+ [GT]B of disk, [\d.]+ [GT]B are free; free some/,
    );
    const json = await kvtune(['db', 'compact', source, '--to', target, '--json']);
    expect(errorOf(json.stdout).code).toBe('NO_SPACE');
    expect(existsSync(target)).toBe(false);
  });

  it('ends with 130 on Ctrl-C and removes what it began', async () => {
    const source = fresh();
    expect((await kvtune(['db', 'age', source, '--size', '2GB'])).code).toBe(0);
    const { mtimeMs } = statSync(source);
    const target = fresh();
    const running = startKvtune(['db', 'compact', source, '--to', target]);
    expect(await until(() => existsSync(target) && statSync(target).size > 1e6, 15_000)).toBe(true);
    pressCtrlC(running);
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/kvtune: interrupted\n$/);
    expect(existsSync(target)).toBe(false);
    expect(statSync(source).mtimeMs).toBe(mtimeMs);
  });
});
