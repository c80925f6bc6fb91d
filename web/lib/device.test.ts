// Goal: the browsers people use are called what people call them.
import assert from "node:assert/strict";
import test from "node:test";
import { device_of } from "./device";

test("common browsers and programs", () => {
  const mozilla = "Mozilla/5.0 ";
  const webkit = " AppleWebKit/537.36 (KHTML, like Gecko) ";
  const cases: [string, string | undefined, string | undefined][] = [
    [`${mozilla}(X11; Linux x86_64)${webkit}Chrome/130.0 Safari/537.36`, "Chrome", "Linux"],
    [`${mozilla}(Windows NT 10.0)${webkit}Chrome/130 Safari/537 Edg/130.0`, "Edge", "Windows"],
    [`${mozilla}(iPhone; CPU iPhone OS 17_0 like Mac OS X)${webkit}Version/17.0 Safari/604.1`,
      "Safari", "iOS"],
    [`${mozilla}(Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0`, "Firefox", "Android"],
    ["curl/8.0", "curl", undefined],
    ["", undefined, undefined],
  ];
  for (const [agent, browser, system] of cases) {
    const device = device_of(agent);
    assert.equal(device.browser, browser, agent);
    assert.equal(device.system, system, agent);
  }
});
