// Goal: each gene is found and changed where the format has it, and nothing else changes with it.
import assert from "node:assert/strict";
import test from "node:test";
import { choice_of, choices, genes, random_face, value_of, with_gene, type Gene } from "./genes";

const named = genes.map(([name]) => name).filter((name): name is Gene => name !== "spare");

test("the widths are those of 64 bits", () => {
  assert.equal(genes.reduce((sum, [, bits]) => sum + bits, 0), 64);
});

test("a gene takes every value, and the others keep theirs", () => {
  for (const face of ["0000000000000000", "ffffffffffffffff", "0123456789abcdef"]) {
    for (const gene of named) {
      for (const value of choices(gene)) {
        const changed = with_gene(face, gene, value);
        assert.match(changed, /^[0-9a-f]{16}$/);
        assert.equal(value_of(changed, gene), value);
        for (const other of named) {
          if (other !== gene) assert.equal(value_of(changed, other), value_of(face, other), `${gene} ${other}`);
        }
      }
    }
  }
});

test("the lowest bits are the skin, the highest of use the extra's colour", () => {
  assert.equal(with_gene("0000000000000000", "skin", 5), "0000000000000005");
  assert.equal(with_gene("0000000000000000", "head", 1), "0000000000000008");
  assert.equal(with_gene("0000000000000000", "extra_colour", 3), "1800000000000000");
});

test("values that look alike are one choice", () => {
  assert.equal(choice_of(with_gene("0000000000000000", "glasses", 3), "glasses"), 0);
  assert.equal(choice_of(with_gene("0000000000000000", "glasses", 6), "glasses"), 6);
  assert.equal(random_face(new Uint8Array(8).fill(255)), "1fffffffffffffff");
});
