// kvtune db as a user runs it: files made, checked and inspected; what is wrong is named, with the
// exit code of the contract, and nothing is left of what was not finished.

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Db, nodeVfs, type InspectReport } from '../../../engine/index.ts';
import { kvtune, pressCtrlC, startKvtune, until } from '../../testing/kvtune-process.ts';
import { testFolder } from '../../testing/test-folder.ts';
import { kvtuneInside } from './testing/kvtune-inside.ts';

const PAGE = 4096;
const FLAG_BRANCH = 1;

const folder = testFolder('cli-db');
let made = 0;

function fresh(): string {
  return join(folder, `${String(++made)}.db`);
}

function errorOf(stdout: string): { code: string; message: string; hint: string } {
  const parsed = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
  expect(Object.keys(parsed)).toEqual(['error']);
  expect(Object.keys(parsed.error).sort()).toEqual(['code', 'hint', 'message']);
  return parsed.error;
}

/** A database of our own with 4,000 keys in `key`, 3 in `meta` and an inline bucket below it. */
function knownFile(): string {
  const path = fresh();
  const db = Db.open(path);
  const text = new TextEncoder();
  db.write((tx) => {
    const keys = tx.ensureBucket(text.encode('key'));
    for (let i = 0; i < 4000; i++) {
      keys.put(text.encode(`k${String(i).padStart(7, '0')}`), new Uint8Array(92));
    }
    const meta = tx.ensureBucket(text.encode('meta'));
    meta.put(text.encode('long'), new Uint8Array(3 * PAGE));
    meta.put(text.encode('a'), text.encode('1'));
    meta.put(text.encode('b'), text.encode('2'));
    meta.ensureBucket(text.encode('inner')).put(text.encode('x'), text.encode('yz'));
  });
  db.close();
  return path;
}

/** Page numbers of branches in use, by the header of each page. */
function branchPages(path: string): number[] {
  const bytes = readFileSync(path);
  const found: number[] = [];
  for (let page = 2; page * PAGE < bytes.length; page++) {
    const own = bytes.readUInt32LE(page * PAGE) === page;
    if (own && bytes.readUInt16LE(page * PAGE + 8) === FLAG_BRANCH) found.push(page);
  }
  return found;
}

describe.concurrent('kvtune db: no file', () => {
  // A device stands for a pipe, too: its opening waits for a writer, deaf to every signal.
  it.each([
    ['check', '/dev/null'],
    ['inspect', '/dev/null'],
    ['compact', '/dev/null'],
    ['check', folder],
  ])('%s %s ends with 2', async (verb, path) => {
    const target = verb === 'compact' ? ['--to', fresh()] : [];
    const { code, stderr } = await kvtune(['db', verb, path, ...target]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^kvtune: \S+ is no file; name a database file\n$/);
  });
});

describe.concurrent('kvtune db age', () => {
  it.each([
    ['synthesize', '64MB'],
    ['churn', '16MB'],
  ])('%s: makes a file that passes the check', async (method, size) => {
    const path = fresh();
    const aged = await kvtune(['db', 'age', path, '--method', method, '--size', size, '--json']);
    expect(aged).toMatchObject({ code: 0, stderr: '' });
    const result = JSON.parse(aged.stdout) as Record<string, unknown>;
    expect(result).toMatchObject({ path, method, recipe: 'kubernetes-mix', seed: 1 });
    const checked = await kvtune(['db', 'check', path, '--json']);
    expect(checked.code).toBe(0);
    expect(JSON.parse(checked.stdout)).toMatchObject({ ok: true, faults: [] });
    const inspected = await kvtune(['db', 'inspect', path, '--json']);
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      freePages: result['freePages'],
      dbBytes: result['dbBytes'],
    });
  });

  it('says in two lines what it made', async () => {
    const path = fresh();
    const { code, stdout } = await kvtune(['db', 'age', path, '--size', '16MB', '--seed', '9']);
    expect(code).toBe(0);
    const [made = '', free = ''] = stdout.split('\n');
    expect(made).toContain(path);
    expect(made).toMatch(/pages.* on disk/);
    expect(free).toMatch(/^free: [\d,]+ pages in \d+ spans/);
  });

  it('refuses a file that exists, and leaves it alone', async () => {
    const path = fresh();
    writeFileSync(path, 'precious');
    for (const method of ['synthesize', 'churn']) {
      const { code, stderr } = await kvtune([
        'db',
        'age',
        path,
        '--method',
        method,
        '--size',
        '16MB',
      ]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/ exists; remove it or name another file/);
      expect(readFileSync(path, 'utf8')).toBe('precious');
    }
  });

  it.each([
    [['--size', '15MB'], /--size 15MB is out of range; choose 16MB to 16TB/],
    [['--size', '17TB'], /--size 17TB is out of range/],
    [['--size', '100'], /'100' has no unit/],
    [['--recipe', 'kubernetes-mx'], /'kubernetes-mx' is not known; did you mean kubernetes-mix\?/],
    [['--method', 'synthesise'], /did you mean synthesize\?/],
    [['--recipe', 'worst-case', '--method', 'churn'], /a layout without a life/],
    [['--sise', '16MB'], /unknown flag --sise; did you mean --size\?/],
  ])('%j: ends with 2 and says why', async (flags, complaint) => {
    const path = fresh();
    const { code, stdout, stderr } = await kvtuneInside(['db', 'age', path, ...flags]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(complaint);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(existsSync(path)).toBe(false);
  });

  it('says how much room is missing, ends with 6 and leaves nothing', async () => {
    const path = fresh();
    const args = ['db', 'age', path, '--method', 'churn', '--size', '16TB'];
    const { code, stderr } = await kvtune(args);
    expect(code).toBe(6);
    expect(stderr).toMatch(/needs 17\.6 TB of disk, [\d.]+ [GT]B are free; free some space/);
    const json = await kvtune([...args, '--json']);
    expect(json.code).toBe(6);
    expect(errorOf(json.stdout).code).toBe('NO_SPACE');
    expect(existsSync(path)).toBe(false);
  });

  it('ends with 130 on Ctrl-C and removes what it began', async () => {
    const path = fresh();
    const running = startKvtune(['db', 'age', path, '--method', 'churn', '--size', '1GB']);
    expect(await until(() => existsSync(path) && statSync(path).size > 1e6, 15_000)).toBe(true);
    pressCtrlC(running);
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/kvtune: interrupted\n$/);
    const left = readdirSync(folder).filter((name) => name.startsWith(basename(path)));
    expect(left).toEqual([]);
  });
});

describe.concurrent('kvtune db check', () => {
  it('passes a whole file, in words and as JSON', async () => {
    const path = knownFile();
    const words = await kvtune(['db', 'check', path]);
    expect(words).toMatchObject({ code: 0, stderr: '' });
    expect(words.stdout).toMatch(/: ok, \d+ pages, \d+ nodes\n$/);
    const json = await kvtune(['db', 'check', path, '--json']);
    const report = JSON.parse(json.stdout) as { ok: boolean; pages: number; faults: unknown[] };
    expect(report).toMatchObject({ ok: true, faults: [] });
    expect(report.pages).toBeGreaterThan(100);
  });

  it('names the page of a damaged branch and ends with 6', async () => {
    const path = knownFile();
    const [branch = 0] = branchPages(path);
    expect(branch).toBeGreaterThan(1);
    const bytes = readFileSync(path);
    // The second element's key, found by its position: its last byte no longer matches its child.
    const element = branch * PAGE + 16 + 16;
    const key = element + bytes.readUInt32LE(element);
    bytes[key + 7] = (bytes[key + 7] ?? 0) ^ 0x40;
    writeFileSync(path, bytes);
    const words = await kvtune(['db', 'check', path]);
    expect(words.code).toBe(6);
    expect(words.stdout).toMatch(/: \d+ faults\n/);
    const json = await kvtune(['db', 'check', path, '--json']);
    expect(json.code).toBe(6);
    const report = JSON.parse(json.stdout) as { ok: boolean; faults: { pgid: number }[] };
    expect(report.ok).toBe(false);
    const child = bytes.readUInt32LE(element + 8);
    expect([branch, child]).toContain(report.faults[0]?.pgid);
    expect(words.stdout).toContain(`page ${String(report.faults[0]?.pgid)}:`);
  });

  it('names a branch whose header is overwritten', async () => {
    const path = knownFile();
    const [branch = 0] = branchPages(path);
    const bytes = readFileSync(path);
    bytes.fill(0xff, branch * PAGE, branch * PAGE + 16);
    writeFileSync(path, bytes);
    const { code, stdout } = await kvtune(['db', 'check', path]);
    expect(code).toBe(6);
    expect(stdout).toContain(`page ${String(branch)}:`);
  });

  it('ends with 6 on what is no database, and says how to name one', async () => {
    const path = fresh();
    writeFileSync(path, 'just text'.repeat(2000));
    const { code, stderr } = await kvtune(['db', 'check', path]);
    expect(code).toBe(6);
    expect(stderr).toMatch(/is no bbolt or etcd database; name a bbolt database file/);
    expect(errorOf((await kvtune(['db', 'check', path, '--json'])).stdout).code).toBe(
      'NOT_A_DATABASE',
    );
  });

  it('ends with 6 on a file that is cut short', async () => {
    const path = knownFile();
    writeFileSync(path, readFileSync(path).subarray(0, 20 * PAGE));
    const { code, stderr } = await kvtune(['db', 'check', path]);
    expect(code).toBe(6);
    expect(stderr).toMatch(/is cut short/);
  });

  it.each(['check', 'inspect'])(
    '%s: ends with 2 on a missing file and makes none',
    async (verb) => {
      const path = fresh();
      const { code, stderr } = await kvtune(['db', verb, path]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/does not exist; name a database file/);
      expect(existsSync(path)).toBe(false);
      expect(errorOf((await kvtune(['db', verb, path, '--json'])).stdout).code).toBe('USAGE');
    },
  );

  it('needs a file', async () => {
    const { code, stderr } = await kvtune(['db', 'check']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/kvtune db check needs an argument/);
  });
});

describe.concurrent('kvtune db inspect', () => {
  it('has the fields of the contract, with the numbers of a known file', async () => {
    const path = knownFile();
    const { code, stdout } = await kvtune(['db', 'inspect', path, '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as InspectReport;
    const promised = ['pageSize', 'dbBytes', 'pages', 'freePages', 'pendingPages', 'freeSpans'];
    expect(Object.keys(report)).toEqual(
      expect.arrayContaining([...promised, 'txid', 'buckets']) as string[],
    );
    const added = ['freelistStored'];
    const known = new Set([...promised, 'txid', 'buckets', ...added]);
    expect(Object.keys(report).filter((field) => !known.has(field))).toEqual([]);
    const db = Db.open(path, { freelist: 'array' });
    expect(report).toMatchObject({
      pageSize: PAGE,
      dbBytes: readFileSync(path).length,
      pages: db.meta.highWater,
      freePages: db.stats().freePages,
      pendingPages: 0,
      freeSpans: Object.fromEntries(db.freeSpans()),
      txid: db.meta.txid,
    });
    db.close();
    const spans = Object.entries(report.freeSpans);
    expect(spans.reduce((sum, [pages, count]) => sum + Number(pages) * count, 0)).toBe(
      report.freePages,
    );
  });

  it('counts each bucket', async () => {
    const path = knownFile();
    const { stdout } = await kvtune(['db', 'inspect', path, '--json']);
    const { buckets, pages, freePages } = JSON.parse(stdout) as InspectReport;
    const named = new Map(buckets.map((bucket) => [bucket.name, bucket]));
    expect([...named.keys()].sort()).toEqual(['', 'key', 'meta', 'meta/inner']);
    for (const bucket of buckets) {
      expect(Object.keys(bucket).sort()).toEqual([
        'branchPages',
        'bytes',
        'depth',
        'keys',
        'leafPages',
        'name',
        'overflowPages',
      ]);
    }
    expect(named.get('key')).toMatchObject({ keys: 4000, depth: 3, bytes: 4000 * 100 });
    expect(named.get('key')?.branchPages).toBe(branchPages(path).length);
    // Three entries and the bucket below; the long value alone takes four pages.
    expect(named.get('meta')).toMatchObject({ keys: 4, depth: 1, leafPages: 1, overflowPages: 3 });
    expect(named.get('meta/inner')).toMatchObject({ keys: 1, depth: 0, leafPages: 0, bytes: 3 });
    expect(named.get('')).toMatchObject({ keys: 2, leafPages: 1, branchPages: 0 });
    const used = buckets.reduce(
      (sum, { leafPages, branchPages: branches, overflowPages }) =>
        sum + leafPages + branches + overflowPages,
      0,
    );
    // Two metas; nothing is stored of the freelist.
    expect(used + freePages + 2).toBe(pages);
  });

  it('prints a table for people', async () => {
    const { code, stdout } = await kvtune(['db', 'inspect', knownFile()]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/txid 2/);
    expect(stdout).toMatch(/\nfree: \d+ pages/);
    expect(stdout).toContain('meta/inner');
  });

  it('ends with 6 on a damaged file and sends to check', async () => {
    const path = knownFile();
    const [branch = 0] = branchPages(path);
    const bytes = readFileSync(path);
    bytes.fill(0xff, branch * PAGE, branch * PAGE + 16);
    writeFileSync(path, bytes);
    const { code, stdout } = await kvtune(['db', 'inspect', path, '--json']);
    expect(code).toBe(6);
    const error = errorOf(stdout);
    expect(error.code).toBe('CORRUPT');
    expect(error.message).toContain(String(branch));
    expect(error.hint).toContain('kvtune db check');
    expect(nodeVfs.exists(path)).toBe(true);
  });
});
