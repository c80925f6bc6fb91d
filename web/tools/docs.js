// The API reference: api/openapi.yaml as one static page. Written by hand because the document is
// ours, and a library for all documents would weigh more than the app.

const escape = (text) => String(text)
  .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

/** The little Markdown that descriptions use: code, strong, emphasis, tables, paragraphs. */
export function markdown(text) {
  const inline = (line) => escape(line)
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replace(/\*([^*\s][^*]*)\*/g, "<em>$1</em>");
  return text.trim().split(/\n\s*\n/).map((block) => {
    const lines = block.split("\n");
    if (!lines.every((line) => line.startsWith("|"))) return `<p>${inline(lines.join(" "))}</p>`;
    const rows = lines.filter((line) => !/^\|[-| ]+\|$/.test(line)).map((line) =>
      line.slice(1, -1).split("|").map((cell) => inline(cell.trim())));
    const [head, ...body] = rows;
    return table(head, body);
  }).join("\n");
}

function table(head, rows) {
  if (rows.length === 0) return "";
  const cells = (row) => row.map((cell) => `<td>${cell}</td>`).join("");
  return `<div class="scroll" tabindex="0" role="region" aria-label="Table"><table class="tbl">`
    + `<thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join("")}</tr></thead>`
    + `<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("")}</tbody></table></div>`;
}

const code = (text) => `<code>${escape(text)}</code>`;

class Reference {
  constructor(document) {
    this.document = document;
  }

  resolve(node) {
    if (node?.$ref === undefined) return node;
    const found = node.$ref.slice(2).split("/").reduce((at, key) => at?.[key], this.document);
    if (found === undefined) throw new Error(`openapi.yaml: ${node.$ref} leads nowhere`);
    return found;
  }

  /** What a value is, in a few words, with a link where it has a name. */
  type(schema) {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.split("/").at(-1);
      return `<a href="#schema-${name}">${name}</a>`;
    }
    if (schema.const !== undefined) return code(JSON.stringify(schema.const));
    if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
    const choice = schema.oneOf ?? schema.anyOf;
    if (choice !== undefined) return choice.map((one) => this.type(one)).join(" or ");
    if (schema.allOf !== undefined) return schema.allOf.map((one) => this.type(one)).join(" and ");
    if (schema.type === "array") return `list of ${this.type(schema.items)}`;
    return escape([schema.type ?? "any"].flat().join(" or "));
  }

  /** Every bound that a schema sets. */
  limits(schema) {
    const said = [];
    const range = (low, high, unit) => {
      if (low === undefined && high === undefined) return;
      if (low === undefined) said.push(`at most ${high}${unit}`);
      else if (high === undefined) said.push(`at least ${low}${unit}`);
      else said.push(`${low} to ${high}${unit}`);
    };
    range(schema.minLength, schema.maxLength, " characters");
    range(schema.minimum, schema.maximum, "");
    range(schema.minItems, schema.maxItems, " items");
    if (schema.pattern !== undefined) said.push(code(schema.pattern));
    if (schema.format !== undefined) said.push(escape(schema.format));
    if (schema.default !== undefined) said.push(`default ${code(schema.default)}`);
    return said.join("; ");
  }

  properties(schema) {
    const parts = schema.allOf === undefined ? [schema] : schema.allOf.map((p) => this.resolve(p));
    return parts.flatMap((part) => part.allOf !== undefined ? this.properties(part)
      : Object.entries(part.properties ?? {}).map(([name, value]) => {
        const whole = { ...this.resolve(value), ...value };
        const about = [this.limits(whole), inline_text(value.description ?? "")];
        return [
          code(name) + (part.required?.includes(name) ? "" : ' <span class="faint">optional</span>'),
          this.type(value), about.filter(Boolean).join(". "),
        ];
      }));
  }

  schema(name, schema) {
    const rows = this.properties(schema);
    const examples = (schema.examples ?? []).map(code).join(", ");
    const plain = rows.length === 0
      ? `<p>${[this.type(schema), this.limits(schema)].filter(Boolean).join("; ")}`
        + `${examples && `. For example ${examples}`}</p>` : "";
    return `<section class="schema" id="schema-${name}"><h3>${name}</h3>`
      + `${schema.description === undefined ? "" : markdown(schema.description)}${plain}`
      + `${table(["Field", "Type", "Limits and meaning"], rows)}</section>`;
  }

  parameters(operation, shared) {
    const all = [...shared, ...(operation.parameters ?? [])].map((one) => this.resolve(one));
    return table(["Parameter", "In", "Type", "Limits and meaning"], all.map((one) => [
      code(one.name) + (one.required ? "" : ' <span class="faint">optional</span>'), one.in,
      this.type(one.schema),
      [this.limits({ ...this.resolve(one.schema), ...one.schema }), inline_text(one.description ?? "")]
        .filter(Boolean).join(". "),
    ]));
  }

  body_type(content) {
    return Object.entries(content ?? {})
      .map(([type, media]) => `${this.type(media.schema)} <span class="faint">${type}</span>`)
      .join("<br>");
  }

  // Every error has the same body, so its code and meaning are all there is to say of it.
  responses(operation) {
    return table(["Status", "Meaning", "Body", "Headers"],
      Object.entries(operation.responses).map(([status, ref]) => {
        const response = this.resolve(ref);
        const good = Number(status) < 400;
        const provoked = response["x-provoked-by"];
        return [
          `<span class="badge ${good ? "ok" : "bad"}">${status}</span>`,
          inline_text(response.description) + (provoked ? ` ${inline_text(provoked)}` : ""),
          good ? this.body_type(response.content) : '<a href="#schema-Problem">Problem</a>',
          Object.keys(response.headers ?? {}).map(code).join("<br>"),
        ];
      }));
  }

  rate(operation) {
    const name = operation["x-rate-limit"];
    if (name === undefined) return "";
    const rate = this.document["x-rate-limits"][name];
    return `<p class="small">Rate <b>${escape(name)}</b>: ${Object.entries(rate).map(([per, one]) =>
      `${one.at_once} at once, then ${one.per_minute} a minute, per ${escape(per)}`).join("; ")}.</p>`;
  }

  who(operation) {
    const security = operation.security ?? this.document.security;
    if (security.length === 1 && Object.keys(security[0]).length === 0) return "";
    const open = security.some((one) => Object.keys(one).length === 0);
    return `<span class="badge">${open ? "open to all" : "signed in"}</span>`;
  }

  operation(method, path, operation, shared) {
    const kind = operation["x-kind"];
    const badge = { read: "info", deferred: "warn", strict: "lit" }[kind];
    const body = operation.requestBody === undefined ? ""
      : `<p>Body: ${this.body_type(operation.requestBody.content)}</p>`;
    return `<section class="card op" id="${operation.operationId}">`
      + `<h3>${escape(operation.summary)}</h3>`
      + `<p class="op-line"><code><b>${method.toUpperCase()}</b> ${escape(path)}</code> `
      + `<span class="badge ${badge}">${kind}</span> ${this.who(operation)}</p>`
      + `${operation.description === undefined ? "" : markdown(operation.description)}`
      + `${this.rate(operation)}${this.parameters(operation, shared)}${body}`
      + `${this.responses(operation)}</section>`;
  }

  operations() {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      ["post", "get", "put", "patch", "delete"].filter((method) => item[method]).map((method) => ({
        tag: item[method].tags[0], id: item[method].operationId, summary: item[method].summary,
        html: this.operation(method, path, item[method], item.parameters ?? []),
      })));
  }
}

function inline_text(text) {
  return markdown(text || " ").replace(/^<p>|<\/p>$/g, "").trim();
}

/** The page. `{{name}}` stands for the address of an asset. */
export function docs_page(document) {
  const reference = new Reference(document);
  const operations = reference.operations();
  const of_tag = (tag) => operations.filter((one) => one.tag === tag);
  const contents = document.tags.map((tag) =>
    `<li><a href="#tag-${tag.name}">${tag.name}</a><ul>`
    + of_tag(tag.name).map((one) => `<li><a href="#${one.id}">${escape(one.summary)}</a></li>`).join("")
    + "</ul></li>").join("");
  const sections = document.tags.map((tag) =>
    `<section class="stack" aria-labelledby="tag-${tag.name}">`
    + `<h2 id="tag-${tag.name}">${tag.name[0].toUpperCase()}${tag.name.slice(1)}</h2>`
    + `<p class="quiet">${inline_text(tag.description)}</p>`
    + `${of_tag(tag.name).map((one) => one.html).join("\n")}</section>`).join("\n");
  const rates = table(["Rate", "Per", "At once", "A minute"],
    Object.entries(document["x-rate-limits"]).flatMap(([name, rate]) =>
      Object.entries(rate).map(([per, one]) =>
        [code(name), escape(per), one.at_once, one.per_minute])));
  const anywhere = table(["Status", "Code", "Meaning"],
    Object.entries(document["x-any-operation"]).map(([status, one]) =>
      [`<span class="badge bad">${status}</span>`, code(one.code), inline_text(one.description)]));
  const schemas = Object.entries(document.components.schemas)
    .filter(([name]) => !name.endsWith("Problem") || name === "Problem")
    .map(([name, schema]) => reference.schema(name, schema)).join("\n");
  return `<!doctype html>
<html lang="en" data-fixed-lang>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="dark light">
<title>API reference · Matsuri</title>
<script src="{{first.js}}"></script>
<link rel="icon" href="{{lantern.svg}}" type="image/svg+xml">
<link rel="stylesheet" href="{{docs.css}}">
</head>
<body>
<a class="skip" href="#main">Skip to the page</a>
<header class="top"><div class="top-in"><a class="brand" href="/"><svg viewBox="0 0 26 34" aria-hidden="true"><path d="M13 0v4M9 30h8M13 30v4" stroke="currentColor" stroke-width="1.6"/><path d="M8 5h10c5 4 7 7 7 12s-2 8-7 12H8c-5-4-7-7-7-12S3 9 8 5Z" fill="var(--lantern)"/><path d="M3 11q10 3 20 0M1 17q12 3 24 0M3 23q10 3 20 0" fill="none" stroke="#7a2f0c" stroke-opacity=".5"/></svg> Matsuri <span class="kanji" lang="ja" aria-hidden="true">祭り</span></a><nav class="nav docs-nav" aria-label="Main"><a href="/">Plaza</a><a href="/docs" aria-current="page">API</a></nav></div></header>
<main id="main"><div class="docs">
<nav class="toc" aria-label="Contents"><ul>${contents}<li><a href="#limits">limits</a></li><li><a href="#schemas">schemas</a></li></ul></nav>
<div class="stack docs-body">
<header class="stack"><h1>API reference</h1><p class="quiet">${escape(document.info.summary)} Version ${escape(document.info.version)}. The same as a file: <a href="/openapi.yaml">openapi.yaml</a>.</p></header>
<section class="card intro">${markdown(document.info.description)}</section>
${sections}
<section class="card" aria-labelledby="limits"><h2 id="limits">Limits</h2><p>A body is at most ${document["x-body-bytes-max"]} bytes.</p>${rates}<h2>Errors of any operation</h2>${anywhere}</section>
<section class="card" aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>${schemas}</section>
</div></div></main>
</body>
</html>
`;
}
