// Fresh: runs a compiled program of this checkout, never a stale one. A source that is newer than what was
// compiled of it, or was never compiled, is compiled first, and said so. Plain JavaScript, since it runs
// before anything is built: node scripts/fresh.mjs dist/scripts/bench.js [ARGUMENTS]
//
// The program runs in this process, so that its signals, streams and exit code are its own.

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, utimesSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const FOLDERS = ['engine', 'workloads', 'src', 'scripts'];
/** Copied with each build; dated 1970 where that build had faults. */
const MANIFEST = 'dist/package.json';
/** What every compiled file depends on. */
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json'];
/** As tsconfig.build.json leaves out: tests and what only they use. */
const UNCOMPILED = /\.test\.ts$|(^|\/)testing\//;

/** Milliseconds of the last change; undefined where there is no such file. */
function changedMs(path) {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs;
}

/** Why a build is needed; undefined where all is fresh. */
function staleness() {
  if (changedMs(MANIFEST) === 0) return 'the last build failed';
  const settingsMs = Math.max(...SETTINGS.map((path) => changedMs(path) ?? 0));
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      const source = `${folder}/${name}`;
      if (!source.endsWith('.ts') || UNCOMPILED.test(source)) continue;
      const compiledMs = changedMs(`dist/${source.replace(/\.ts$/, '.js')}`);
      const wantedMs = Math.max(changedMs(source) ?? 0, settingsMs);
      if (compiledMs === undefined || compiledMs < wantedMs) return newer(source);
    }
  }
  const isOld = (changedMs(MANIFEST) ?? 0) < (changedMs('package.json') ?? 0);
  return isOld ? newer('package.json') : undefined;
}

function newer(source) {
  return `${source} is newer than what was compiled of it`;
}

/** Compiles all; the compiler's exit code. */
function build() {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', join(ROOT, 'tsconfig.build.json')];
  // stdout belongs to the program: what the compiler says goes to stderr.
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 2, 2] }).status ?? 1;
}

const program = process.argv[2];
if (program === undefined) {
  process.stderr.write('usage: node scripts/fresh.mjs dist/scripts/bench.js [ARGUMENTS]\n');
  process.exit(2);
}
const stale = staleness();
if (stale !== undefined) {
  process.stderr.write(`building: ${stale}\n`);
  if (build() !== 0) {
    if (changedMs(MANIFEST) !== undefined) utimesSync(join(ROOT, MANIFEST), 0, 0);
    const name = relative(ROOT, join(ROOT, program));
    process.stderr.write(`${name} is not run: the sources do not compile\n`);
    process.exit(1);
  }
}
const path = join(ROOT, program);
process.argv.splice(1, 2, path);
await import(pathToFileURL(path).href);
