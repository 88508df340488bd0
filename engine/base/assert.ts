// Assertions: assert() states what always holds. A failure is a bug of the engine, is caught by nobody
// and ends the process; faults of disk, file or caller are EngineErrors instead (errors.ts).

class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** True under ENGINE_VERIFY=1 (always in CI): Db checks its free pages after each transaction. */
export const verifying: boolean = process.env['ENGINE_VERIFY'] === '1';
