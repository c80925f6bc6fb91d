// Everything without a mouse, and one always sees where one is.
import assert from "node:assert/strict";

const stops_max = 60;

/** Presses Tab, or another key, until the focus is on what `selector` finds; every stop on the way must be marked. */
export async function tab_to(page, selector, key = "Tab") {
  for (let stop = 0; stop < stops_max; ++stop) {
    await page.keyboard.press(key);
    const here = await page.evaluate((wanted) => {
      const at = document.activeElement;
      const style = getComputedStyle(at);
      // The body is no stop: the focus is there between the last and the first.
      const marked = at === document.body || style.outlineStyle !== "none";
      return { there: at.matches(wanted), marked, what: at.outerHTML.slice(0, 120) };
    }, selector);
    assert.ok(here.marked, `no visible focus: ${here.what}`);
    if (here.there) return;
  }
  assert.fail(`Tab does not lead to ${selector}`);
}

export const keyboard = {
  "sign up, post, and block with the keyboard alone": async (world) => {
    const other = await world.comes();
    await other.sign_up("loud_one");
    await other.post("somebody shouts");

    const person = await world.comes();
    const { page } = person;
    await person.visit_plaza();
    await tab_to(page, ".skip");
    await tab_to(page, "a[href='/signup']");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/signup");
    await page.locator("h1:focus").waitFor(); // Focus follows the page, a moment after its address.
    await tab_to(page, "#handle");
    await page.keyboard.type("no_mouse");
    await tab_to(page, "#name");
    await page.keyboard.type("No Mouse");
    await tab_to(page, "#password");
    await page.keyboard.type("only keys are used");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Tonight’s plaza" }).waitFor();
    await page.locator("h1:focus").waitFor();
    await tab_to(page, ".nav a[href='/communities']", "Shift+Tab");
    await page.keyboard.press("Enter");
    await page.locator("h1:focus").waitFor();
    await tab_to(page, ".common-link");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#say");
    await page.locator("h1:focus").waitFor();

    await tab_to(page, "#say");
    await page.keyboard.type("written with keys\nand sent with two");
    await page.keyboard.press("Control+Enter");
    await page.locator(".post-text", { hasText: "and sent with two" }).waitFor();
    await page.locator("#say:focus").waitFor();
    await page.keyboard.type("and with the button");
    await tab_to(page, ".composer button[type=submit]");
    await page.keyboard.press("Space");
    await person.sees("and with the button");

    const menu = "article:has-text('somebody shouts') .menu button";
    await page.focus("#say");
    await tab_to(page, "article .menu > button[aria-label*='loud_one']");
    await page.keyboard.press("Enter");
    await page.locator("[role=menuitem]:focus").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("[role=menuitem]").first().waitFor({ state: "detached" });
    await page.locator(`${menu}:focus`).waitFor();
    await page.keyboard.press("Enter");
    await page.locator("[role=menuitem]:focus", { hasText: "Mute" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.locator("[role=menuitem]:focus", { hasText: "Block" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("Block").first().waitFor();
    await page.locator(":focus", { hasText: "Cancel" }).waitFor(); // The safe choice.
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => !document.body.textContent.includes("somebody shouts"));
    await page.waitForFunction(() => document.activeElement !== document.body);
  },

  "the skip link leads past the bar": async (world) => {
    const guest = await world.comes();
    const { page } = guest;
    await page.goto("/login");
    await page.waitForSelector("#handle");
    await tab_to(page, ".skip");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "handle");
    assert.equal(await page.locator("h1").textContent(), "Log in");
  },
};
