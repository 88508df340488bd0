// Tidy: the rules that no linter has. Reads every file that git tracks or would track, checks it with
// pure functions, prints one line a finding and ends with 1 where there are any. Rules: header
// comments, length, ASCII, whitespace, no unfinished-work marks, no paths of one machine, a lockfile
// without addresses, Markdown links and `npm run` names that exist, no large files.
// Formatting and code are the business of Prettier and ESLint, layers of dependency-cruiser.

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface TextFile {
  /** From the root of the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Finding {
  readonly path: string;
  /** Counted from 1; 0 where the whole file is meant. */
  readonly line: number;
  readonly message: string;
}

export const LINES_MAX = 500;
export const FILE_BYTES_MAX = 1024 * 1024;

/** Comment sign of each kind of source; other files are data or prose. */
const COMMENT_SIGNS: readonly (readonly [ending: RegExp, sign: string])[] = [
  [/\.(ts|js|cjs|mjs|go)$/, '//'],
  [/\.(sh|ya?ml)$/, '#'],
  [/^\.ci\/[\w-]+$/, '#'],
];

// Put together from parts, so that this file passes its own rules.
const UNFINISHED = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);
const MACHINE_PATH = /(?<![\w.~)}-])\/(root|work|Users|home\/[\w.-]+)\//;
const LOCK_ADDRESS =
  /"resolved"|\bregistry\.[a-z]|https?:\/\/[^"/]*(npm|yarn|artifact|nexus)[^"/]*\//;

/**
 * Two lines at least say what a source owns; a script of the shell says it in one. A unit test needs
 * none: its subject stands beside it. Go puts the comment before or after the package clause.
 */
export function checkHeader(file: TextFile): Finding[] {
  const sign = commentSign(file.path);
  if (sign === undefined || /\.test\.ts$|_test\.go$/.test(file.path)) return [];
  const lines = file.text.split('\n');
  if (lines[0]?.startsWith('#!') === true) lines.shift();
  if (file.path.endsWith('.go') && /^package \w+$/.test(lines[0] ?? '')) lines.splice(0, 2);
  const end = lines.findIndex((line) => !line.startsWith(sign));
  const length = end === -1 ? lines.length : end;
  const wanted = /\.(sh|ya?ml)$/.test(file.path) ? 1 : 2;
  if (length >= wanted) return [];
  const what = `opens with ${length} comment line(s), ${wanted} wanted`;
  return [at(file, 1, `${what}: say what the file owns and what it leaves to others`)];
}

export function checkLength(file: TextFile): Finding[] {
  if (commentSign(file.path) === undefined) return [];
  const count = file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
  if (count <= LINES_MAX) return [];
  return [at(file, 0, `has ${count} lines, ${LINES_MAX} are the limit: split it by noun`)];
}

export function checkCharacters(file: TextFile): Finding[] {
  const sign = commentSign(file.path);
  const tabsAllowed = file.path.endsWith('.go') || /(^|\/)go\.(mod|sum)$/.test(file.path);
  return eachLine(file, (line) => {
    if (sign !== undefined && /[^\x20-\x7e\t]/.test(line)) return 'holds a character outside ASCII';
    if (!tabsAllowed && line.includes('\t')) return 'holds a tab';
    if (/\s$/.test(line)) return 'ends with a blank';
    return undefined;
  });
}

export function checkMarks(file: TextFile): Finding[] {
  if (commentSign(file.path) === undefined) return [];
  return eachLine(file, (line) =>
    UNFINISHED.test(line) ? 'marks unfinished work: finish it or take it out' : undefined,
  );
}

export function checkMachinePaths(file: TextFile): Finding[] {
  return eachLine(file, (line) => {
    const found = MACHINE_PATH.exec(line)?.[0];
    return found === undefined ? undefined : `names the path ${found} of one machine`;
  });
}

/** A lockfile names packages and checksums, never where they came from. */
export function checkLockfile(file: TextFile): Finding[] {
  if (posix.basename(file.path) !== 'package-lock.json') return [];
  return eachLine(file, (line) =>
    LOCK_ADDRESS.test(line)
      ? 'holds an address: reinstall with omit-lockfile-registry-resolved (.npmrc)'
      : undefined,
  );
}

/** Every local link of a Markdown file leads to a tracked file or to a folder that holds one. */
export function checkLinks(file: TextFile, paths: ReadonlySet<string>): Finding[] {
  if (!file.path.endsWith('.md')) return [];
  let fenced = false;
  return eachLine(file, (line) => {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    if (fenced) return undefined;
    const prose = line.replace(/`[^`]*`/g, '');
    for (const [, target = ''] of prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)) {
      if (/^([a-z][a-z0-9+.-]*:|#)/i.test(target)) continue;
      const local = decodeURIComponent(target.replace(/[#?].*$/, ''));
      const path = posix.normalize(posix.join(posix.dirname(file.path), local)).replace(/\/$/, '');
      if (path !== '.' && !paths.has(path) && !holdsFile(path, paths)) {
        return `links to ${target}, which is not there`;
      }
    }
    return undefined;
  });
}

/** Every `npm run x` and `npm test` of a Markdown file is a script of package.json. */
export function checkScripts(file: TextFile, scripts: ReadonlySet<string>): Finding[] {
  if (!file.path.endsWith('.md')) return [];
  return eachLine(file, (line) => {
    for (const [, named, short] of line.matchAll(/\bnpm (?:run ([a-z][\w:-]*)|(test|start)\b)/g)) {
      const script = named ?? short ?? '';
      if (!scripts.has(script)) return `names the npm script ${script}, which is not there`;
    }
    return undefined;
  });
}

export function checkSize(path: string, bytes: number): Finding[] {
  if (bytes <= FILE_BYTES_MAX) return [];
  return [{ path, line: 0, message: `has ${bytes} bytes, ${FILE_BYTES_MAX} are the limit` }];
}

/** All rules for one text; `paths` are all tracked files, `scripts` the names in package.json. */
export function checkText(
  file: TextFile,
  paths: ReadonlySet<string>,
  scripts: ReadonlySet<string>,
): Finding[] {
  return [
    ...checkHeader(file),
    ...checkLength(file),
    ...checkCharacters(file),
    ...checkMarks(file),
    ...checkMachinePaths(file),
    ...checkLockfile(file),
    ...checkLinks(file, paths),
    ...checkScripts(file, scripts),
  ];
}

function commentSign(path: string): string | undefined {
  return COMMENT_SIGNS.find(([ending]) => ending.test(path))?.[1];
}

function eachLine(file: TextFile, check: (line: string) => string | undefined): Finding[] {
  return file.text.split('\n').flatMap((line, index) => {
    const message = check(line);
    return message === undefined ? [] : [at(file, index + 1, message)];
  });
}

function at(file: TextFile, line: number, message: string): Finding {
  return { path: file.path, line, message };
}

function holdsFile(folder: string, paths: ReadonlySet<string>): boolean {
  for (const path of paths) if (path.startsWith(`${folder}/`)) return true;
  return false;
}

/** Names of the scripts in a package.json. */
export function scriptNames(manifest: string): ReadonlySet<string> {
  const parsed: unknown = JSON.parse(manifest);
  const scripts = isObject(parsed) ? parsed['scripts'] : undefined;
  return new Set(isObject(scripts) ? Object.keys(scripts) : []);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Files that are tracked, or would be with the next commit; deleted ones are left out. */
function repositoryFiles(): readonly string[] {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const names = execFileSync('git', list, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const present = (path: string): boolean =>
    statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return [...new Set(names.split('\0'))].filter((path) => path !== '' && present(path));
}

function main(): number {
  const paths = repositoryFiles();
  const known = new Set(paths);
  const scripts = scriptNames(readFileSync('package.json', 'utf8'));
  const findings = paths.flatMap((path) => {
    const content = readFileSync(path);
    const size = checkSize(path, content.length);
    // A zero byte tells pictures, archives and databases from text.
    if (content.includes(0)) return size;
    return [...size, ...checkText({ path, text: content.toString('utf8') }, known, scripts)];
  });
  for (const { path, line, message } of findings) {
    console.error(`${path}${line === 0 ? '' : `:${line}`}: ${message}`);
  }
  console.log(`tidy: ${paths.length} files, ${findings.length} findings`);
  return findings.length === 0 ? 0 : 1;
}

const startedAs = process.argv[1];
if (startedAs !== undefined && import.meta.url === pathToFileURL(startedAs).href) {
  process.exitCode = main();
}
