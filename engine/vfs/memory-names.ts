// Memory names: which names a MemoryVfs has, and which of them a power cut would leave. It owns paths
// and folders; what a file holds is the caller's `Content`.
//
// Invariants: `durable` plus all `changes`, in their order, is the present state. sync() of a folder
// moves that folder's changes to `durable`. A crash keeps any of the other changes, each for itself:
// more than most file systems would do, and no less than POSIX allows.

import { dirname } from 'node:path';

interface NameState<Content> {
  readonly files: Map<string, Content>;
  readonly folders: Set<string>;
}

interface NameChange<Content> {
  /** The folder whose sync makes the change durable. */
  readonly folder: string;
  readonly apply: (state: NameState<Content>) => void;
}

export class MemoryNames<Content> {
  readonly #present: NameState<Content>;
  readonly #durable: NameState<Content>;
  #changes: NameChange<Content>[] = [];

  /** `durable`: what is there already; the root and the working folder always are. */
  constructor(durable: NameState<Content> = { files: new Map(), folders: new Set(['/', '.']) }) {
    this.#durable = durable;
    this.#present = { files: new Map(durable.files), folders: new Set(durable.folders) };
  }

  get(path: string): Content | undefined {
    return this.#present.files.get(path);
  }

  /** A folder is there when it was made, or when a file was opened in it: that asks for none. */
  hasFolder(folder: string): boolean {
    if (this.#present.folders.has(folder)) return true;
    return [...this.#present.files.keys()].some((path) => path.startsWith(`${folder}/`));
  }

  /** Sorted names directly in `folder`; undefined where there is no such folder. */
  list(folder: string): string[] | undefined {
    if (!this.hasFolder(folder)) return undefined;
    const { files, folders } = this.#present;
    const prefix = folder === '/' ? '/' : `${folder}/`;
    const paths = [...files.keys(), ...folders].filter(
      (path) => dirname(path) === folder && path.startsWith(prefix),
    );
    return paths.map((path) => path.slice(prefix.length)).sort();
  }

  add(path: string, content: Content): void {
    this.#change(dirname(path), ({ files }) => files.set(path, content));
  }

  remove(path: string): void {
    if (!this.#present.files.has(path)) return;
    this.#change(dirname(path), ({ files }) => files.delete(path));
  }

  /** `from` must be there. */
  rename(from: string, to: string): void {
    const content = this.#present.files.get(from)!;
    this.#change(dirname(from), ({ files }) => {
      files.delete(from);
      files.set(to, content);
    });
  }

  makeFolder(folder: string): void {
    if (this.#present.folders.has(folder)) return;
    this.#change(dirname(folder), ({ folders }) => folders.add(folder));
  }

  sync(folder: string): void {
    const pending = this.#changes;
    this.#changes = pending.filter((change) => change.folder !== folder);
    for (const change of pending) if (change.folder === folder) change.apply(this.#durable);
  }

  /** Names after a crash: `survives` is asked once a change, `copy` makes each file's image. */
  crashImage(survives: () => boolean, copy: (content: Content) => Content): MemoryNames<Content> {
    const state = { files: new Map(this.#durable.files), folders: new Set(this.#durable.folders) };
    for (const change of this.#changes) if (survives()) change.apply(state);
    const lost = [...this.#present.folders].filter((folder) => !state.folders.has(folder));
    const files = new Map<string, Content>();
    for (const [path, content] of state.files) {
      if (lost.some((folder) => path.startsWith(`${folder}/`))) continue;
      files.set(path, copy(content));
    }
    return new MemoryNames({ files, folders: state.folders });
  }

  #change(folder: string, apply: (state: NameState<Content>) => void): void {
    apply(this.#present);
    this.#changes.push({ folder, apply });
  }
}
