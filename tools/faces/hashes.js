// Prints what a faces.js draws, as checksums: for each genome on standard input a line with it and the
// CRC-32C of its picture for each feeling. So tests/golden/face/faces.txt was made; face_test runs it
// over genomes of its own where that faces.js is there.
//
//   node tools/faces/hashes.js FACES_JS < GENOMES
const fs = require('node:fs');
const vm = require('node:vm');

const table = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

function crc32c(text) {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0');
}

// The one difference: what stands inside a page needs no namespace, and is decoration there.
function standalone(svg) {
  return svg.replace(/^<svg [^>]*>/, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">');
}

const context = vm.createContext({});
vm.runInContext(fs.readFileSync(process.argv[2], 'utf8'), context);
const { avatar } = vm.runInContext('Faces', context);
for (const genome of fs.readFileSync(0, 'utf8').split('\n')) {
  if (genome === '') continue;
  const row = [genome];
  for (let feeling = 0; feeling < 6; ++feeling)
    row.push(crc32c(standalone(avatar(BigInt('0x' + genome), feeling))));
  process.stdout.write(row.join(' ') + '\n');
}
