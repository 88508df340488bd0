// Layers: which folder may import which (ARCHITECTURE.md has the drawing). Inside the engine every
// folder names what it may see; a folder without an entry here may be imported by nobody and sees
// base only, so a new one has to be placed. Types count as imports: a layer is what a reader must
// know, not what remains at run time. Tests may reach across, since they compare layers.

const TEST = '(\\.(test|bench|contract)\\.ts$|/testing/)';

/** Engine folders, bottom up, each with what it may import besides itself. */
const ENGINE = {
  base: [],
  shared: ['base'],
  vfs: ['base'],
  freelist: ['base'],
  lease: ['base'],
  rpc: ['base'],
  wal: ['base', 'vfs'],
  page: ['base', 'shared', 'vfs'],
  btree: ['base', 'page', 'freelist'],
  db: ['base', 'shared', 'vfs', 'freelist', 'page', 'btree'],
  mvcc: ['base', 'shared', 'vfs', 'btree', 'db'],
  store: ['base', 'shared', 'vfs', 'freelist', 'db', 'wal', 'mvcc', 'lease'],
  server: [
    'base',
    'shared',
    'vfs',
    'freelist',
    'page',
    'btree',
    'db',
    'wal',
    'mvcc',
    'lease',
    'store',
    'rpc',
  ],
};

/**
 * Folders of the suite, bottom up, each with what it may import besides itself; `engine` and `workloads` are
 * their index.ts. A folder without an entry has to be placed here first. The command line sees all.
 */
const SUITE = {
  record: ['measure'],
  measure: [],
  stats: ['record'],
  hardware: ['record', 'measure', 'stats'],
  question: ['record', 'engine', 'workloads'],
  targets: ['record', 'measure', 'question', 'engine', 'workloads'],
  load: ['record', 'measure', 'hardware', 'question', 'targets', 'engine', 'workloads'],
  procedures: [
    'record',
    'measure',
    'stats',
    'hardware',
    'question',
    'targets',
    'load',
    'engine',
    'workloads',
  ],
  judge: ['record', 'stats', 'question'],
  questions: ['record', 'stats', 'question', 'targets', 'judge', 'engine', 'workloads'],
  run: [
    'record',
    'measure',
    'stats',
    'hardware',
    'question',
    'procedures',
    'judge',
    'questions',
    'engine',
  ],
  report: ['record'],
};

const engineRules = Object.entries(ENGINE).map(([folder, allowed]) => ({
  name: `engine-${folder}`,
  comment: `engine/${folder} may import ${allowed.join(', ') || 'nothing'} of the engine.`,
  severity: 'error',
  from: { path: `^engine/${folder}/`, pathNot: TEST },
  to: { path: '^engine/', pathNot: `^engine/(${[folder, ...allowed].join('|')})/` },
}));

function allowedPaths(folder, allowed) {
  const doors = ['engine', 'workloads'].filter((door) => allowed.includes(door));
  const folders = allowed.filter((one) => !doors.includes(one));
  return [`^src/(${[folder, ...folders].join('|')})/`, ...doors.map((door) => `^${door}/`)];
}

const suiteRules = Object.entries(SUITE).map(([folder, allowed]) => ({
  name: `src-${folder}`,
  comment: `src/${folder} may import ${allowed.join(', ') || 'no other folder'} of the suite.`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: TEST },
  to: {
    path: '^(src/[^/]+|engine|workloads)/',
    pathNot: allowedPaths(folder, allowed),
  },
}));

module.exports = {
  forbidden: [
    ...engineRules,
    ...suiteRules,
    {
      name: 'engine-folder-unplaced',
      comment: 'A new engine folder has to be given its place in ENGINE above.',
      severity: 'error',
      from: {
        path: '^engine/[^/]+/',
        pathNot: [TEST, `^engine/(${Object.keys(ENGINE).join('|')})/`],
      },
      to: {},
    },
    {
      name: 'suite-folder-unplaced',
      comment: 'A new folder of the suite has to be given its place in SUITE above.',
      severity: 'error',
      from: {
        path: '^src/[^/]+/',
        pathNot: [TEST, `^src/(cli|${Object.keys(SUITE).join('|')})/`],
      },
      to: {},
    },
    {
      name: 'engine-alone',
      comment:
        'The engine is a library of its own: it sees itself, what Node brings along, and one checksum.',
      severity: 'error',
      from: { path: '^engine/', pathNot: TEST },
      to: { pathNot: '^(engine/|node_modules/@node-rs/crc32)', dependencyTypesNot: ['core'] },
    },
    {
      name: 'workloads-pure',
      comment: 'Workloads are pure generators: seed in, operations out. They see engine/base only.',
      severity: 'error',
      from: { path: '^workloads/', pathNot: TEST },
      to: { pathNot: '^(workloads/|engine/base/)' },
    },
    {
      name: 'pure-folders',
      comment:
        'Statistics, rules and judgements compute; files, processes and sockets do not belong here.',
      severity: 'error',
      from: { path: '^src/(stats|question|judge|questions|report)/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'public-doors',
      comment: 'The suite sees the engine and the workloads through their index.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST },
      to: { path: '^(engine|workloads)/', pathNot: '^(engine|workloads)/index\\.ts$' },
    },
    {
      name: 'cli-on-top',
      comment: 'The command line is the top layer.',
      severity: 'error',
      from: { pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'scripts-unseen',
      comment: 'Scripts are errands: nothing but tests imports them.',
      severity: 'error',
      from: { pathNot: ['^scripts/', TEST] },
      to: { path: '^scripts/' },
    },
    {
      name: 'tests-unseen',
      comment: 'Shipped code never imports tests or their helpers.',
      severity: 'error',
      from: { path: '^(engine|workloads|src|scripts)/', pathNot: TEST },
      to: { path: TEST },
    },
    {
      name: 'no-development-packages',
      comment: 'What ships runs on `dependencies` alone.',
      severity: 'error',
      from: { path: '^(engine|workloads|src)/', pathNot: TEST },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      comment: 'An import that leads nowhere, or to a package that package.json does not name.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, dependencyTypesNot: ['core'] },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports and that is no entry point is dead.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [TEST, '^(engine|workloads)/index\\.ts$', '^src/cli/main\\.ts$', '^scripts/'],
      },
      to: {},
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|scripts/peers)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
    },
  },
};
