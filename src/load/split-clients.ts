// splitClients(): which generating thread has how many of the clients, slow ones apart from the others, since a
// range keeps its thread busy. Pure; whether the workload takes so many is load-plan.ts's to check.

import type { ParameterizedWorkload } from '../../workloads/index.ts';

type Shares = Pick<ParameterizedWorkload, 'rateShare'>;

/** Clients of each thread. Clients that all others outpace have the first thread, where there are two. */
export function splitClients(settled: Shares, clients: number, threads: number): number[] {
  const slow = threads > 1 ? slowClients(settled, clients) : 0;
  if (slow > 0) return [slow, ...evenly(clients - slow, threads - 1)];
  return evenly(clients, threads);
}

/** How many clients, from the first on, are slower than all behind them; 0: clients are alike. */
export function slowClients({ rateShare }: Shares, clients: number): number {
  const first = rateShare(0, clients);
  let slow = 1;
  while (slow < clients && rateShare(slow, clients) === first) slow++;
  for (let client = slow; client < clients; client++) {
    if (rateShare(client, clients) <= first) return 0;
  }
  return slow === clients ? 0 : slow;
}

function evenly(clients: number, threads: number): number[] {
  const most = Math.min(clients, threads);
  return Array.from({ length: most }, (_, i) => Math.floor((clients + most - 1 - i) / most));
}
