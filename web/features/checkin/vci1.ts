// VCI-1 on the viewer's side: what of a picture is sent. src/match/README.md says what it means and
// where it comes from; the server's own code gives the same bytes for the same pictures.

export const columns = 32;
export const rows = 16;
const cell_count = columns * rows;
/** Frames of a burst, and the time between two. */
export const frame_count = 24;
export const period_ms = 125;
export const frame_count_min = 12;
/** From its first frame to its last. */
export const burst_ms_min = 1400;
export const burst_ms_max = 3400;

const block_count = 8;
const patterns_in_block = 16;
const box_radius = 3;

/** 128 patterns of +1 and -1, one after the other, each of a cell a picture has. */
export type Patterns = Int8Array;

// RFC 8439, the block function. `out` is filled with 16 words of the keystream.
function chacha_block(state: Uint32Array, out: Uint32Array): void {
  out.set(state);
  const turn = (a: number, b: number, c: number, d: number) => {
    const word = (i: number) => out[i] as number;
    const rotated = (bits: number, by: number) => (bits << by) | (bits >>> (32 - by));
    out[a] = word(a) + word(b);
    out[d] = rotated(word(d) ^ word(a), 16);
    out[c] = word(c) + word(d);
    out[b] = rotated(word(b) ^ word(c), 12);
    out[a] = word(a) + word(b);
    out[d] = rotated(word(d) ^ word(a), 8);
    out[c] = word(c) + word(d);
    out[b] = rotated(word(b) ^ word(c), 7);
  };
  for (let round = 0; round < 10; ++round) {
    turn(0, 4, 8, 12); turn(1, 5, 9, 13); turn(2, 6, 10, 14); turn(3, 7, 11, 15);
    turn(0, 5, 10, 15); turn(1, 6, 11, 12); turn(2, 7, 8, 13); turn(3, 4, 9, 14);
  }
  for (let i = 0; i < 16; ++i) out[i] = (out[i] as number) + (state[i] as number);
}

/** The patterns that a ticket's seed of 32 bytes makes. */
export function patterns_of(seed: Uint8Array): Patterns {
  const state = new Uint32Array(16);
  state.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);
  const words = new DataView(seed.buffer, seed.byteOffset, 32);
  for (let i = 0; i < 8; ++i) state[4 + i] = words.getUint32(4 * i, true);
  state[13] = 0x31494356; // "VCI1"
  const patterns = new Int8Array(block_count * patterns_in_block * cell_count);
  const block = new Uint32Array(16);
  for (let p = 0; p < block_count * patterns_in_block; ++p) {
    state[12] = p;
    chacha_block(state, block);
    for (let i = 0; i < cell_count; ++i)
      patterns[p * cell_count + i] = ((block[i >> 5] as number) >>> (i & 31)) & 1 ? -1 : 1;
  }
  return patterns;
}

const at = (values: Float64Array, row: number, column: number): number => values[row * columns + column] as number;

function smoothed(luma: Float64Array): Float64Array {
  const [down, along] = [new Float64Array(cell_count), new Float64Array(cell_count)];
  for (let r = 0; r < rows; ++r) {
    for (let c = 0; c < columns; ++c) {
      down[r * columns + c] =
        (at(luma, Math.max(r - 1, 0), c) + 2 * at(luma, r, c) + at(luma, Math.min(r + 1, rows - 1), c)) / 4;
    }
  }
  for (let r = 0; r < rows; ++r) {
    for (let c = 0; c < columns; ++c) {
      along[r * columns + c] =
        (at(down, r, Math.max(c - 1, 0)) + 2 * at(down, r, c) + at(down, r, Math.min(c + 1, columns - 1))) / 4;
    }
  }
  return along;
}

/** The mean around each cell; at the borders, of what there is. */
function box(values: Float64Array): Float64Array {
  const means = new Float64Array(cell_count);
  for (let r = 0; r < rows; ++r) {
    for (let c = 0; c < columns; ++c) {
      let [sum, count] = [0, 0];
      for (let i = Math.max(0, r - box_radius); i <= Math.min(rows - 1, r + box_radius); ++i) {
        for (let j = Math.max(0, c - box_radius); j <= Math.min(columns - 1, c + box_radius); ++j) {
          sum += at(values, i, j);
          ++count;
        }
      }
      means[r * columns + c] = sum / count;
    }
  }
  return means;
}

/** What is particular to a picture, from the mean luma 0..255 of its cells: local contrast, -2 to 2. */
export function features_of(luma: Float64Array): Float64Array {
  const soft = smoothed(smoothed(luma));
  const mean = box(soft);
  const contrast = soft.map((value, i) => value - (mean[i] as number));
  const energy = box(contrast.map((value) => value * value));
  return contrast.map((value, i) => {
    const feature = Math.max(-2, Math.min(2, value / (Math.sqrt(energy[i] as number) + 1.5)));
    const [r, c] = [Math.floor(i / columns), i % columns];
    const on_edges = Number(r === 0 || r === rows - 1) + Number(c === 0 || c === columns - 1);
    return feature * 0.5 ** on_edges;
  });
}

/** What is sent of the frame of that number: 16 projections, of another block of patterns each time. */
export function described(patterns: Patterns, frame: number, luma: Float64Array): Int8Array {
  const features = features_of(luma);
  const first = (frame % block_count) * patterns_in_block;
  return Int8Array.from({ length: patterns_in_block }, (_, m) => {
    let sum = 0;
    for (let i = 0; i < cell_count; ++i)
      sum += (patterns[(first + m) * cell_count + i] as number) * (features[i] as number);
    return Math.max(-127, Math.min(127, Math.floor(sum + 0.5)));
  });
}

export interface Frame {
  /** Since the first one. */
  at_ms: number;
  projections: Int8Array;
}

/** A burst as it travels. */
export function packed(frames: readonly Frame[]): Uint8Array {
  const size = 2 + patterns_in_block;
  const bytes = new Uint8Array(4 + size * frames.length);
  const view = new DataView(bytes.buffer);
  bytes.set([1, frames.length]);
  frames.forEach(({ at_ms, projections }, i) => {
    view.setUint16(4 + size * i, at_ms, true);
    bytes.set(new Uint8Array(projections.buffer), 6 + size * i);
  });
  return bytes;
}
