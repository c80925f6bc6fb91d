// What stands between browsers and the server: it asks for reports of the content policy and keeps
// them, and looks at the head of every answer.
import { once } from "node:events";
import http from "node:http";

const report_path = "/the-tests-policy-reports";
// What our pages ask for. Anything else is asked for by a text that became an address.
const addresses = [/^\/v1\//, /^\/faces\/[0-9a-f]{16}\/[0-5](?:-figure)?\.svg$/, /^\/assets\//];

/** What is wrong with the head of an answer; nothing where all is well. */
export function wrong_with_head(target, status, headers) {
  const wrong = [];
  const type = headers["content-type"];
  const policy = headers["content-security-policy"] ?? "";
  const { pathname } = new URL(target, "http://server");
  const wanted = status >= 400 ? "application/problem+json"
      : pathname === "/v1/stream" ? "text/event-stream"
        : pathname.endsWith(".svg") ? "image/svg+xml"
          : pathname.endsWith(".png") ? "image/png"
            : pathname.startsWith("/v1/") ? "application/json"
              : pathname.startsWith("/assets/") ? { js: "text/javascript", css: "text/css" }[pathname.split(".").at(-1)]
                : "text/html";
  const has_type = status !== 204 && status !== 304;
  if (has_type && type?.split(";")[0] !== wanted) wrong.push(`type ${type}, not ${wanted}`);
  if (headers["x-content-type-options"] !== "nosniff") wrong.push("no nosniff");
  if (!policy.startsWith("default-src 'none'")) wrong.push(`policy "${policy}"`);
  if (wanted !== "text/html" && /script-src|style-src/.test(policy) && !pathname.startsWith("/assets/")) {
    wrong.push(`policy of a page: "${policy}"`);
  }
  if (/unsafe|\*/.test(policy)) wrong.push(`policy allows too much: "${policy}"`);
  return wrong.map((one) => `${target} ${status}: ${one}`);
}

export class Gate {
  /** Reports, answers with a wrong head, requests for what no page of ours asks for. Always empty. */
  faults = [];

  constructor(server) {
    this.agent = new http.Agent({ keepAlive: true });
    this.door = http.createServer((request, response) => {
      if (request.url === report_path) this.#report(request, response);
      else this.#pass(server, request, response);
    });
  }

  async open() {
    this.door.listen(0, "127.0.0.1");
    await once(this.door, "listening");
    this.url = `http://127.0.0.1:${this.door.address().port}`;
  }

  #report(request, response) {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      this.faults.push(`policy report: ${body}`);
      response.writeHead(204).end();
    });
  }

  #pass(server, request, response) {
    const { method, url, headers } = request;
    const is_page = headers["sec-fetch-mode"] === "navigate";
    if (!is_page && !addresses.some((one) => one.test(url))) this.faults.push(`a page asked for ${method} ${url}`);
    const onward = http.request({ host: "127.0.0.1", port: server.port, method, path: url, headers, agent: this.agent }, (answer) => {
      this.faults.push(...wrong_with_head(url, answer.statusCode, answer.headers));
      const policy = `${answer.headers["content-security-policy"]}; report-uri ${report_path}`;
      response.writeHead(answer.statusCode, { ...answer.headers, "content-security-policy": policy });
      answer.pipe(response);
    });
    response.on("close", () => onward.destroy());
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  }

  take_faults() {
    return this.faults.splice(0);
  }

  close() {
    this.door.close();
    this.door.closeAllConnections();
    this.agent.destroy();
  }
}
