// Goal: the events do not depend on where the network cuts the bytes.
import assert from "node:assert/strict";
import test from "node:test";
import { EventParser, type ServerEvent } from "./sse";

const stream =
  "\ufeff: hello\n\nid: 7\nevent: post\ndata: {\"a\":1}\n\nid: 8\r\nevent:post\r\ndata: one\r\n" +
  "data:two\r\n\r\n: beat\n\ndata: plain\rid\r\revent: no data\nid: 9\n\ndata: cut off";

const expected: ServerEvent[] = [
  { id: "7", event: "post", data: "{\"a\":1}" },
  { id: "8", event: "post", data: "one\ntwo" },
  { id: "", event: "message", data: "plain" },
];

function parse(pieces: string[]): { events: ServerEvent[]; last_id: string } {
  const events: ServerEvent[] = [];
  const parser = new EventParser((event) => events.push(event));
  for (const piece of pieces) parser.push(piece);
  return { events, last_id: parser.last_id() };
}

test("a stream is the same events wherever it is cut once", () => {
  for (let cut = 0; cut <= stream.length; ++cut) {
    const { events, last_id } = parse([stream.slice(0, cut), stream.slice(cut)]);
    assert.deepEqual(events, expected, `cut at ${cut}`);
    assert.equal(last_id, "9");
  }
});

test("a stream is the same events letter by letter", () => {
  assert.deepEqual(parse([...stream]).events, expected);
});

test("an id with a zero byte is ignored, as the standard says", () => {
  assert.equal(parse(["id: 1\n\nid: 2\0\n\n"]).last_id, "1");
});
