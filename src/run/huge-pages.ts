// Huge pages: a page cache of a GiB in pages of 4 KiB misses the processor's address cache on nearly every
// page it looks at. Kernels give huge pages to who asks (transparent_hugepage madvise, the usual setting), and
// map a file's memory in larger pieces by themselves, so bbolt has them without asking. Node asks for none;
// glibc does for it, if a variable says so before the process starts. Elsewhere the variable means nothing.

const TUNABLES = 'GLIBC_TUNABLES';
const TUNABLE = 'glibc.malloc.hugetlb';
/** MADV_HUGEPAGE for what malloc maps (glibc 2.35 and later). */
const ADVISE = 1;

/** What a process that holds an engine is started with: `environment`, and huge pages unless that decides. */
export function engineEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const tunables = environment[TUNABLES] ?? '';
  if (tunables.includes(TUNABLE)) return environment;
  const added = `${TUNABLE}=${ADVISE}`;
  return { ...environment, [TUNABLES]: tunables === '' ? added : `${tunables}:${added}` };
}
