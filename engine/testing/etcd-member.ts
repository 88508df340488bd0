// EtcdMember, for tests: a real etcd of one member on loopback, with its JSON gateway and etcdctl. Owns
// starting, stopping by process id, and requests; what the answers must be is up to the tests. Test
// support; not part of the engine.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS_MAX = 20_000;
const STOP_MS_MAX = 10_000;
const REQUEST_MS_MAX = 10_000;

/** What the gateway answers: int64 as strings, bytes in base64, zeros left out. */
export type Json = Readonly<Record<string, unknown>>;

export interface EtcdPrograms {
  readonly etcd: string;
  readonly etcdctl: string;
}

export class EtcdMember {
  readonly #child: ChildProcess;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #etcdctl: string;

  /** Starts a member on the data in `folder`, or a new one, and waits until it answers. */
  static async start(
    { etcd, etcdctl }: EtcdPrograms,
    folder: string,
    ...options: readonly string[]
  ): Promise<EtcdMember> {
    const [client, peer] = await Promise.all([freePort(), freePort()]);
    const url = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    const child = spawn(
      etcd,
      [
        ...['--data-dir', folder, '--name', MEMBER_NAME, '--log-level', 'error'],
        ...['--listen-client-urls', url, '--advertise-client-urls', url],
        ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
        ...['--initial-cluster', `${MEMBER_NAME}=${peerUrl}`, ...options],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const member = new EtcdMember(child, url, etcdctl);
    try {
      await member.#untilHealthy();
    } catch (error) {
      await member.stop();
      throw error;
    }
    return member;
  }

  /** Makes the data folder of a new member from a snapshot; returns what etcdctl prints. */
  static restore({ etcdctl }: EtcdPrograms, snapshot: string, folder: string): string {
    const peerUrl = 'http://127.0.0.1:2380';
    return runEtcdctl(
      etcdctl,
      ...['snapshot', 'restore', snapshot, '--data-dir', folder, '--name', MEMBER_NAME],
      ...['--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `${MEMBER_NAME}=${peerUrl}`],
    );
  }

  /** Where a member keeps its database. */
  static dbOf(folder: string): string {
    return join(folder, 'member', 'snap', 'db');
  }

  private constructor(child: ChildProcess, url: string, etcdctl: string) {
    this.#child = child;
    this.#url = url;
    this.#etcdctl = etcdctl;
  }

  /** Posts to the gateway, as `kv/put`. Resolves to the answer, an error of etcd's included. */
  post(path: string, body: Json): Promise<Json> {
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: this.#agent, timeout: REQUEST_MS_MAX };
      const outgoing = request(`${this.#url}/v3/${path}`, options, (incoming) => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          try {
            resolve(JSON.parse(text) as Json);
          } catch {
            reject(new Error(`${path} was answered ${incoming.statusCode}: ${text}`));
          }
        });
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${path} was not answered`)));
      outgoing.on('error', reject);
      outgoing.end(JSON.stringify(body));
    });
  }

  /** As post(), but an error of etcd's is thrown. */
  async ask(path: string, body: Json): Promise<Json> {
    const answer = await this.post(path, body);
    if (typeof answer['error'] === 'string') throw new Error(`${path}: ${answer['error']}`);
    return answer;
  }

  /** HashKV up to a revision. The gateway of etcd 3.4 cannot be asked: it answers with another hash. */
  hashKv(revision: number): number {
    const printed = this.ctl('endpoint', 'hashkv', '--rev', `${revision}`, '-w', 'json');
    const [answer] = JSON.parse(printed) as readonly { HashKV: { hash: number } }[];
    if (answer === undefined) throw new Error(`etcdctl gives no hash: ${printed}`);
    return answer.HashKV.hash;
  }

  /** Runs etcdctl against this member; throws with what it prints unless it ends with 0. */
  ctl(...args: readonly string[]): string {
    return runEtcdctl(this.#etcdctl, '--endpoints', this.#url, ...args);
  }

  /** Ends the process, as a signal to stop does; kills it if it does not go. */
  async stop(): Promise<void> {
    this.#agent.destroy();
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(killer);
  }

  async #untilHealthy(): Promise<void> {
    let complaint = '';
    this.#child.stderr?.on('data', (part: Buffer) => {
      complaint = `${complaint}${part.toString('utf8')}`.slice(-2000);
    });
    for (let waited = 0; ; waited += 50) {
      try {
        // Linearizable: answered only when there is a leader.
        await this.ask('kv/range', { key: 'AA==', keys_only: true });
        return;
      } catch {
        const gone = this.#child.exitCode !== null || this.#child.signalCode !== null;
        if (gone || waited > START_MS_MAX) throw new Error(`etcd is not healthy: ${complaint}`);
        await sleep(50);
      }
    }
  }
}

const MEMBER_NAME = 'one';

/** Runs etcdctl; throws with what it prints unless it ends with 0. */
export function runEtcdctl(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ETCDCTL_API: '3' },
    timeout: REQUEST_MS_MAX,
  });
  if (status !== 0) throw new Error(`etcdctl ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

/** A port of loopback that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
