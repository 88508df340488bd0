// EngineError: every operating fault of the engine, with a closed code. Bugs are not EngineErrors:
// they end in assert(), which nobody catches. Absent is a value, never an error.

export const ENGINE_ERROR_CODES = [
  'BUCKET_EXISTS',
  'BUCKET_NOT_FOUND',
  'CORRUPT',
  'INCOMPATIBLE_VALUE',
  'INVALID_ARGUMENT',
  'IO',
  'LOCKED',
  'NOT_A_DATABASE',
  'NO_SPACE',
  'POISONED',
  'READERS_FULL',
  'TX_CLOSED',
  'VERSION_MISMATCH',
] as const;

export type EngineErrorCode = (typeof ENGINE_ERROR_CODES)[number];

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
