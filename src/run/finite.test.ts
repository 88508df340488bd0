import { expect, it } from 'vitest';
import { finiteParts } from './finite.ts';

const warning = { code: 'few', message: 'few operations' };

it('leaves finite parts as they are, and fills in those that are missing', () => {
  const slice = { settings: { a: 'x', b: 1 }, figures: { perSecond: 2 }, warnings: [warning] };
  expect(finiteParts(slice)).toEqual({ ...slice, counts: {}, series: {}, state: {} });
});

it('drops each number that is none, with a warning of its own', () => {
  const parts = finiteParts({
    settings: { ttl: Number.POSITIVE_INFINITY, kind: 'a' },
    figures: { perSecond: Number.NaN, putP99Us: 3 },
    counts: { syncs: -1 / 0 },
    state: { freePages: Number.NaN },
    warnings: [warning],
  });
  expect(parts).toMatchObject({ settings: { kind: 'a' }, figures: { putP99Us: 3 } });
  expect([parts.counts, parts.state]).toEqual([{}, {}]);
  expect(parts.warnings.map(({ message }) => message.split(' ')[0])).toEqual([
    'few',
    'ttl',
    'perSecond',
    'syncs',
    'freePages',
  ]);
});

it('drops a point from all series of its curve, and from no other', () => {
  const { series, warnings } = finiteParts({
    settings: {},
    series: { keys: [1, 2, 3], putMaxMs: [4, Number.NaN, 6], deciles: [7, 8] },
    warnings: [],
  });
  expect(series).toEqual({ keys: [1, 3], putMaxMs: [4, 6], deciles: [7, 8] });
  expect(warnings).toMatchObject([
    { message: expect.stringMatching(/^a point of putMaxMs /) as string },
  ]);
});
