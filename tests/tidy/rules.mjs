// What the style and layout tests enforce, as tables; checks.mjs says how. Change the design here and in ARCHITECTURE.md together.

// Everything that may stand at the top of the tree.
export const TOP_LEVEL = [
  '.ci', '.clang-format', '.clang-tidy', '.gitignore', 'ARCHITECTURE.md', 'CMakeLists.txt', 'CMakePresets.json', 'LICENSE', 'Makefile',
  'README.md', 'README.zh-CN.md', 'clients', 'deploy', 'docs', 'ledger', 'mini_program_bridge', 'proto', 'scripts', 'server', 'tests',
];

// Who may include (and link) whom. A file belongs to the longest folder that matches; a folder may always include itself.
// `interfaces` are single headers that a layer may see of a folder that it may not see otherwise.
const JOURNAL_INTERFACE = 'ledger/journal/journal.h';
const STATE_INTERFACE = 'ledger/state/state.h';
export const LAYERS = {
  'ledger/core': { sees: [] },
  'ledger/journal': { sees: ['ledger/core'] },
  'ledger/state': { sees: ['ledger/core'] },
  'ledger/points': { sees: ['ledger/core'], interfaces: [JOURNAL_INTERFACE, STATE_INTERFACE] },
  'ledger/projections': { sees: ['ledger/core'], interfaces: [JOURNAL_INTERFACE, STATE_INTERFACE] },
  'ledger/transparency': { sees: ['ledger/core'], interfaces: [JOURNAL_INTERFACE, STATE_INTERFACE] },
  'ledger/engine': { sees: ['ledger/core', 'ledger/journal', 'ledger/state'] },
  server: { sees: ['ledger'] },
  'clients/cpp': { sees: [] },
  'clients/station': { sees: ['clients/cpp'] },
  'clients/ctl': { sees: ['clients/cpp'] },
  // The independent checker reads the journal by itself: the form of a transaction and of a segment, and nothing that decides.
  'clients/ctl/verify': {
    sees: ['clients/cpp', 'clients/ctl'],
    interfaces: [
      'ledger/core/bytes.h', 'ledger/core/check.h', 'ledger/core/crc32c.h', 'ledger/core/limits.h', 'ledger/core/points.h',
      'ledger/core/transaction.h', 'ledger/journal/file.h', 'ledger/journal/journal_reader.h', 'ledger/journal/posix_file.h',
      'ledger/journal/segment_reader.h',
    ],
  },
  // The benchmarks run the engine in their own process, beside the machine's bare limit.
  'clients/ctl/bench': { sees: ['clients/cpp', 'clients/ctl', 'ledger'] },
  // The demo's history is played through the server itself, in the same process, with a clock that is moved; its devices are the agent's.
  'clients/ctl/demo/history': { sees: ['clients/cpp', 'clients/ctl', 'clients/station', 'ledger/core', 'server'] },
  // What an operator does with the stores is done with the ledger's own means, by the server's own configuration.
  'clients/ctl/stores': { sees: ['clients/cpp', 'clients/ctl', 'ledger', 'server'] },
  // A simulation credits drops by the very functions that the ledger uses.
  'clients/ctl/simulate': { sees: ['clients/cpp', 'clients/ctl', 'ledger'] },
  mini_program_bridge: { sees: ['clients/cpp'] },
  tests: { sees: ['ledger', 'server', 'clients', 'mini_program_bridge'] },
};

// Generated from proto/, seen by all; and the services' stubs, which the ledger must not see: it is a library without gRPC and HTTP.
export const GENERATED = /^(fenfen\/v1|fenfen\/ledger\/v1|google\/rpc)\/[a-z_]+\.(grpc\.)?pb\.h$/;
export const LEDGER_REFUSES = /^(fenfen\/v1\/[a-z_]+\.grpc\.pb\.h|grpcpp\/|grpc\/|boost\/(asio|beast)|httplib)/;

// Lines a file may have, by its ending; data and what tools write are not ours to shorten.
export const LINES_MAX = 500;
export const LINES_EXEMPT = [/^LICENSE$/, /package-lock\.json$/, /\.(csv|svg|png|woff2|ttf|bin|hex|golden)$/, /\/testdata\//];

// Columns of a line of C++, CMake, shell or JavaScript.
export const COLUMNS_MAX = 140;

// Words that promise work instead of doing it, and ways to leave a test out. Written in halves, so that this file may name them.
export const UNFINISHED = [
  ['TO', 'DO'], ['FIX', 'ME'], ['XX', 'X:'], ['GTEST', '_SKIP'], ['DIS', 'ABLED_'],
  ['.sk', 'ip('], ['.on', 'ly('], ['.to', 'do('], ['xi', 't('],
].map((halves) => halves.join(''));

// Hosts of package registries and places of the machine that something was written on: none belongs into the tree.
export const FOREIGN = [
  ['registry', 'npmjs', 'org'], ['deb', 'debian', 'org'], ['security', 'debian', 'org'], ['deb', 'nodesource', 'com'], ['pypi', 'org'],
  ['files', 'pythonhosted', 'org'], ['static', 'crates', 'io'], ['proxy', 'golang', 'org'], ['repo1', 'maven', 'org'],
].map((labels) => labels.join('.')).concat([['/wo', 'rk/'].join(''), ['../sha', 'red'].join('')]);

// Folders that a reader enters by a README.
export const README_FOLDERS = [
  'clients/cpp', 'clients/ctl', 'clients/mini_program', 'clients/station', 'deploy', 'docs',
  'ledger/core', 'ledger/engine', 'ledger/journal',
  'ledger/points', 'ledger/state', 'mini_program_bridge', 'proto', 'scripts', 'server', 'tests',
];

// Where fenfenctl calls methods, and the methods that are not for it: another program's (the bridge's sign-in and pictures, a device's
// stream), and those that a command for several does as well.
export const CTL_FOLDER = 'clients/ctl';
export const NOT_IN_CTL = new Set([
  'ResolveSubject', 'JoinHousehold', 'CreateSession', 'CreateQrImage', 'UploadDrops', 'CaptureVoucher', 'GetBudget',
]);

// Path-like words of the documents that name what a build or a run makes.
export const MADE_LATER = /^(build|run|tests\/artifacts|clients\/mini_program\/(dist|node_modules))(\/|$)/;
