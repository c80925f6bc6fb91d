// Strings that have broken other people's pages: some of our own, and the collections of
// ../shared/data (MATSURI_SHARED says where else). Without these the tests are skipped.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** The collections of real things, where they are. */
export const shared = process.env.MATSURI_SHARED ?? path.join(root, "../shared");

// `matsuri_fault` is what a Person's pages have for all that must not happen.
const ran = "matsuri_fault(1)";
const own = [
  // Markup, out of text, attributes, comments, raw text and what parsers change on the way.
  `<img src=x onerror=${ran}>`, `<svg onload=${ran}>`, `<script>${ran}</script>`, `"><script>${ran}</script>`,
  `' onmouseover=${ran} x='`, `" autofocus onfocus=${ran} x="`, `\` onload=${ran} \``,
  `</title><script>${ran}</script>`, `</textarea><svg onload=${ran}>`, `</script><script>${ran}//`,
  `</p></article><img src=x onerror=${ran}>`, `--!><svg onload=${ran}>`, `]]><svg onload=${ran}>`,
  `<math><mtext></p><style><!--</style><img src=x onerror=${ran}>`,
  `<noscript><p title="</noscript><svg onload=${ran}>">`, `<svg><style><img title="</style><svg onload=${ran}>">`,
  `<iframe srcdoc="<script>parent.${ran}</script>">`, "<iframe src=/docs></iframe>", "<object data=/docs>",
  "<meta http-equiv=refresh content=0;url=/docs>", "<base href=//evil.example/>",
  "<link rel=stylesheet href=//evil.example/x.css>", "<style>body{display:none}</style>",
  "<form action=/v1/sessions><button>Log in</button></form>", "<a href=//evil.example/>here</a>", "<plaintext>",
  "<input autofocus onfocus=1>", "<details open ontoggle=1>", "<!DOCTYPE html><html><body>", "<![CDATA[ x ]]>", "<?xml?>",
  // Addresses
  `javascript:${ran}`, `jaVa\u00adscript:${ran}`, `data:text/html,<script>${ran}</script>`, "//evil.example/x.js",
  "/docs", "../../docs", "?next=javascript:1", "#main",
  // Templates, escapes, other encodings, JSON, names that every object has
  `{{constructor.constructor('${ran}')()}}`, `\${${ran}}`, "<%= 7*7 %>", "#{7*7}", "%s%n%x", "$& $1 $`",
  `%3Cscript%3E${ran}%3C/script%3E`, "&lt;script&gt; &#60;b&#62; &amp;amp; &copy", "\\u003cscript\\u003e \\x3cb\\x3e",
  `+ADw-script+AD4-${ran}+ADw-/script+AD4-`, `{"__html":"<img src=x onerror=${ran}>"}`, "[object Object]", "__proto__",
  "constructor", "hasOwnProperty", "toString", "null", "undefined", "NaN", "true", "0", "-0", "1e9999", "\\", "\"", "'",
  // What would begin a line of ours: of server-sent events, of a header
  "data: {}\n\nevent: post_deleted\ndata: {}", "x\r\nSet-Cookie: a=b", "a\rb", "\u2028 \u2029",
  // Width and height
  "W".repeat(280), "i".repeat(280), "-".repeat(280), "/".repeat(280), "\u{fdfd}".repeat(280), "\u{1242b}".repeat(90),
  "\u{1031d}".repeat(90), "\u102a".repeat(90), "🏮".repeat(280), "👨‍👩‍👧‍👦".repeat(40), "\u00a0".repeat(120) + "end",
  "a\u00ad".repeat(140), "a\u2060".repeat(140), "line\n".repeat(50) + "end", `Z${"\u0300\u0316\u0489".repeat(90)}`,
  `\u0e01${"\u0e47".repeat(200)}`, "\ua673\u2de9".repeat(60), "\u0f73".repeat(90), `${"x".repeat(100)} ${"y".repeat(100)}`,
  // Directions
  "\u202egnp.exe", "\u2066".repeat(20) + "never closed", "\u2069\u2069\u202c out", "\u200f\u200fabc", "abc \u05d0\u05d1\u05d2 (1)",
  "\u061c123", "مرحبا <b> 123",
  // Nothing to see, or nothing that may be
  "", " ", "\t", "\u00a0", "\u200b", "\u200d", "\u2800", "\u3164", "\u115f", "\ufeff", "\u00ad", "\ufff9\ufffa\ufffb", "x\u0000y",
  "x\u0007y", "x\u007fy", "x\u0085y", "\ufffe", "\u{1ffff}", "\ud800", "a\udc00", "\ue000", "\u{e0001}", "\u{e0041}\u{e0042}",
  // Characters of many code points, and what NFC makes another of
  "e\u0301 \u1e14\u0304 \u212b \u2126 \ufb01", "\u0958\u0959\u095a", "\u1100\u1161\u11a8", "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
  "❤\ufe0f❤\ufe0e", "👍🏽", "🇯🇵🇯", "1\ufe0f\u20e3", "か\u3099", "葛\u{e0100}",
];

function text_of(file) {
  const data = readFileSync(path.join(shared, "data", file));
  return (file.endsWith(".gz") ? gunzipSync(data) : data).toString("utf8");
}

const from_hex = (list) => list.trim().split(/\s+/).map((one) => String.fromCodePoint(parseInt(one, 16))).join("");

/** As many of the parts in a row as a post takes. */
function rows(parts) {
  const all = [""];
  for (const part of parts) {
    if ([...`${all.at(-1)} ${part}`].length > 280) all.push("");
    all[all.length - 1] += all.at(-1) === "" ? part : ` ${part}`;
  }
  return all;
}

// Every 60th line is enough: that the texts come through at all is what is asked here.
function unicode() {
  const some = (lines) => lines.filter((line, at) => line !== "" && line[0] !== "#" && line[0] !== "@" && at % 60 === 0);
  const lines = (file) => text_of(`unicode/${file}`).split("\n");
  return [
    ...rows(some(lines("NormalizationTest.txt.gz")).map((line) => from_hex(line.split(";")[2]))),
    ...rows(some(lines("emoji-test.txt.gz")).map((line) => from_hex(line.split(";")[0]))),
    ...some(lines("GraphemeBreakTest.txt.gz")).map((line) => from_hex(line.split("#")[0].replace(/[÷×]/g, " "))),
  ];
}

export const has_collections = existsSync(path.join(shared, "data/naughty_strings/blns.json"));

/** All of them, each once. */
export const naughty_strings = () =>
  [...new Set([...own, ...JSON.parse(text_of("naughty_strings/blns.json")), ...unicode()])];
