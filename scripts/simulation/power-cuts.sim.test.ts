// Power cuts at every write and sync of seeded histories, one history for each setting, three
// under KVTUNE_LONG_TESTS=1: what each cut leaves opens, checks, and equals the model. Totals are asserted, so that histories which shrink
// cannot make the proof smaller without anybody noticing. `npm run crash` does the same by the million.

import { describe, expect, it } from 'vitest';
import {
  newPowerCutCounts,
  POWER_CUT_SETTINGS,
  powerCutSetting,
  runPowerCuts,
} from './power-cuts.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const HISTORIES_PER_SETTING = LONG ? 3 : 1;
const POINTS_MIN = 3300 * HISTORIES_PER_SETTING;

const total = newPowerCutCounts();
const settings = Array.from({ length: POWER_CUT_SETTINGS }, (_, seed) => ({
  seed,
  ...powerCutSetting(seed),
}));

describe.each(settings)(
  'power cuts, $freelist, syncFreelist $syncFreelist, pages of $pageSize',
  ({ seed: firstSeed }) => {
    it('leave a whole, committed state at every write and sync', () => {
      const before = total.points;
      for (let history = 0; history < HISTORIES_PER_SETTING; history++) {
        const seed = firstSeed + history * POWER_CUT_SETTINGS;
        try {
          runPowerCuts(seed, total);
        } catch (error) {
          throw new Error(`npm run crash -- --points 1 --seed ${seed}`, { cause: error });
        }
      }
      expect(total.points - before).toBeGreaterThan(100 * HISTORIES_PER_SETTING);
    });
  },
);

describe('the histories', () => {
  it('cover what they are for', () => {
    expect(total.points).toBeGreaterThanOrEqual(POINTS_MIN);
    expect(total.torn).toBeGreaterThan(POINTS_MIN / 10);
    expect(total.recoveries).toBeGreaterThan(33 * HISTORIES_PER_SETTING);
    expect(total.commits).toBeGreaterThan(166 * HISTORIES_PER_SETTING);
    expect(total.rollbacks).toBeGreaterThan(33 * HISTORIES_PER_SETTING);
    expect(total.reopens).toBeGreaterThan(33 * HISTORIES_PER_SETTING);
    expect(total.longReaders).toBeGreaterThan(33 * HISTORIES_PER_SETTING);
  });

  it('are fixed by their seeds', () => {
    const [first, second, other] = [3, 3, 21].map((seed) => {
      const counts = newPowerCutCounts();
      runPowerCuts(seed, counts);
      return counts;
    });
    expect(first).toEqual(second);
    expect(first).not.toEqual(other);
  });
});
