// Checks of the error boundary: which fault ends with which code, and that a report is one line.

import { describe, expect, it } from 'vitest';
import { LevelError } from '../question/units.ts';
import { RecordError } from '../record/folder.ts';
import { NothingFits } from '../run/nothing-fits.ts';
import { SessionFault } from '../run/session-fault.ts';
import { CliError, errorJson, errorLine, toCliError, usageError } from './errors.ts';

function engineError(code: string, message = 'page 7 is broken'): Error {
  return Object.assign(new Error(message), { name: 'EngineError', code });
}

describe('toCliError', () => {
  it.each([
    ['CORRUPT', 6],
    ['NOT_A_DATABASE', 6],
    ['VERSION_MISMATCH', 6],
    ['LOCKED', 6],
    ['IO', 6],
    ['NO_SPACE', 6],
    ['POISONED', 6],
    ['INVALID_ARGUMENT', 2],
  ])('maps %s of the engine to exit code %i', (code, exitCode) => {
    const error = toCliError(engineError(code));
    expect(error.exitCode).toBe(exitCode);
    expect(error.code).toBe(code);
    expect(error.message).toBe('page 7 is broken');
    expect(error.hint).not.toBe('');
  });

  it.each([
    ['a code that no table names', engineError('TX_CLOSED')],
    ['a code inherited from Object', engineError('constructor')],
    ['another error with the same code', Object.assign(new Error('x'), { code: 'LOCKED' })],
    ['a plain error', new Error('x')],
    ['a thrown text', 'x'],
    ['nothing', undefined],
  ])('takes %s for an internal error', (_what, thrown) => {
    const error = toCliError(thrown);
    expect(error.exitCode).toBe(1);
    expect(error.code).toBe('INTERNAL');
    expect(error.hint).toContain('KVTUNE_DEBUG=1');
    expect(error.cause).toBe(thrown);
  });

  it.each([
    ['NO_SPACE', Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'write' })],
    [
      'NO_SPACE',
      new RecordError('missing', 'r cannot be written', {
        cause: Object.assign(new Error('full'), { code: 'ENOSPC' }),
      }),
    ],
    ['IO', Object.assign(new Error('gone'), { code: 'ENOENT', syscall: 'open' })],
    [
      'IO',
      new Error('not recorded', {
        cause: Object.assign(new Error('broken'), { code: 'EIO', syscall: 'write' }),
      }),
    ],
  ])('%s: what the system refuses is a fault of the target', (code, thrown) => {
    const error = toCliError(thrown);
    expect({ code: error.code, exitCode: error.exitCode }).toEqual({ code, exitCode: 6 });
    expect(error.hint).not.toBe('');
  });

  it('takes an abort for an interruption', () => {
    expect(toCliError(new DOMException('stop', 'AbortError')).exitCode).toBe(130);
  });

  it.each([
    [new RecordError('missing', 'r is not there'), 2, 'RECORD'],
    [new RecordError('old', 'r has schemaVersion 1'), 2, 'RECORD'],
    [new RecordError('damaged', 'line 3 is no JSON'), 6, 'RECORD'],
    [new NothingFits('time', 'a budget of 1 s is too short'), 8, 'BUDGET'],
    [new NothingFits('room', 'needs 3 GB of disk'), 2, 'NO_ROOM'],
    [new SessionFault('a', 'hung', 'did not answer'), 8, 'TIMEOUT'],
    [new SessionFault('a', 'died', 'ended with code 1'), 6, 'SESSION'],
    [new LevelError('clients 0 is no whole number', 'give another'), 2, 'USAGE'],
  ])('%s ends with %i', (thrown, exitCode, code) => {
    const error = toCliError(thrown);
    expect({ exitCode: error.exitCode, code: error.code }).toEqual({ exitCode, code });
    expect(error.message).toBe(thrown.message);
  });

  it('hands on a CliError unchanged', () => {
    const error = usageError('a', 'b');
    expect(toCliError(error)).toBe(error);
  });
});

describe('reports', () => {
  it('are one line, whatever the message held', () => {
    const error = usageError('first\n   second\r\n', 'third\nfourth');
    expect(errorLine(error)).toBe('kvtune: first second; third fourth');
  });

  it('leave out an empty hint', () => {
    const error = new CliError({ exitCode: 4, code: 'X', message: 'what', hint: '' });
    expect(errorLine(error)).toBe('kvtune: what');
    expect(errorJson(error)).toEqual({ error: { code: 'X', message: 'what', hint: '' } });
  });
});
