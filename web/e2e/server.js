// A private server: own data folder, own port, own process, which is stopped by its id.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const binary = process.env.MATSURI_BINARY ?? path.join(root, "build/release/matsuri");

// Games are counted at night, which must not come while somebody looks at what was counted.
const far_from_now = new Date(Date.now() + 12 * 3_600_000).toISOString().slice(11, 16);
const usual = `[limits.address_sign_in]\nburst = 1000\nper_minute = 1000\n\n[analytics]\nat = "${far_from_now}"\n`;

export class Server {
  child = null;
  port = 0;

  constructor(config = usual) {
    if (!existsSync(binary)) {
      throw new Error(`${binary} is not there: ./dev build release matsuri, or set MATSURI_BINARY`);
    }
    this.folder = mkdtempSync(path.join(tmpdir(), "matsuri-e2e-"));
    this.data = path.join(this.folder, "data");
    // Everybody of a test comes from one address, within a minute.
    this.config = path.join(this.folder, "config.toml");
    writeFileSync(this.config, config);
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Runs one of the operator's commands on the data folder, which has to end well. */
  async run(...words) {
    const child = spawn(binary, [...words, "--data", this.data, "--config", this.config],
      { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (data) => (said += data));
    const [status] = await once(child, "close");
    if (status !== 0) throw new Error(`matsuri ${words[0]} ended with ${status}:\n${said}`);
  }

  /** Fills the data folder from files of docs/formats/import.md, while nobody serves from it. */
  import(...files) {
    return this.run("import", ...files);
  }

  /** Serves from the same data, after the first time on the same port. */
  async start() {
    const listen = `127.0.0.1:${this.port}`;
    const child = spawn(binary,
      ["serve", "--config", this.config, "--data", this.data, "--listen", listen],
      { stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    let said = "";
    const serving = new Promise((done, fail) => {
      const hear = (data) => {
        said += data;
        const port = /serving.*url=http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
        if (port !== undefined) done(Number(port));
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("error", fail);
      child.on("close", (status) => fail(new Error(`matsuri ended with ${status}:\n${said}`)));
    });
    this.port = await serving;
  }

  /** Asks it to end, and gives its exit status, or the signal that ended it. */
  async stop() {
    const { child } = this;
    if (child === null) return 0;
    this.child = null;
    const ended = once(child, "close");
    if (!child.kill("SIGTERM")) return child.exitCode ?? child.signalCode; // It had ended before.
    const [status, signal] = await ended;
    return status ?? signal;
  }

  async end() {
    const status = await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
    return status;
  }
}
