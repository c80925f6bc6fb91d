// Faces: a 64-bit genome becomes an SVG head and shoulders, drawn in flat ink. Pure; no DOM. The
// drawings are data more than code, so the lines stay as long as they are.
// face(genome, {feeling, tone}) returns the inside of <svg viewBox="0 0 100 100">.
// feeling: 0 plain, 1 happy, 2 wink, 3 surprised, 4 frustrated, 5 puzzled.
const SKIN = ['#fbe6d4', '#f7d7b9', '#efc49b', '#e2ad80', '#cb9065', '#a97049', '#835334', '#6d4731'];
const HAIR = ['#1f1c2a', '#2e2430', '#3d2a27', '#5b3927', '#7f5233', '#a8743f', '#cc9f5e', '#8f342c',
              '#46506c', '#2f5c61', '#6a4b7c', '#b7b1b5', '#e5ddcf', '#bd563c', '#d48d9e', '#27345a'];
const ROBE = ['#35538a', '#2a3970', '#c8452f', '#e0a637', '#4f9b7a', '#439aa6', '#8d7cc0', '#e3a2aa',
              '#d96c31', '#5b7540', '#454552', '#eadfc6', '#9f3340', '#a0a653', '#2d62ad', '#7d3e4a'];
const INK = '#2a2336';

// The genome, low bits first. Widths add up to 64; never reorder, only use `spare`.
const GENES = [['skin', 3], ['head', 3], ['hair', 4], ['hairColour', 4], ['eyes', 3], ['eyeGap', 2], ['eyeY', 2],
  ['eyeSize', 2], ['brows', 3], ['browY', 2], ['nose', 2], ['mouth', 3], ['mouthY', 2], ['glasses', 3], ['glassColour', 2],
  ['cheeks', 2], ['freckles', 2], ['beard', 3], ['robe', 4], ['collar', 3], ['pattern', 2], ['extra', 3], ['extraColour', 2], ['spare', 4]];

function genes(genome) {
  let g = BigInt.asUintN(64, BigInt(genome));
  const out = {};
  for (const [name, bits] of GENES) { out[name] = Number(g & ((1n << BigInt(bits)) - 1n)); g >>= BigInt(bits); }
  return out;
}
// splitmix64: a stream of genomes from a seed.
function stream(seed) {
  let s = BigInt(seed);
  return () => {
    s = BigInt.asUintN(64, s + 0x9e3779b97f4a7c15n);
    let z = s;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
}
function mix(a, b, t) {
  const p = c => [1, 3, 5].map(i => parseInt(c.slice(i, i + 2), 16));
  const x = p(a), y = p(b);
  return '#' + x.map((v, i) => Math.round(v + (y[i] - v) * t).toString(16).padStart(2, '0')).join('');
}

function face(genome, opt) {
  const g = genes(genome), o = opt || {}, feeling = o.feeling || 0, tone = o.tone || (c => c);
  const skin = tone(SKIN[g.skin]), shade = tone(mix(SKIN[g.skin], '#8a3d2c', .22)), hair = tone(HAIR[g.hairColour]);
  const hair2 = tone(mix(HAIR[g.hairColour], '#ffffff', .16)), ink = tone(g.skin > 5 ? '#1b1220' : INK);
  const robe = tone(ROBE[g.robe]), trim = tone(ROBE[(g.robe + 3 + g.collar * 2) % 16]), robe2 = tone(mix(ROBE[g.robe], g.robe === 11 ? '#8a7450' : '#ffffff', .24));
  const white = tone('#fffaf0'), accent = tone(['#d8432f', '#f2c14e', '#fff3dc', '#3f97a3'][g.extraColour]);
  const w = [25, 26.5, 24, 27.5, 25.5, 24.5, 26, 28][g.head], h = [27, 26, 28.5, 26, 27.5, 28, 29, 25.5][g.head];
  const jaw = [.55, .62, .46, .66, .72, .4, .58, .6][g.head], cy = 45, T = cy - h, L = 50 - w, R = 50 + w;
  const f = n => +n.toFixed(1), P = (d, fill, extra) => `<path d="${d}" fill="${fill}"${extra || ''}/>`;
  const S = (d, col, width) => `<path d="${d}" fill="none" stroke="${col}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"/>`;
  const C = (x, y, r, fill) => `<circle cx="${f(x)}" cy="${f(y)}" r="${f(r)}" fill="${fill}"/>`;
  const E = (x, y, rx, ry, fill) => `<ellipse cx="${f(x)}" cy="${f(y)}" rx="${f(rx)}" ry="${f(ry)}" fill="${fill}"/>`;
  const head = `M${f(L)} ${cy}C${f(L)} ${f(cy - h * .72)} ${f(50 - w * .62)} ${f(T)} 50 ${f(T)}C${f(50 + w * .62)} ${f(T)} ${f(R)} ${f(cy - h * .72)} ${f(R)} ${cy}C${f(R)} ${f(cy + h * .62)} ${f(50 + w * jaw)} ${f(cy + h)} 50 ${f(cy + h)}C${f(50 - w * jaw)} ${f(cy + h)} ${f(L)} ${f(cy + h * .62)} ${f(L)} ${cy}Z`;
  // The outside of a head of hair: e beyond the skull, down to yb on both sides.
  const shell = (e, yb) => `M${f(L - e)} ${f(yb)}C${f(L - e - 1)} ${f(cy - h * .78)} ${f(50 - w * .66)} ${f(T - e)} 50 ${f(T - e)}C${f(50 + w * .66)} ${f(T - e)} ${f(R + e + 1)} ${f(cy - h * .78)} ${f(R + e)} ${f(yb)}`;
  let back = '', front = '', top = '';
  const line = T + h * .46; // the hairline
  switch (g.hair) {
    case 0: front = P(shell(.4, cy - 8) + `C${f(R - 2)} ${f(cy - 14)} ${f(R - 4)} ${f(T + 12)} 50 ${f(T + 10)}C${f(L + 4)} ${f(T + 12)} ${f(L + 2)} ${f(cy - 14)} ${f(L - .4)} ${f(cy - 8)}Z`, hair, ' opacity=".55"'); break;
    case 1: front = P(shell(2.5, cy - 3) + `C${f(R - 2)} ${f(cy - 9)} ${f(R - 3)} ${f(line)} ${f(50 + w * .5)} ${f(line - 2)}C${f(50 + 4)} ${f(line + 1)} ${f(50 - 6)} ${f(line - 3)} ${f(50 - w * .55)} ${f(line)}C${f(L + 2)} ${f(line + 3)} ${f(L + 2)} ${f(cy - 9)} ${f(L - 2.5)} ${f(cy - 3)}Z`, hair); break;
    case 2: front = P(shell(3, cy) + `C${f(R - 2)} ${f(cy - 8)} ${f(R - 4)} ${f(line + 2)} ${f(50 + w * .3)} ${f(T + h * .3)}C${f(50)} ${f(line + 5)} ${f(L + 8)} ${f(line + 3)} ${f(L + 2)} ${f(cy - 3)}L${f(L - 3)} ${cy}Z`, hair) + S(`M${f(50 + w * .3)} ${f(T + h * .3)}C${f(50 + 5)} ${f(T + 6)} ${f(50 + 3)} ${f(T + 2)} ${f(50 + 1)} ${f(T - 1)}`, hair2, 1.2); break;
    case 3: back = P(shell(5, cy + h * .72) + `C${f(R + 2)} ${f(cy + h + 3)} ${f(L - 2)} ${f(cy + h + 3)} ${f(L - 5)} ${f(cy + h * .72)}Z`, hair); front = P(shell(4, cy + 10) + `L${f(R - 2)} ${f(cy + 10)}L${f(R - 2.5)} ${f(line + 4)}Q50 ${f(line + 7)} ${f(L + 2.5)} ${f(line + 4)}L${f(L + 2)} ${f(cy + 10)}Z`, hair); break;
    case 4: back = P(shell(5, 80) + `Q${f(R + 2)} 88 ${f(R - 8)} 88L${f(L + 8)} 88Q${f(L - 2)} 88 ${f(L - 5)} 80Z`, hair); front = P(shell(4, cy + 14) + `C${f(R - 1)} ${cy} ${f(R - 5)} ${f(T + 14)} 50 ${f(T + 5)}C${f(L + 5)} ${f(T + 14)} ${f(L + 1)} ${cy} ${f(L - 4)} ${f(cy + 14)}Z`, hair); break;
    case 5: top = C(50, T - 6, 9.5, hair) + S(`M43 ${f(T - 3)}Q50 ${f(T + 1)} 57 ${f(T - 3)}`, accent, 2.4); front = P(shell(2.5, cy - 2) + `C${f(R - 2)} ${f(cy - 9)} ${f(R - 4)} ${f(line - 1)} 50 ${f(T + h * .33)}C${f(L + 4)} ${f(line - 1)} ${f(L + 2)} ${f(cy - 9)} ${f(L - 2.5)} ${f(cy - 2)}Z`, hair); break;
    case 6: back = C(L + 3, T + 4, 10, hair) + C(R - 3, T + 4, 10, hair); front = P(shell(3, cy) + `L${f(R - 2)} ${f(cy - 2)}L${f(R - 4)} ${f(line + 3)}Q${f(50 + 9)} ${f(line + 6)} 50 ${f(line)}Q${f(50 - 9)} ${f(line + 6)} ${f(L + 4)} ${f(line + 3)}L${f(L + 2)} ${f(cy - 2)}L${f(L - 3)} ${cy}Z`, hair); break;
    case 7: back = P(`M${f(R - 6)} ${f(T + 8)}C${f(R + 20)} ${f(T + 4)} ${f(R + 18)} ${f(cy + 18)} ${f(R + 6)} ${f(cy + 34)}C${f(R + 6)} ${f(cy + 12)} ${f(R + 4)} ${f(cy)} ${f(R - 6)} ${f(T + 8)}Z`, hair); front = P(shell(2.5, cy - 1) + `C${f(R - 2)} ${f(cy - 10)} ${f(R - 6)} ${f(line)} ${f(50 + 6)} ${f(T + h * .34)}C${f(50 - 8)} ${f(line + 4)} ${f(L + 4)} ${f(line + 4)} ${f(L - 2.5)} ${f(cy - 1)}Z`, hair); break;
    case 8: front = P(`M${f(L - 2)} ${f(cy - 2)}L${f(L - 6)} ${f(T + 14)}L${f(L + 3)} ${f(T + 12)}L${f(L + 3)} ${f(T - 1)}L${f(L + 13)} ${f(T + 3)}L46 ${f(T - 9)}L55 ${f(T + 1)}L66 ${f(T - 5)}L${f(R - 5)} ${f(T + 6)}L${f(R + 5)} ${f(T + 6)}L${f(R + 2)} ${f(T + 16)}L${f(R + 5)} ${f(T + 24)}L${f(R)} ${f(cy - 2)}L${f(R - 4)} ${f(line)}L62 ${f(line - 4)}L54 ${f(line + 3)}L45 ${f(line - 4)}L37 ${f(line + 3)}L${f(L + 4)} ${f(line)}Z`, hair, ` stroke="${hair}" stroke-width="2" stroke-linejoin="round"`); break;
    case 9: back = [[-1, -.35], [-.8, -.85], [-.35, -1.2], [.2, -1.25], [.7, -.95], [1, -.45], [-1.1, .1], [1.1, .1]].map(p => C(50 + p[0] * w, cy + p[1] * h * .95, 11.5, hair)).join(''); front = [-.66, -.22, .24, .68].map(p => C(50 + p * w, T + 8 + Math.abs(p) * 6, 8.6, hair)).join(''); break;
    case 10: back = P(shell(7, cy + 16) + `C${f(R + 10)} ${f(cy + 24)} ${f(R + 3)} ${f(cy + 27)} ${f(R + 7)} ${f(cy + 36)}Q50 ${f(cy + 44)} ${f(L - 7)} ${f(cy + 36)}C${f(L - 3)} ${f(cy + 27)} ${f(L - 10)} ${f(cy + 24)} ${f(L - 7)} ${f(cy + 16)}Z`, hair); front = P(shell(4.5, cy + 4) + `C${f(R + 1)} ${f(cy - 8)} ${f(R - 4)} ${f(line + 4)} ${f(50 + 8)} ${f(T + h * .28)}C${f(50 - 6)} ${f(line + 6)} ${f(L + 8)} ${f(line + 2)} ${f(L - 4.5)} ${f(cy + 4)}Z`, hair); break;
    case 11: front = P(`M${f(L)} ${f(cy - 8)}C${f(L - 6)} ${f(T + 2)} ${f(L + 6)} ${f(T - 8)} 52 ${f(T - 8)}C${f(R - 2)} ${f(T - 8)} ${f(R + 8)} ${f(T + 4)} ${f(R)} ${f(cy - 8)}C${f(R)} ${f(line)} ${f(R - 6)} ${f(T + 10)} 58 ${f(T + 10)}C44 ${f(T + 10)} ${f(L + 12)} ${f(T + 16)} ${f(L + 5)} ${f(line + 1)}Z`, hair) + S(`M${f(L + 9)} ${f(T + 9)}C42 ${f(T - 1)} 56 ${f(T - 2)} 66 ${f(T + 3)}`, hair2, 1.4); break;
    case 12: back = P(`M${f(L + 2)} ${f(cy + 2)}C${f(L - 14)} ${f(cy + 8)} ${f(L - 12)} ${f(cy + 32)} ${f(L - 4)} ${f(cy + 40)}C${f(L + 4)} ${f(cy + 30)} ${f(L + 4)} ${f(cy + 14)} ${f(L + 2)} ${f(cy + 2)}ZM${f(R - 2)} ${f(cy + 2)}C${f(R + 14)} ${f(cy + 8)} ${f(R + 12)} ${f(cy + 32)} ${f(R + 4)} ${f(cy + 40)}C${f(R - 4)} ${f(cy + 30)} ${f(R - 4)} ${f(cy + 14)} ${f(R - 2)} ${f(cy + 2)}Z`, hair) + S(`M${f(L - 4)} ${f(cy + 11)}h7M${f(R - 3)} ${f(cy + 11)}h7`, accent, 3.2); front = P(shell(3, cy + 4) + `L${f(R - 1.5)} ${f(cy)}C${f(R - 3)} ${f(line + 1)} ${f(50 + 12)} ${f(line + 5)} 50 ${f(line + 3)}C${f(50 - 12)} ${f(line + 5)} ${f(L + 3)} ${f(line + 1)} ${f(L + 1.5)} ${f(cy)}L${f(L - 3)} ${f(cy + 4)}Z`, hair); break;
    case 13: front = P(shell(3, cy + 6) + `L${f(R - 2)} ${f(cy - 1)}C${f(R - 3)} ${f(line + 2)} ${f(50 + 10)} ${f(line - 3)} ${f(50 + 8)} ${f(line - 6)}C${f(50)} ${f(line + 3)} ${f(L + 10)} ${f(line + 9)} ${f(L + 4)} ${f(line + 9)}L${f(L + 1)} ${f(cy + 1)}L${f(L - 3)} ${f(cy + 6)}Z`, hair); break;
    case 14: back = [0, 1, 2, 3].map(k => E(L - 1, cy + 10 + k * 9, 5.6 - k * .6, 5.6, hair) + E(R + 1, cy + 10 + k * 9, 5.6 - k * .6, 5.6, hair)).join(''); front = P(shell(3, cy + 6) + `C${f(R)} ${f(cy - 6)} ${f(R - 6)} ${f(T + 14)} 50 ${f(T + 6)}C${f(L + 6)} ${f(T + 14)} ${f(L)} ${f(cy - 6)} ${f(L - 3)} ${f(cy + 6)}Z`, hair) + S(`M50 ${f(T + 6)}V${f(T - 2)}`, hair2, 1.2); break;
    default: back = C(50, T - 3, 15, hair) + C(38, T + 1, 9, hair) + C(62, T + 1, 9, hair); front = P(shell(1.6, cy - 5) + `C${f(R - 2)} ${f(cy - 12)} ${f(R - 5)} ${f(line - 4)} 50 ${f(T + h * .3)}C${f(L + 5)} ${f(line - 4)} ${f(L + 2)} ${f(cy - 12)} ${f(L - 1.6)} ${f(cy - 5)}Z`, hair) + S(`M${f(L + 5)} ${f(T + 12)}Q50 ${f(T + 1)} ${f(R - 5)} ${f(T + 12)}`, accent, 3); break;
  }
  // Shoulders: a happi; the collar crosses as it should, the wearer's left over right.
  let body = P('M6 104C7 86 20 79 40 75L50 84L60 75C80 79 93 86 94 104Z', robe);
  if (g.pattern === 1) body += S('M20 84V104M30 80V104M70 80V104M80 84V104', robe2, 2.2);
  if (g.pattern === 2) body += [[18, 90], [28, 96], [24, 84], [76, 84], [82, 91], [72, 96]].map(p => C(p[0], p[1], 2.4, robe2)).join('');
  if (g.pattern === 3) body += S('M10 96q5-7 10 0q5-7 10 0M70 96q5-7 10 0q5-7 10 0', robe2, 1.8);
  body += P('M42 66h16v13L50 92L42 79Z', shade) + S('M39 76L57 101', trim, 5) + S('M61 76L44 103', white, 2) + S('M62.5 76L44 106', trim, 5);
  const ears = E(L + .5, cy + 4, 4.2, 5.6, skin) + E(R - .5, cy + 4, 4.2, 5.6, skin) + S(`M${f(L - 1)} ${cy + 3}q2 1 1.4 4M${f(R + 1)} ${cy + 3}q-2 1-1.4 4`, shade, 1.2);

  const gap = 9.4 + g.eyeGap * 1.25, ey = cy + 2.5 + g.eyeY * 1.3, k = .86 + g.eyeSize * .12, eyes = [50 - gap, 50 + gap];
  const dot = x => E(x, ey, 2.3 * k, 2.9 * k, ink);
  const arc = x => S(`M${f(x - 4.4)} ${f(ey + 1.4)}Q${f(x)} ${f(ey - 4.6)} ${f(x + 4.4)} ${f(ey + 1.4)}`, ink, 2.3);
  const plain = [dot, x => E(x, ey, 2.2 * k, 4 * k, ink) + C(x + .8, ey - 1.6 * k, .8, white), dot,
    x => C(x, ey, 4.7 * k, white) + C(x, ey, 2.7 * k, ink) + C(x + .9, ey - .9, .8, white),
    x => E(x, ey + .6, 2.7 * k, 2.5 * k, ink) + S(`M${f(x - 4.3 * k)} ${f(ey - 1.4)}h${f(8.6 * k)}`, ink, 2),
    x => E(x, ey, 2.7 * k, 3.1 * k, ink) + S(`M${f(x - 4.4)} ${f(ey - .6)}Q${f(x)} ${f(ey - 5)} ${f(x + 4.6)} ${f(ey - 1.2)}`, ink, 1.6) + C(x + .8, ey - 1, .8, white),
    x => S(`M${f(x - 4)} ${f(ey)}Q${f(x)} ${f(ey + 1.6)} ${f(x + 4)} ${f(ey)}`, ink, 2.4),
    x => E(x, ey, 3.5 * k, 4.4 * k, ink) + C(x + 1.1, ey - 1.6, 1.3, white) + C(x - 1.1, ey + 1.6, .7, white)][g.eyes];
  let eye = eyes.map(plain).join('');
  if (feeling === 1) eye = eyes.map(arc).join('');
  if (feeling === 2) eye = arc(eyes[0]) + plain(eyes[1]);
  if (feeling === 3) eye = eyes.map(x => C(x, ey, 5.4, white) + C(x, ey, 2.2, ink)).join('');
  if (feeling === 4) eye = S(`M${f(eyes[0] - 3.6)} ${f(ey - 3)}l6.4 3l-6.4 3M${f(eyes[1] + 3.6)} ${f(ey - 3)}l-6.4 3l6.4 3`, ink, 2.3);
  const by = ey - 8.2 - g.browY * .8, bt = [1.6, 2.2, 3, 2.2, 1.4, 2.6, 2, 3.4][g.brows], bend = [2, 1.4, 2, 0, 3, .6, 2.4, 1][g.brows], tilt = [0, .6, 0, -1, .4, 1.2, -.6, 0][g.brows];
  const brow = (x, s, up, t) => S(`M${f(x - 4.8)} ${f(by - up + s * t)}Q${f(x)} ${f(by - up - bend)} ${f(x + 4.8)} ${f(by - up - s * t)}`, hair === skin ? ink : hair, bt);
  const up = feeling === 3 ? 3.5 : 0, slant = feeling === 4 ? -2.4 : tilt;
  const brows = feeling === 5 ? brow(eyes[0], 1, -1, -1.4) + brow(eyes[1], -1, 3, 1) : brow(eyes[0], 1, up, slant) + brow(eyes[1], -1, up, slant);
  const ny = cy + 10;
  const nose = [S(`M50 ${ny}q2.6 2.4-.4 3.2`, shade, 2), S(`M48 ${ny + 2}q2 1.8 4 0`, shade, 2.2), C(50, ny + 1.5, 2, shade), ''][g.nose];
  const my = cy + h * .62 + g.mouthY * .9;
  const smile = (w2, d) => S(`M${50 - w2} ${f(my)}Q50 ${f(my + d)} ${50 + w2} ${f(my)}`, ink, 2.2);
  const open = (w2, d) => P(`M${50 - w2} ${f(my - 1)}Q50 ${f(my + .6)} ${50 + w2} ${f(my - 1)}Q${50 + w2 * .7} ${f(my + d)} 50 ${f(my + d)}Q${50 - w2 * .7} ${f(my + d)} ${50 - w2} ${f(my - 1)}Z`, tone('#7c2630'));
  let mouth = [smile(5, 4), smile(6.5, 5), smile(3.5, 1), open(6, 6), S(`M45.5 ${f(my)}h9`, ink, 2.2), S(`M45 ${f(my)}q2.5 3 5 0q2.5 3 5 0`, ink, 2), S(`M46 ${f(my + .6)}Q51 ${f(my + 3)} 56 ${f(my - 1)}`, ink, 2.2), smile(4.2, 5)][g.mouth];
  if (feeling === 1) mouth = open(8, 9);
  if (feeling === 2) mouth = smile(7, 7);
  if (feeling === 3) mouth = E(50, my + 1.5, 3.4, 4.6, tone('#7c2630'));
  if (feeling === 4) mouth = S(`M44.5 ${f(my + 2)}q2.6-3.4 5.5-.6q3 2.6 5.5-.8`, ink, 2.3);
  if (feeling === 5) mouth = S(`M46 ${f(my + 1.6)}Q50 ${f(my - 1.6)} 55 ${f(my - .6)}`, ink, 2.2);
  const rosy = g.cheeks === 3 || feeling === 1 || feeling === 2;
  let marks = rosy ? E(50 - gap - 6, ey + 8, 4.6, 3, tone(mix(SKIN[g.skin], '#e0503f', .34))) + E(50 + gap + 6, ey + 8, 4.6, 3, tone(mix(SKIN[g.skin], '#e0503f', .34))) : '';
  if (g.freckles === 3) marks += [[-14, 8], [-11, 10], [-16, 11], [14, 8], [11, 10], [16, 11]].map(p => C(50 + p[0], cy + p[1], .9, shade)).join('');
  let beard = '';
  if (g.beard === 6) beard = P(`M${f(L + 3)} ${cy + 10}C${f(L + 4)} ${f(cy + h)} ${f(50 - w * .5)} ${f(cy + h + 5)} 50 ${f(cy + h + 5)}C${f(50 + w * .5)} ${f(cy + h + 5)} ${f(R - 4)} ${f(cy + h)} ${f(R - 3)} ${cy + 10}C${f(R - 8)} ${f(my - 3)} 58 ${f(my - 6)} 50 ${f(my - 5)}C42 ${f(my - 6)} ${f(L + 8)} ${f(my - 3)} ${f(L + 3)} ${cy + 10}Z`, hair) + E(50, my + 1, 6, 3.4, skin);
  if (g.beard === 7) beard = P(`M50 ${f(my - 4)}C45 ${f(my - 6)} 41 ${f(my - 3)} 38 ${f(my - .5)}C42 ${f(my + .8)} 47 ${f(my)} 50 ${f(my - 1.4)}C53 ${f(my)} 58 ${f(my + .8)} 62 ${f(my - .5)}C59 ${f(my - 3)} 55 ${f(my - 6)} 50 ${f(my - 4)}Z`, hair);
  let specs = '';
  if (g.glasses > 4) {
    const gc = tone(['#2a2336', '#9f3340', '#2f5c8a', '#b98a3a'][g.glassColour]), r = 7.4;
    const lens = g.glasses === 5 ? x => `<circle cx="${f(x)}" cy="${f(ey)}" r="${r}" fill="${white}" fill-opacity=".22" stroke="${gc}" stroke-width="1.9"/>`
      : g.glasses === 6 ? x => `<rect x="${f(x - 8)}" y="${f(ey - 5.6)}" width="16" height="11.6" rx="3.4" fill="${white}" fill-opacity=".22" stroke="${gc}" stroke-width="1.9"/>`
      : x => `<path d="M${f(x - 8)} ${f(ey - 5)}h16q0 11-8 11.4q-8-.4-8-11.4Z" fill="${white}" fill-opacity=".2" stroke="${gc}" stroke-width="2" stroke-linejoin="round"/>`;
    specs = eyes.map(lens).join('') + S(`M${f(50 - gap + 7.6)} ${f(ey - 1)}Q50 ${f(ey - 3)} ${f(50 + gap - 7.6)} ${f(ey - 1)}M${f(50 - gap - 7.6)} ${f(ey - 1)}L${f(L)} ${f(ey - 2)}M${f(50 + gap + 7.6)} ${f(ey - 1)}L${f(R)} ${f(ey - 2)}`, gc, 1.7);
  }
  let extra = '';
  if (g.extra === 4) extra = P(`M${f(L - 3)} ${f(T + 16)}Q50 ${f(T + 8)} ${f(R + 3)} ${f(T + 16)}L${f(R + 2.5)} ${f(T + 21)}Q50 ${f(T + 13)} ${f(L - 2.5)} ${f(T + 21)}Z`, accent) + P(`M${f(R - 1)} ${f(T + 16)}l9-6l-1 8l6 2l-9 5Z`, accent);
  if (g.extra === 5) extra = `<g transform="translate(${f(R - 7)} ${f(T + 1)}) rotate(24)">` + P('M-11-11L-4-5Q0-6 4-5L11-11Q13 2 9 8Q4 15 0 15Q-4 15-9 8Q-13 2-11-11Z', white) + P('M-9-7l4 3l-3 3ZM9-7l-4 3l3 3Z', tone('#d8432f')) + S('M-6 3q2-2 4 0M2 3q2-2 4 0M-2 10q2 1.6 4 0', tone(INK), 1.5) + S('M-9 8l5 0M9 8l-5 0', tone('#d8432f'), 1.3) + '</g>';
  if (g.extra === 6) extra = `<g transform="translate(${f(L + 6)} ${f(T + 9)})">` + [0, 72, 144, 216, 288].map(a => `<ellipse cx="0" cy="-5" rx="3.6" ry="4.6" fill="${accent}" transform="rotate(${a})"/>`).join('') + C(0, 0, 2.6, tone('#f2c14e')) + '</g>';
  return `${back}${body}${ears}${P(head, skin)}${marks}${beard}${nose}${mouth}${eye}${brows}${front}${top}${specs}${extra}`;
}

// Paper behind an avatar: a pale wash of the robe's colour.
function wash(genome) { const g = genes(genome); return mix(ROBE[(g.robe + 7) % 16], '#fff3dc', .56); }
function avatar(genome, feeling) {
  return `<svg viewBox="0 0 100 100" aria-hidden="true"><rect width="100" height="100" fill="${wash(genome)}"/><g transform="translate(0 7)">${face(genome, { feeling })}</g></svg>`;
}

export { avatar, face, genes, stream };
