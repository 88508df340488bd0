// SessionFault: a session that ended because the process of an arm did not do its part. What was measured before
// stays; the session may be replaced. What a procedure itself reports (an EngineError, a missing peer) is no
// such fault: it would be reported again.

/** 'died': the process ended; 'hung': it did not answer in time; 'nonsense': its answer has no known shape. */
export type FaultReason = 'died' | 'hung' | 'nonsense';

export class SessionFault extends Error {
  override readonly name = 'SessionFault';
  readonly arm: string;
  readonly reason: FaultReason;

  /** `what`: how it showed, as part of a sentence about the arm's process. */
  constructor(arm: string, reason: FaultReason, what: string) {
    super(`the process of ${arm} ${what}`);
    this.arm = arm;
    this.reason = reason;
  }
}
