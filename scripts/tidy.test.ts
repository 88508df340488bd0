// Each rule of tidy finds what it is for, and leaves alone what only looks like it.

import { describe, expect, it } from 'vitest';
import {
  checkCharacters,
  checkHeader,
  checkLength,
  checkLinks,
  checkLockfile,
  checkMachinePaths,
  checkMarks,
  checkScripts,
  checkSize,
  checkText,
  FILE_BYTES_MAX,
  LINES_MAX,
  scriptNames,
  type Finding,
} from './tidy.ts';

// Apart from their surroundings, so that this file passes the rules it tests.
const ROOT = 'root';
const HOST = 'example.org';
const MARK = 'TO' + 'DO';
const HEADER = '// Owns one thing,\n// and leaves others alone.\n\n';
const source = (text: string, path = 'src/a.ts'): { path: string; text: string } => ({
  path,
  text,
});
const messages = (findings: readonly Finding[]): string[] =>
  findings.map(({ line, message }) => `${line}: ${message}`);

it('finds nothing in a tidy file', () => {
  expect(checkText(source(`${HEADER}export const a = 1;\n`), new Set(), new Set())).toEqual([]);
});

it('runs every rule', () => {
  const text = `a\t\u00e9 ${MARK} '/${ROOT}/x' `;
  expect(checkText(source(text), new Set(), new Set()).length).toBeGreaterThanOrEqual(4);
});

describe('header', () => {
  it.each([
    ['no comment', 'export const a = 1;\n'],
    ['one line', '// Owns a thing.\n\nexport const a = 1;\n'],
    ['a comment too late', '\n// Owns a thing,\n// and so on.\n'],
    ['nothing', ''],
  ])('is missed: %s', (_what, text) => {
    expect(messages(checkHeader(source(text)))[0]).toContain('comment line(s), 2 wanted');
  });

  it('may follow the interpreter line or the package clause', () => {
    expect(checkHeader(source(`#!/usr/bin/env node\n${HEADER}`))).toEqual([]);
    expect(checkHeader(source('#!/bin/bash\n# Runs all,\n# shortly.\n', '.ci/run'))).toEqual([]);
    expect(checkHeader(source(`package main\n\n${HEADER}`, 'a.go'))).toEqual([]);
    expect(checkHeader(source('package main\n\nimport "os"\n', 'a.go'))).toHaveLength(1);
  });

  it('is not asked of tests and data', () => {
    expect(checkHeader(source('test();\n', 'src/a.test.ts'))).toEqual([]);
    expect(checkHeader(source('package main\n', 'a_test.go'))).toEqual([]);
    expect(checkHeader(source('{}', 'a.json'))).toEqual([]);
  });
});

it('counts lines', () => {
  expect(checkLength(source('a\n'.repeat(LINES_MAX)))).toEqual([]);
  expect(messages(checkLength(source('a\n'.repeat(LINES_MAX + 1))))[0]).toContain('has 501 lines');
  expect(checkLength(source('a\n'.repeat(LINES_MAX + 1), 'LICENSE'))).toEqual([]);
});

it('finds characters that do not belong', () => {
  expect(messages(checkCharacters(source('a\nb\u00e9\n')))).toEqual([
    '2: holds a character outside ASCII',
  ]);
  expect(messages(checkCharacters(source('\ta')))).toEqual(['1: holds a tab']);
  expect(messages(checkCharacters(source('a \nb\r\n', 'a.md')))).toEqual([
    '1: ends with a blank',
    '2: ends with a blank',
  ]);
  expect(checkCharacters(source('\u00e9', 'README.md'))).toEqual([]);
  expect(checkCharacters(source('\ta', 'a.go'))).toEqual([]);
});

it.each([MARK, 'FIX' + 'ME', 'X' + 'XX'])('finds the mark %s', (mark) => {
  expect(checkMarks(source(`a\n// ${mark}: later\n`))).toHaveLength(1);
  expect(checkMarks(source(`const a${mark}b = 1;`))).toEqual([]);
});

it('finds paths of one machine', () => {
  for (const path of ['root/x', 'work/main', 'home/ann/x', 'Users/ann/x']) {
    expect(checkMachinePaths(source(`cd '/${path}'`))).toHaveLength(1);
    expect(checkMachinePaths(source(`see docs/${path}`))).toEqual([]);
  }
  expect(checkMachinePaths(source('df /home'))).toEqual([]);
});

it('finds addresses in a lockfile', () => {
  const lock = (text: string): number => checkLockfile(source(text, 'package-lock.json')).length;
  expect(lock('"resolved": "a.tgz"')).toBe(1);
  expect(lock(`"x": "https://registry.${HOST}/a"`)).toBe(1);
  expect(lock(`"x": "http://npm.${HOST}/a"`)).toBe(1);
  expect(lock('"url": "https://github.com/sponsors/someone"')).toBe(0);
  expect(lock('"integrity": "sha512-abc=="')).toBe(0);
});

it('follows local links', () => {
  const paths = new Set(['README.md', 'docs/a b.md', 'engine/FORMAT.md']);
  const links = (text: string, path = 'README.md'): number =>
    checkLinks(source(text, path), paths).length;
  expect(links('[a](docs/missing.md)')).toBe(1);
  expect(links('[ok](engine/FORMAT.md) and [a](missing.md "title")')).toBe(1);
  expect(links('[a](engine/FORMAT.md#pages) [b](docs/) [c](docs/a%20b.md) [d](./)')).toBe(0);
  expect(links('[a](../README.md)', 'docs/x.md')).toBe(0);
  expect(links('[a](README.md)', 'docs/x.md')).toBe(1);
  expect(links('[a](https://example.org) [b](#here) [c](mailto:a@example.org)')).toBe(0);
  expect(links('`[a](missing.md)`\n```\n[a](missing.md)\n```')).toBe(0);
});

it('knows the npm scripts', () => {
  const scripts = scriptNames('{"scripts":{"test":"x","check:tidy":"y"}}');
  const named = (text: string): number => checkScripts(source(text, 'README.md'), scripts).length;
  expect(named('`npm run check:tidy && npm test`')).toBe(0);
  expect(named('npm run reproduce -- --quick')).toBe(1);
  expect(named('npm start')).toBe(1);
  expect(scriptNames('{}').size).toBe(0);
});

it('limits the size of a file', () => {
  expect(checkSize('a', FILE_BYTES_MAX)).toEqual([]);
  expect(checkSize('a', FILE_BYTES_MAX + 1)).toHaveLength(1);
});
