import { describe, expect, it } from 'vitest';
import { overlapArea, placeLabels, spread } from './label-placement.ts';

const BOUNDS = { left: 0, top: 0, right: 600, bottom: 300 };

describe('placeLabels', () => {
  it('keeps labels of crowded anchors apart, inside and off obstacles', () => {
    const anchors = [300, 310, 320, 330].map((y) => ({
      text: 'worst case 22x',
      x: 590,
      y: y - 100,
    }));
    const obstacles = anchors.map(({ x, y }) => ({
      left: x - 5,
      right: x + 5,
      top: y - 5,
      bottom: y + 5,
    }));
    const boxes = placeLabels(anchors, obstacles, BOUNDS).map((label) => label.box);
    for (const [index, box] of boxes.entries()) {
      for (const other of [...boxes.slice(index + 1), ...obstacles]) {
        expect(overlapArea(box, other)).toBe(0);
      }
      expect(box.right).toBeLessThanOrEqual(BOUNDS.right);
    }
  });

  it('still places a label where no place is free', () => {
    const labels = placeLabels([{ text: 'x', x: 10, y: 10 }], [BOUNDS], BOUNDS);
    expect(labels).toHaveLength(1);
  });
});

describe('spread', () => {
  it('moves only what is too close, and keeps order and centre', () => {
    const heights = spread([100, 20, 104], 14);
    expect(heights).toEqual([95, 20, 109]);
  });

  it('leaves neighbours no closer than the gap, however many meet', () => {
    const heights = spread([10, 10, 10, 30, 31, 200], 14).sort((a, b) => a - b);
    for (const [index, height] of heights.slice(1).entries()) {
      expect(height - (heights[index] ?? 0)).toBeGreaterThanOrEqual(14 - 1e-6);
    }
  });
});
