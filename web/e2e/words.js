// What people write is shown as written and does nothing; what is not taken comes back with its
// reason.
import assert from "node:assert/strict";
import { ground } from "./person.js";

const hostile = [
  "<img src=x onerror=alert(1)>",
  "\"><script>alert(1)</script>",
  "<svg/onload=alert(1)> <iframe src=javascript:alert(1)>",
  "javascript:alert(1) data:text/html,<script>alert(1)</script>",
  "{{constructor.constructor('alert(1)')()}} ${alert(1)} <%= 7*7 %>",
  "</p></article><style>body{display:none}</style><base href=//x>",
  "&lt;b&gt; &amp; <b onmouseover='alert(1)'>bold</b>",
  "[link](javascript:alert(1)) \u2028 \u2029 end",
];

export const words = {
  "markup in posts and names is text, and the content policy has nothing to stop": async (world) => {
    const writer = await world.comes();
    const reader = await world.comes();
    await reader.visit_ground();
    await writer.sign_up("little_bobby", "<img src=x onerror=alert(1)>");
    for (const text of hostile) await writer.post(text);
    for (const person of [writer, reader]) {
      await person.sees(hostile.at(-1));
      for (const text of hostile) assert.equal(await person.posts(text).count(), 1, text);
    }
    for (const path of [ground, "/settings"]) {
      await writer.page.goto(path);
      await writer.page.getByText("<img src=x onerror=alert(1)>").first().waitFor();
      // Faces are pictures of ours.
      const foreign = "img:not([src^='/faces/']), iframe, base, body script, body style, [onerror], [onload], [onmouseover]";
      assert.equal(await writer.page.locator(foreign).count(), 0);
    }
    await reader.page.locator("article time").first().click();
    await reader.page.waitForFunction(() => document.title.includes("<img src=x onerror=alert(1)>"));
  },

  "words that run from right to left turn nothing but themselves": async (world) => {
    const writer = await world.comes();
    await writer.sign_up("sara_1", "سارة");
    await writer.post("مساء الخير from the plaza \u202eelddim eht ni denrut");
    await writer.post("left first\nثم اليمين");
    const { page } = writer;
    await page.reload();
    await page.getByText("left first").waitFor();
    const shown = await page.evaluate(() => [...document.querySelectorAll("article")].slice(0, 2).map((one) => ({
      head: getComputedStyle(one.querySelector(".post-head b")).unicodeBidi,
      text: getComputedStyle(one.querySelector(".post-text")).unicodeBidi,
      name_left_of_handle: one.querySelector(".post-head b").getBoundingClientRect().left
        < one.querySelector(".handle").getBoundingClientRect().left,
    })));
    const whole = { head: "isolate", text: "plaintext", name_left_of_handle: true };
    assert.deepEqual(shown, [whole, whole]);
    await page.locator("article time").first().click();
    await page.waitForFunction(() => document.title.includes("\u2068سارة\u2069"));
  },

  "the same text at once is not taken: the text stays, with the reason": async (world) => {
    const writer = await world.comes();
    const { page } = writer;
    await writer.sign_up("says_twice");
    await writer.post("once is enough");
    await page.fill("#say", "once is enough");
    await page.click(".composer button[type=submit]");
    await page.getByRole("alert").getByText("You said the same a moment ago").waitFor();
    assert.equal(await page.inputValue("#say"), "once is enough");
    assert.ok(writer.take_refusals().every((one) => one === "POST /v1/communities/1/posts 409"));
    await page.reload();
    await writer.sees("once is enough");
    assert.equal(await writer.posts("once is enough").count(), 1);
    assert.equal(await page.inputValue("#say"), "once is enough");
  },

  "a post that was accepted and then refused comes back with its text and reason": async (world) => {
    const writer = await world.comes();
    const { page } = writer;
    await writer.sign_up("says_again");
    await writer.post("an echo");
    await writer.sees("an echo");
    // A server that has just started does not remember what was said; the view does, and decides.
    await world.server.stop();
    await world.server.start();
    await page.reload();
    await writer.sees("an echo");
    await page.fill("#say", "an echo");
    await page.click(".composer button[type=submit]");
    const notice = page.locator(".refused");
    await notice.getByText("You said the same a moment ago").waitFor();
    assert.equal(await notice.locator("blockquote").textContent(), "an echo");
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".post-text")].filter((one) => one.textContent === "an echo").length === 1);
    await page.getByRole("button", { name: "Put it back" }).click();
    assert.equal(await page.inputValue("#say"), "an echo");
    assert.equal(await notice.count(), 0);
    writer.take_refusals();
  },

  "a refusal that overtakes the answer to its post brings the text back all the same": async (world) => {
    const writer = await world.comes();
    const { page } = writer;
    await writer.sign_up("overtaken");
    await writer.post("twice around");
    await writer.sees("twice around");
    await world.server.stop();
    await world.server.start();
    await page.reload();
    await writer.sees("twice around");
    const other = await writer.open();
    await other.goto(ground);
    await other.waitForSelector("#say");
    await page.route("**/v1/communities/1/posts", async (route) => {
      const answer = await writer.arrives(route, other);
      await other.locator(".refused").waitFor(); // By now the stream has told everybody.
      await route.fulfill(answer);
    });
    await page.fill("#say", "twice around");
    await page.click(".composer button[type=submit]");
    await page.locator(".refused blockquote").waitFor();
    assert.equal(await page.locator(".refused blockquote").textContent(), "twice around");
    assert.equal(await page.locator(".refused").count(), 1);
    assert.equal(await writer.posts("twice around").count(), 1);
    assert.equal(await other.locator(".refused blockquote").count(), 0);
    await other.getByRole("button", { name: "Discard" }).click();
    assert.equal(await other.locator(".refused").count(), 0);
  },

  "what does not fit is counted and not sent": async (world) => {
    const writer = await world.comes();
    const { page } = writer;
    await writer.sign_up("long_words");
    await page.fill("#say", "🏮".repeat(281));
    await page.getByText("1 character too many").waitFor({ state: "attached" });
    const button = page.locator(".composer button[type=submit]");
    assert.equal(await button.getAttribute("aria-disabled"), "true");
    await page.press("#say", "Control+Enter");
    await page.fill("#say", "🏮".repeat(280));
    await page.press("#say", "Control+Enter");
    await writer.sees("🏮".repeat(280));
  },
};
