// Types of faces.js.
export function avatar(genome: bigint, feeling?: number): string;
export function face(genome: bigint, options?: { feeling?: number }): string;
export function genes(genome: bigint): Record<string, number>;
/** splitmix64: a stream of genomes from a seed. */
export function stream(seed: bigint | string | number): () => bigint;
