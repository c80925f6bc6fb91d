// Bundles every *.test.ts beside the code and runs it with node:test.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const web = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const out = path.join(web, "node_modules/.test");

function tests_in(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : tests_in(full);
    return /\.test\.tsx?$/.test(entry.name) ? [full] : [];
  });
}

const found = ["app", "features", "lib", "ui", "../sdk/ts/src"]
  .flatMap((folder) => tests_in(path.join(web, folder)));
rmSync(out, { recursive: true, force: true });
await build({
  absWorkingDir: web,
  entryPoints: found.map((file) => ({
    in: file, out: path.relative(path.dirname(web), file).replace(/[\\/]/g, "-").replace(/\.tsx?$/, ""),
  })),
  outdir: out, outExtension: { ".js": ".mjs" }, bundle: true, platform: "node", format: "esm",
  target: "node18", jsx: "automatic", jsxImportSource: "preact", logLevel: "warning",
  nodePaths: [path.join(web, "node_modules")], external: ["yaml"],
  // Browsers have it, and so has Node from 19 on.
  banner: { js: 'import { webcrypto } from "node:crypto"; globalThis.crypto ??= webcrypto;' },
});
const bundled = readdirSync(out).map((file) => path.join(out, file));
const own = readdirSync(path.join(web, "tools")).filter((file) => file.endsWith(".test.js"))
  .map((file) => path.join(web, "tools", file));
// Node 18 has no time limit for a test that never ends.
const run = spawnSync(process.execPath, ["--test", ...bundled, ...own],
  { stdio: "inherit", cwd: web, timeout: 180_000 });
process.exit(run.status ?? 1);
