// Output: the one owner of stdout and stderr text of a command. Results go to stdout, everything
// about getting there to stderr. Under --json stdout holds exactly one JSON document: a result or an
// error. Progress is drawn by progress.ts; its line is cleared before anything else is printed.

import { errorJson, errorLine, type CliError } from './errors.ts';

/** The part of a Node stream that printing needs; tests hand in an array's push. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface OutputOptions {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  /** Of stdout; undefined where it is no terminal. */
  readonly columns: number | undefined;
  /** Called before each print; clears a progress line that shares the terminal. */
  readonly beforePrint: () => void;
}

export interface Output {
  readonly json: boolean;
  /** Whether stdout is a terminal that wants colours (NO_COLOR is honoured). */
  readonly color: boolean;
  /** Width of a line on stdout. */
  readonly columns: number;
  /** The command's result, once: `value` under --json, else what `render` makes of it. */
  result<Value>(value: Value, render: (value: Value) => string): void;
  /** A part of the result that is ready before the rest; dropped under --json. */
  partial(text: string): void;
  /** A remark for the person in front, on stderr; dropped under --quiet. */
  note(text: string): void;
  /** The error that ends the command: one line on stderr, or a JSON document on stdout. */
  error(error: CliError): void;
}

/** Where nobody knows how wide it will be shown. */
const COLUMNS_DEFAULT = 100;

export function createOutput(options: OutputOptions): Output {
  const { stdout, stderr, json, quiet } = options;
  let documentPrinted = false;

  function print(sink: TextSink, text: string): void {
    options.beforePrint();
    sink.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  function printDocument(value: unknown): void {
    if (documentPrinted) throw new Error('a second JSON document for one command');
    documentPrinted = true;
    print(stdout, JSON.stringify(value, null, 2));
  }

  return {
    json,
    color: options.color,
    columns: options.columns ?? COLUMNS_DEFAULT,
    result: (value, render) => {
      if (json) printDocument(value);
      else print(stdout, render(value));
    },
    partial: (text) => {
      if (!json) print(stdout, text);
    },
    note: (text) => {
      if (!quiet) print(stderr, text);
    },
    error: (error) => {
      // After a result the document is complete; the reason for the exit code still has to be said.
      if (json && !documentPrinted) printDocument(errorJson(error));
      else print(stderr, errorLine(error));
    },
  };
}
