// Where labels of a chart go: pure geometry in pixels. A label takes the first place around its anchor
// that touches nothing already drawn, or the place that overlaps least. Greedy in the order given, so
// callers put the labels that matter most first. Text width is estimated: there is no font to measure.

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface LabelRequest {
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

export interface PlacedLabel extends LabelRequest {
  /** The middle of the text's left edge. */
  readonly textX: number;
  readonly textY: number;
  readonly box: Box;
}

export const LABEL_FONT_SIZE = 12;
const LINE_HEIGHT = 15;
const DISTANCES = [9, 16, 26, 40];
// Right, left, above, below, then the corners; the first free one wins.
const DIRECTIONS = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [-1, -1],
  [1, 1],
  [-1, 1],
] as const;

/** An estimate on the wide side of what common sans-serif fonts need. */
export function textWidth(text: string, fontSize: number = LABEL_FONT_SIZE): number {
  return text.length * fontSize * 0.58;
}

export function overlapArea(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Places each label inside `bounds`, clear of `obstacles` and of the labels before it. */
export function placeLabels(
  requests: readonly LabelRequest[],
  obstacles: readonly Box[],
  bounds: Box,
): PlacedLabel[] {
  const taken = [...obstacles];
  return requests.map((request) => {
    const label = bestPlace(request, taken, bounds);
    taken.push(label.box);
    return label;
  });
}

/** Moves heights apart, as little as needed and in order, until neighbours are `gap` from each other. */
export function spread(heights: readonly number[], gap: number): number[] {
  const order = heights.map((height, index) => ({ height, index }));
  order.sort((a, b) => a.height - b.height);
  // Clusters of touching labels share their centre: merging until none touch keeps each near home.
  let clusters = order.map(({ height, index }) => ({ center: height, indexes: [index] }));
  for (let merged = true; merged;) {
    merged = false;
    const next: typeof clusters = [];
    for (const cluster of clusters) {
      const last = next.at(-1);
      const room =
        last === undefined ? 0 : ((last.indexes.length + cluster.indexes.length) / 2) * gap;
      if (last !== undefined && cluster.center - last.center < room - 1e-9) {
        const [m, n] = [last.indexes.length, cluster.indexes.length];
        last.center = (last.center * m + cluster.center * n) / (m + n);
        last.indexes.push(...cluster.indexes);
        merged = true;
      } else {
        next.push(cluster);
      }
    }
    clusters = next;
  }
  const result = [...heights];
  for (const { center, indexes } of clusters) {
    indexes.forEach((index, place) => {
      result[index] = center + (place - (indexes.length - 1) / 2) * gap;
    });
  }
  return result;
}

function bestPlace(request: LabelRequest, taken: readonly Box[], bounds: Box): PlacedLabel {
  let best: { label: PlacedLabel; cost: number } | undefined;
  for (const distance of DISTANCES) {
    for (const [dx, dy] of DIRECTIONS) {
      const label = labelAt(request, dx, dy, distance);
      const outside = area(label.box) - overlapArea(label.box, bounds);
      const cost = taken.reduce((sum, box) => sum + overlapArea(label.box, box), outside * 4);
      if (best === undefined || cost < best.cost) best = { label, cost };
      if (best.cost <= 1e-6) return best.label;
    }
  }
  return best?.label ?? labelAt(request, 1, 0, DISTANCES[0] ?? 0);
}

function labelAt(request: LabelRequest, dx: number, dy: number, distance: number): PlacedLabel {
  const width = textWidth(request.text);
  const left = request.x + (dx === 0 ? -width / 2 : dx > 0 ? distance : -distance - width);
  const textY = request.y + dy * (dx === 0 ? distance + LINE_HEIGHT / 3 : distance);
  const box = {
    left,
    top: textY - LINE_HEIGHT / 2,
    right: left + width,
    bottom: textY + LINE_HEIGHT / 2,
  };
  return { ...request, textX: left, textY, box };
}

function area(box: Box): number {
  return (box.right - box.left) * (box.bottom - box.top);
}
