// Builds web/dist: hashed and precompressed assets, index.html, the API reference, and assets.json,
// which tells the server what there is. `--types` makes only the client's types.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import openapi_ts, { astToString } from "openapi-typescript";
import { parse } from "yaml";
import { docs_page } from "./docs.js";

const web = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const dist = path.join(web, "dist");
const openapi = path.join(web, "../api/openapi.yaml");
const types = path.join(web, "../sdk/ts/src/generated/api.ts");

// Smaller files gain nothing over the headers that say how they are encoded.
const compress_size_min = 256;

const media_types = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".yaml": "application/yaml",
};

// The addresses that are pages of the app: the server answers index.html for them.
const routes = [
  "/", "/signup", "/login", "/settings", "/notifications", "/timeline", "/play", "/points", "/checkin",
  "/support", "/studio/analytics", "/studio/broadcast", "/posts/{id}",
  "/communities", "/communities/{id}", "/communities/{id}/hot", "/communities/{id}/popular",
  "/communities/{id}/edit", "/titles/new", "/titles/{id}/edit", "/titles/{id}/communities/new",
  "/people/{handle}", "/people/{handle}/drawings", "/people/{handle}/empathies",
  "/people/{handle}/followers", "/people/{handle}/following",
];

async function write_types() {
  // What has a default may be left out of what is sent.
  const ast = await openapi_ts(new URL(`file://${openapi}`), { defaultNonNullable: false });
  const head = "// Made from api/openapi.yaml by web/tools/build.js. Do not edit.\n";
  await mkdir(path.dirname(types), { recursive: true });
  await writeFile(types, head + astToString(ast));
}

class Dist {
  assets = [];

  /** Writes a file with its compressed twins. `url` is where the server shows it. */
  async add(file, url, content, immutable) {
    const bytes = Buffer.from(content);
    const asset = { path: url, file, type: media_types[path.extname(file)], size: bytes.length };
    asset.immutable = immutable;
    asset.encodings = {};
    await mkdir(path.dirname(path.join(dist, file)), { recursive: true });
    await writeFile(path.join(dist, file), bytes);
    if (bytes.length >= compress_size_min) {
      const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
      for (const [name, ending, twin] of [
        ["br", ".br", brotliCompressSync(bytes, brotli)], ["gzip", ".gz", gzipSync(bytes, { level: 9 })],
      ]) {
        if (twin.length >= bytes.length) continue;
        await writeFile(path.join(dist, file + ending), twin);
        asset.encodings[name] = file + ending;
      }
    }
    this.assets.push(asset);
  }

  /** The same under a name that changes with the content, so that it never expires. */
  async add_hashed(name, content) {
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
    const { name: stem, ext } = path.parse(name);
    const file = `assets/${stem}.${hash}${ext}`;
    await this.add(file, `/${file}`, content, true);
    return `/${file}`;
  }
}

const common = {
  absWorkingDir: web,
  outdir: dist,
  bundle: true,
  write: false,
  minify: true,
  target: ["es2021", "chrome100", "firefox100", "safari15.4"],
  legalComments: "none",
  charset: "utf8",
};

// What is whole by itself: the script before the first paint, and the styles.
async function bundle() {
  const result = await build({
    ...common,
    entryPoints: {
      first: "app/first.ts", "app-style": "ui/app.css", docs: "ui/docs.css", play: "features/play/play.css",
      checkin: "features/checkin/checkin.css",
      support: "features/support/support.css",
      studio: "features/studio/studio.css",
    },
    format: "iife",
  });
  return Object.fromEntries(
    result.outputFiles.map((file) => [path.basename(file.path), file.contents]));
}

// The app, in parts that come when they are needed. They name each other, so esbuild itself has to
// name them by their content. Gives the address of the first, and of those that it cannot do without.
// `styles` says where those of pages are.
async function add_app(out, styles) {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: { app: "app/main.tsx" },
    entryNames: "assets/[name].[hash]",
    chunkNames: "assets/[name].[hash]",
    format: "esm",
    splitting: true,
    metafile: true,
    define: Object.fromEntries(Object.entries(styles).map(([name, url]) => [name, JSON.stringify(url)])),
    jsx: "automatic",
    jsxImportSource: "preact",
  });
  for (const { path: full, contents } of outputFiles) {
    const file = path.relative(dist, full);
    await out.add(file, `/${file}`, contents, true);
  }
  const { outputs } = metafile;
  const app = Object.keys(outputs).find((name) => outputs[name].entryPoint === "app/main.tsx");
  const needed = new Set();
  const need = (name) => {
    for (const { path: of, kind } of outputs[name].imports) {
      if (kind !== "import-statement" || needed.has(of)) continue;
      needed.add(of);
      need(of);
    }
  };
  need(app);
  const url = (name) => `/${path.relative("dist", name)}`;
  return { app: url(app), needed: [...needed].map(url) };
}

async function write_dist() {
  const files = await bundle();
  await rm(dist, { recursive: true, force: true });
  const out = new Dist();
  const { app, needed } = await add_app(out, {
    play_css: await out.add_hashed("play.css", files["play.css"]),
    checkin_css: await out.add_hashed("checkin.css", files["checkin.css"]),
    support_css: await out.add_hashed("support.css", files["support.css"]),
    studio_css: await out.add_hashed("studio.css", files["studio.css"]),
  });
  const urls = {
    "app.js": app,
    preload: needed.map((url) => `<link rel="modulepreload" href="${url}">\n`).join(""),
    "first.js": await out.add_hashed("first.js", files["first.js"]),
    "app.css": await out.add_hashed("app.css", files["app-style.css"]),
    "docs.css": await out.add_hashed("docs.css", files["docs.css"]),
    "lantern.svg": await out.add_hashed("lantern.svg", await readFile(path.join(web, "ui/lantern.svg"))),
  };
  const fill = (html) => html.replace(/\{\{([a-z.]+)\}\}/g, (_, name) => {
    if (urls[name] === undefined) throw new Error(`No asset ${name}`);
    return urls[name];
  });
  const index = await readFile(path.join(web, "app/index.html"), "utf8");
  await out.add("index.html", "/index.html", fill(index), false);
  const source = await readFile(openapi, "utf8");
  await out.add("docs.html", "/docs", fill(docs_page(parse(source))), false);
  await out.add("openapi.yaml", "/openapi.yaml", source, false);
  const manifest = { assets: out.assets, routes, index: "index.html" };
  await writeFile(path.join(dist, "assets.json"), `${JSON.stringify(manifest, null, 1)}\n`);
}

await write_types();
if (!process.argv.includes("--types")) await write_dist();
