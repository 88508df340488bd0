// RecordError: why the files of a run, or the folder that databases should lie in, cannot be used. What a command
// line makes of each kind is its own business.

/**
 * 'missing': not there, or nothing can be written there; 'exists': something is in the way; 'elsewhere':
 * measured on another machine or disk; 'damaged': not what was written; 'old': written by version 1.
 */
export type RecordErrorKind = 'missing' | 'exists' | 'elsewhere' | 'damaged' | 'old';

export class RecordError extends Error {
  override readonly name = 'RecordError';
  readonly kind: RecordErrorKind;

  constructor(kind: RecordErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
