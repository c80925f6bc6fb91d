// What is behind the lanterns: night, or the paper of the morning, and hills.
const stars = [
  [90, 60, 1.2], [210, 120, 0.9], [330, 40, 1.3], [470, 90, 0.8], [590, 34, 1.1], [700, 110, 1.2],
  [830, 52, 0.9], [960, 140, 1], [1010, 36, 1.4], [1330, 170, 1], [1390, 60, 1.2], [1120, 190, 0.9],
  [150, 210, 1], [540, 190, 1],
] as const;

// A firework: sparks from `inner` to `outer` around a middle, every other one a little shorter.
function burst(x: number, y: number, inner: number, outer: number, count: number): string {
  return Array.from({ length: count }, (_, at) => {
    const turn = (at / count) * 2 * Math.PI;
    const end = at % 2 === 0 ? outer : outer * 0.94;
    const point = (r: number) => `${(x + r * Math.sin(turn)).toFixed(1)} ${(y - r * Math.cos(turn)).toFixed(1)}`;
    return `M${point(inner)}L${point(end)}`;
  }).join("");
}

const bursts = burst(960, 198, 33, 67, 16) + burst(1080, 306, 15, 33, 8);

export function Sky() {
  return (
    <svg class="sky" viewBox="0 0 1440 544" preserveAspectRatio="xMidYMin slice" aria-hidden="true">
      <defs>
        <radialGradient id="halo">
          <stop offset=".3" stop-color="#ffe9bd" stop-opacity=".2" />
          <stop offset="1" stop-color="#ffe9bd" stop-opacity="0" />
        </radialGradient>
      </defs>
      <g class="stars">{stars.map(([x, y, r]) => <circle key={x} cx={x} cy={y} r={r} />)}</g>
      <circle cx="1220" cy="104" r="120" fill="url(#halo)" />
      <circle class="moon" cx="1220" cy="104" r="36" />
      <path class="burst" d={bursts} />
      <path class="hill-1" d="M0 420C160 340 300 330 440 390 560 300 700 290 860 372 980 320 1160 280 1440 380V544H0Z" />
      <path class="hill-2" d="M0 470C220 410 380 420 560 452 760 400 980 400 1120 448 1240 420 1360 420 1440 440V544H0Z" />
    </svg>
  );
}
