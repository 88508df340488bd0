// Progress: how far a command is, on stderr. On a terminal one line, redrawn at most ten times a
// second and cut to its width; elsewhere a line every ten seconds and one for each milestone, so that
// a log of CI stays readable. Silent under --quiet and --no-progress. A slow timer keeps the time
// left moving between updates; it never keeps the process alive. Knows nothing of what is measured.

import type { Clock } from '../measure/clock.ts';
import type { TextSink } from './output.ts';

export interface ProgressState {
  /** Share of the work that is done, 0 to 1, in expected time. */
  readonly share: number;
  /** What is running now, e.g. '8 GB: hashmap, round 3 of 8'. */
  readonly doing: string;
  /** Where the caller knows better than the share so far tells. */
  readonly secondsLeft?: number;
}

export interface Progress {
  update(state: ProgressState): void;
  /** A line that stays: a part is finished. */
  milestone(text: string): void;
  /** Takes the redrawn line away, so that something else can be printed; the next draw restores it. */
  clear(): void;
  /** Ends drawing for good. May be called twice. */
  end(): void;
}

export interface ProgressOptions {
  readonly stderr: TextSink;
  readonly clock: Clock;
  /** 'redraw' on a terminal, 'lines' elsewhere, 'off' under --quiet and --no-progress. */
  readonly mode: 'redraw' | 'lines' | 'off';
  /** Calls `task` every `ms` until the returned function is called; tests hand in their own. */
  readonly every?: (ms: number, task: () => void) => () => void;
}

const REDRAW_NS = 100e6;
const LINE_NS = 10e9;
const TICK_MS = 1000;
/** Below these the past says too little about the time left. */
const ESTIMATE_SHARE_MIN = 0.02;
const ESTIMATE_NS_MIN = 2e9;
const CLEAR_LINE = '\r\u001b[K';

export function createProgress(options: ProgressOptions): Progress {
  if (options.mode === 'off') return SILENT;
  const { stderr, clock } = options;
  const redraws = options.mode === 'redraw';
  const startNs = clock.nowNs();
  let state: ProgressState | undefined;
  let drawnNs = redraws ? Number.NEGATIVE_INFINITY : startNs;
  let lineShown = false;
  let ended = false;

  function drawIfDue(): void {
    const nowNs = clock.nowNs();
    if (ended || state === undefined || nowNs - drawnNs < (redraws ? REDRAW_NS : LINE_NS)) return;
    drawnNs = nowNs;
    const text = progressText(state, nowNs - startNs);
    if (redraws) {
      stderr.write(`${CLEAR_LINE}${cut(text, (stderr.columns ?? 80) - 1)}`);
      lineShown = true;
    } else {
      stderr.write(`${text}\n`);
    }
  }

  function clear(): void {
    if (!lineShown) return;
    stderr.write(CLEAR_LINE);
    lineShown = false;
    // The line is gone, so the next draw is due at once.
    drawnNs = Number.NEGATIVE_INFINITY;
  }

  const stopTicking = (options.every ?? everyUnreferenced)(TICK_MS, drawIfDue);
  return {
    update: (next) => {
      state = next;
      drawIfDue();
    },
    milestone: (text) => {
      if (ended) return;
      clear();
      stderr.write(`${printable(text)}\n`);
      if (redraws) drawIfDue();
      else drawnNs = clock.nowNs();
    },
    clear,
    end: () => {
      clear();
      ended = true;
      stopTicking();
    },
  };
}

const SILENT: Progress = {
  update: () => undefined,
  milestone: () => undefined,
  clear: () => undefined,
  end: () => undefined,
};

function progressText(state: ProgressState, elapsedNs: number): string {
  const share = Math.min(1, Math.max(0, state.share));
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const known = state.secondsLeft ?? estimateSeconds(share, elapsedNs);
  const left = known === undefined ? '' : `, ${roughTime(known)} left`;
  return `${percent}  ${printable(state.doing)}${left}`;
}

function estimateSeconds(share: number, elapsedNs: number): number | undefined {
  if (share < ESTIMATE_SHARE_MIN || elapsedNs < ESTIMATE_NS_MIN) return undefined;
  return ((elapsedNs / 1e9) * (1 - share)) / share;
}

/** 8s, 1m 20s, 2h 05m: rounded as a person would say it. */
export function roughTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  const pad = (part: number): string => String(part).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${pad(Math.floor((whole % 3600) / 60))}m`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : text.slice(0, Math.max(0, width));
}

/** A name with a line break or an escape sequence must not break the line it stands in. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

function everyUnreferenced(ms: number, task: () => void): () => void {
  const timer = setInterval(task, ms);
  timer.unref();
  return () => clearInterval(timer);
}
