// The genes of a face: a genome of 64 bits, low bits first. Order and widths are a format, the same
// as the server's (src/face): only the spare bits may ever be spent.

export const genes = [
  ["skin", 3], ["head", 3], ["hair", 4], ["hair_colour", 4], ["eyes", 3], ["eye_gap", 2], ["eye_y", 2],
  ["eye_size", 2], ["brows", 3], ["brow_y", 2], ["nose", 2], ["mouth", 3], ["mouth_y", 2], ["glasses", 3],
  ["glass_colour", 2], ["cheeks", 2], ["freckles", 2], ["beard", 3], ["robe", 4], ["collar", 3],
  ["pattern", 2], ["extra", 3], ["extra_colour", 2], ["spare", 3],
] as const;

export type Gene = Exclude<(typeof genes)[number][0], "spare">;

// Where several values look the same, one of them is offered; rare things are rare by that.
const distinct: Partial<Record<Gene, readonly number[]>> = {
  glasses: [0, 5, 6, 7], cheeks: [0, 3], freckles: [0, 3], beard: [0, 6, 7], extra: [0, 4, 5, 6],
};

function place_of(gene: Gene): { shift: bigint; mask: bigint } {
  let shift = 0n;
  for (const [name, bits] of genes) {
    if (name === gene) return { shift, mask: (1n << BigInt(bits)) - 1n };
    shift += BigInt(bits);
  }
  throw new Error(gene);
}

const to_hex = (genome: bigint): string => genome.toString(16).padStart(16, "0");

export function value_of(face: string, gene: Gene): number {
  const { shift, mask } = place_of(gene);
  return Number((BigInt(`0x${face}`) >> shift) & mask);
}

export function with_gene(face: string, gene: Gene, value: number): string {
  const { shift, mask } = place_of(gene);
  return to_hex((BigInt(`0x${face}`) & ~(mask << shift)) | ((BigInt(value) & mask) << shift));
}

/** The values to choose from, each of which looks different. */
export function choices(gene: Gene): number[] {
  const all = distinct[gene];
  if (all !== undefined) return [...all];
  const bits = genes.find(([name]) => name === gene)?.[1] ?? 0;
  return Array.from({ length: 1 << bits }, (_, value) => value);
}

/** The choice that looks like the face. */
export function choice_of(face: string, gene: Gene): number {
  const value = value_of(face, gene);
  return choices(gene).includes(value) ? value : 0;
}

/** Any face; the spare bits stay empty. */
export function random_face(bytes: Uint8Array = crypto.getRandomValues(new Uint8Array(8))): string {
  const genome = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return to_hex(genome & ((1n << 61n) - 1n));
}
