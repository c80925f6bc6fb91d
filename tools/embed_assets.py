#!/usr/bin/env python3
"""Makes C++ of the built web client, so that the server carries it and needs no folder of files.

    embed_assets.py DIST OUT

DIST holds assets.json, as web/tools/build.js writes it: {"assets": [{"path", "file", "type",
"immutable", "encodings": {"gzip": file, "br": file}}], "routes": [...], "index": file}.
OUT gets web_assets.h and web_assets.cc. The bytes come in by .incbin, so a change of a file must
change web_assets.cc: it names the hash of each.
"""
import hashlib
import json
import pathlib
import sys

HEADER = """\
// The web client, inside the program. Made by tools/embed_assets.py. Do not edit.
#pragma once

#include <span>
#include <string_view>

#include "http/server.h"

namespace matsuri {

struct WebAssets {
  std::span<const http::StaticFile> files;
  std::span<const std::string_view> page_routes;
};

WebAssets web_assets();

}  // namespace matsuri
"""


def literal(text):
    for c in text:
        if not " " <= c <= "~":
            sys.exit(f"embed_assets: {text!r} is not plain ASCII")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def embed(dist, manifest):
    """The .incbin blocks, their declarations, and the rows of the table."""
    blocks, declarations, rows = [], [], []

    def add(file):
        content = (dist / file).read_bytes()
        symbol = f"matsuri_web_asset_{len(blocks)}"
        path = literal(str((dist / file).resolve()))
        blocks.append(
            f"// {file} {hashlib.sha256(content).hexdigest()}\n"
            f"asm(R\"(\n.pushsection .rodata.{symbol},\"a\",@progbits\n.balign 16\n"
            f".hidden {symbol}\n.globl {symbol}\n{symbol}:\n.incbin {path}\n.byte 0\n"
            f".popsection\n)\");"
        )
        declarations.append(f"extern const std::byte {symbol}[];")
        return f"Bytes({symbol}, {len(content)})", hashlib.sha256(content).hexdigest()[:16]

    for asset in manifest["assets"]:
        encodings = asset.get("encodings", {})
        identity, tag = add(asset["file"])
        gzip = add(encodings["gzip"])[0] if "gzip" in encodings else "Bytes()"
        brotli = add(encodings["br"])[0] if "br" in encodings else "Bytes()"
        # The index is what "/" and every page of the app answer.
        paths = [asset["path"]]
        if asset["file"] == manifest["index"]:
            paths.append("/")
        for path in paths:
            immutable = "true" if asset["immutable"] else "false"
            rows.append(
                f"      {{.path = {literal(path)}, .content_type = {literal(asset['type'])},\n"
                f"       .etag = {literal(tag)}, .immutable = {immutable},\n"
                f"       .identity = {identity}, .gzip = {gzip}, .brotli = {brotli}}},"
            )
    return blocks, declarations, rows


def source_of(dist):
    manifest = json.loads((dist / "assets.json").read_text())
    blocks, declarations, rows = embed(dist, manifest)
    routes = ", ".join(literal(route) for route in manifest["routes"])
    lines = ["// Made by tools/embed_assets.py. Do not edit.", '#include "web_assets.h"', ""]
    lines += blocks
    lines += ["", 'extern "C" {'] + declarations + ["}", "", "namespace matsuri {", ""]
    lines += ["WebAssets web_assets() {", "  static const http::StaticFile files[] = {"] + rows
    lines += ["  };", f"  static constexpr std::string_view page_routes[] = {{{routes}}};"]
    lines += ["  return {.files = files, .page_routes = page_routes};", "}", ""]
    lines += ["}  // namespace matsuri", ""]
    return "\n".join(lines)


def write_changed(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    dist, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    write_changed(out / "web_assets.h", HEADER)
    write_changed(out / "web_assets.cc", source_of(dist))


if __name__ == "__main__":
    main()
