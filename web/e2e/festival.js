// A small festival for the plaza: titles, and people who said something under each. For import.
const lanterns = [
  ["Kite Courier", "紙凧飛脚", "凧", 12], ["Thunder Drum Union", "雷太鼓組", "鼓", 9], ["Night Stall Noodles", "夜鳴きそば日和", "麺", 7],
  ["Lantern Reef", "ともしび珊瑚", "", 5], ["Snail Mail Railway", "かたつむり鉄道", "蝸", 4],
  ["Hollow Signal Tower", "からっぽ信号塔", "塔", 3], ["Harbour of Cats", "猫みなと", "猫", 2], ["Star Tram", "星の市電", "星", 1],
];
const sayings = [
  ["Delivered a whole piano by kite. The wind was kind.", "en"], ["風がやさしい日でした。", "ja"],
  ["Who keeps leaving dumplings on the shrine roof?", "en"], ["夜の便、やっと解放！", "ja"],
];
const kite = { strokes: [
  { pen: 2, points: [700, 100, 0, 900, 300, 200, 740, 560, 400, 560, 300, 600, 700, 100, 800] },
  { pen: 1, points: [740, 560, 900, 700, 640, 1000, 640, 720, 1100] },
] };

/** Lines of docs/formats/import.md; the first lantern has most people. `now_ms` is when it is read. */
export function festival(now_ms) {
  let before_ms = 3_600_000;
  const time = () => new Date(now_ms - (before_ms -= 10_000)).toISOString();
  const line = (kind, id, more) => ({ kind, source: "festival", id, created_at: time(), ...more });
  const people = Array.from({ length: 12 }, (_, at) =>
    line("user", `u${at}`, { handle: `guest_${at}`, name: at % 2 === 0 ? `Guest ${at}` : `客 ${at}` }));
  const places = lanterns.flatMap(([en, ja, crest], at) => [
    line("title", `t${at}`, { names: { en, ja }, crest, platforms: ["pc"], publisher: "Paper Works" }),
    line("community", `c${at}`, { community_kind: "main", title: `t${at}`, names: { en, ja } }),
  ]);
  const posts = lanterns.flatMap(([, , , count], at) => Array.from({ length: count }, (_, who) => {
    const [text, language] = sayings[who % sayings.length];
    const drawn = who === 2 ? { drawing: kite } : {};
    return line("post", `p${at}-${who}`, { author: `u${who}`, in: `c${at}`, text: `${text} (${who + 1})`, language, ...drawn });
  }));
  return [...people, ...places, ...posts].map((one) => JSON.stringify(one)).join("\n") + "\n";
}
