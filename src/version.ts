// The version of kvtune, as package.json states it: printed by --version and kept in every result.
// The compiler copies package.json beside the compiled sources, so the import holds there as well.

import manifest from '../package.json' with { type: 'json' };

export const KVTUNE_VERSION: string = manifest.version;
