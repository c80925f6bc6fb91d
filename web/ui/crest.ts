// Crests: what tells one title's lantern from another's. They are made from the title's id alone, in
// the manner of family crests: a few leaves around a middle, sometimes in a ring; and a border runs
// round the paper above and below. The same id always has the same ones.

/** Shapes on the lantern's 100 by 136 units, in one ink. */
export interface Crest {
  /** Filled. */
  solid: string;
  /** Drawn as lines. */
  lines: string;
}

// The middle of the paper.
const x0 = 50;
const y0 = 64;

function hash(text: string): number {
  let value = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < text.length; ++i) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  // Ids that follow each other differ in their last letters only: spread them (murmur3's end).
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

const n = (value: number): string => String(Math.round(value * 10) / 10);

/** A point at `distance` from the middle, `turn` of a whole turn clockwise from above. */
function at(distance: number, turn: number): string {
  const r = 1.2 * distance;
  return `${n(x0 + r * Math.sin(turn * 2 * Math.PI))} ${n(y0 - r * Math.cos(turn * 2 * Math.PI))}`;
}

const dot = (r: number, turn: number, size: number): string =>
  `M${at(r, turn)}m${n(-size)} 0a${n(size)} ${n(size)} 0 1 0 ${n(2 * size)} 0a${n(size)} ${n(size)} 0 1 0 ${n(-2 * size)} 0Z`;

// Leaves: outside of the middle, which a character has; each `wide` of a turn to either side.
type Leaf = (turn: number, wide: number) => string;
const leaves: Leaf[] = [
  // A round petal, a pointed leaf, a heart, a comma, a fan, a scale, a pair of blades, a bud.
  (t, w) => `M${at(12.5, t)}C${at(16, t - 1.3 * w)} ${at(23, t - w)} ${at(22, t)}C${at(23, t + w)} ${at(16, t + 1.3 * w)} ${at(12.5, t)}Z`,
  (t, w) => `M${at(12.5, t)}Q${at(17, t - 1.1 * w)} ${at(23, t)}Q${at(17, t + 1.1 * w)} ${at(12.5, t)}Z`,
  (t, w) => `M${at(12.5, t)}C${at(15, t - w)} ${at(23.5, t - 1.2 * w)} ${at(19.6, t)}C${at(23.5, t + 1.2 * w)} ${at(15, t + w)} ${at(12.5, t)}Z`,
  (t, w) => `M${at(13.5, t - 1.1 * w)}Q${at(23, t - 1.2 * w)} ${at(21.5, t + 0.2 * w)}Q${at(20, t + 1.2 * w)} ${at(15.5, t + 0.4 * w)}Q${at(17.5, t - 0.2 * w)} ${at(13.5, t - 1.1 * w)}Z`,
  (t, w) => `M${at(13, t - 0.25 * w)}L${at(21, t - 0.9 * w)}Q${at(23.5, t)} ${at(21, t + 0.9 * w)}L${at(13, t + 0.25 * w)}Z`,
  (t, w) => `M${at(13, t - 0.85 * w)}L${at(22.5, t)}L${at(13, t + 0.85 * w)}Q${at(15.5, t)} ${at(13, t - 0.85 * w)}Z`,
  (t, w) => `M${at(12.5, t)}Q${at(20, t - 1.3 * w)} ${at(22.5, t - 0.55 * w)}Q${at(18, t - 0.3 * w)} ${at(12.5, t)}Q${at(18, t + 0.3 * w)} ${at(22.5, t + 0.55 * w)}Q${at(20, t + 1.3 * w)} ${at(12.5, t)}Z`,
  (t, w) => `M${at(13, t)}L${at(17.3, t - 0.75 * w)}L${at(22.3, t)}L${at(17.3, t + 0.75 * w)}Z`,
];

// Between the leaves: nothing, dots, or stalks.
const between: Leaf[] = [() => "", (t) => dot(20.5, t, 1.3), (t) => dot(14.6, t, 1.2)];
const counts = [5, 6, 7, 8];

/** Around the paper, seen from the front: marks that come closer to each other at the sides. */
function border(kind: number, y: number, half: number, up: number): string {
  let path = "";
  for (let k = -4; k <= 4; ++k) {
    const x = x0 + half * Math.sin(k * 0.36);
    const w = 5.4 * Math.cos(k * 0.36);
    const bend = y + 2.6 * Math.cos(k * 0.36);
    if (kind === 0) path += `M${n(x - w)} ${n(bend)}h${n(2 * w)}l${n(-w)} ${n(-5 * up)}Z`;
    if (kind === 1) path += `M${n(x - w * 0.5)} ${n(bend - 2)}a${n(w * 0.5)} 2.2 0 1 0 ${n(w)} 0a${n(w * 0.5)} 2.2 0 1 0 ${n(-w)} 0Z`;
    if (kind === 2) path += `M${n(x - w * 0.8)} ${n(bend - 2)}l${n(w * 0.8)} -3l${n(w * 0.8)} 3l${n(-w * 0.8)} 3Z`;
    if (kind === 3 && k % 2 === 0) path += `M${n(x - w)} ${n(bend - 4.6)}h${n(2 * w)}v4.6h${n(-2 * w)}Z`;
    if (kind === 4) path += `M${n(x - w)} ${n(bend)}q${n(w)} ${n(-8 * up)} ${n(2 * w)} 0q${n(-w)} ${n(-3.4 * up)} ${n(-2 * w)} 0Z`;
  }
  return path;
}

export function crest_of(id: string): Crest {
  const bits = hash(id);
  const take = <T>(from: readonly T[], shift: number): T => from[(bits >>> shift) % from.length] as T;
  const leaf = take(leaves, 0);
  const gap = take(between, 4);
  const count = take(counts, 7);
  const kind = (bits >>> 10) % 5;
  const first = (bits >>> 14) % 2 / (2 * count); // A leaf above, or a gap.
  let solid = "";
  for (let k = 0; k < count; ++k) {
    solid += leaf(first + k / count, 0.5 / count) + gap(first + (k + 0.5) / count, 0.5 / count);
  }
  return {
    solid: solid + border(kind, 29, 30, 1) + border(kind, 100.5, 30, -1),
    lines: (bits >>> 17) % 2 === 0 ? "" : dot(0, 0, 30),
  };
}
