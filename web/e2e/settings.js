// What one decides about oneself takes effect at once.
import assert from "node:assert/strict";

async function ask(server, path, token) {
  const answer = await fetch(server.url + path, { headers: { Authorization: `Bearer ${token}` } });
  return { status: answer.status, body: await answer.json() };
}

export const settings = {
  "a block hides posts where one stands, and an unblock gives them back": async (world) => {
    const reader = await world.comes();
    const noisy = await world.comes();
    const quiet = await world.comes();
    await noisy.sign_up("noisy_one", "Noisy");
    await quiet.sign_up("quiet_one", "Quiet");
    await noisy.post("first noise");
    await reader.sign_up("reader_one", "Reader");
    await reader.sees("first noise");
    const { page } = reader;
    await page.locator("article", { hasText: "first noise" }).locator(".menu > button").click();
    await page.getByRole("menuitem", { name: "Block @noisy_one" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
    await page.getByText("@noisy_one is blocked.").waitFor();
    assert.equal(await reader.posts("first noise").count(), 0);
    await noisy.post("second noise");
    await quiet.post("a quiet word");
    await reader.sees("a quiet word");
    assert.equal(await reader.posts("second noise").count(), 0);
    // In both directions: whoever is blocked does not read the other either.
    await reader.post("out of earshot");
    await quiet.sees("out of earshot");
    await noisy.page.reload();
    await noisy.sees("a quiet word");
    assert.equal(await noisy.posts("out of earshot").count(), 0);

    await page.reload();
    await reader.sees("a quiet word");
    assert.equal(await page.getByText("noise").count(), 0);
    await page.getByRole("link", { name: "Settings" }).first().click();
    await page.getByRole("button", { name: "Unblock @noisy_one" }).click();
    await page.getByLabel("People you block").getByText("Nobody.").waitFor();
    await reader.visit_ground();
    await reader.sees("first noise");
    await reader.sees("second noise");
  },

  "what arrives while a busy device still draws is shown": async (world) => {
    const person = await world.comes();
    const { page } = person;
    await person.sign_up("slow_phone");
    // The browser calls back late, as it does under load: the answers are there long before.
    await page.addInitScript(() => {
      const [frame, timeout] = [requestAnimationFrame, setTimeout];
      window.requestAnimationFrame = (callback) => timeout(() => frame(callback), 500);
      window.setTimeout = (callback, ms, ...more) =>
        timeout(callback, ms !== undefined && ms <= 100 ? 500 : ms, ...more);
    });
    await page.goto("/settings");
    await page.getByRole("button", { name: "Log out here" }).waitFor();
    await page.getByText("No tokens.").waitFor();
  },

  "a new name stands on old posts": async (world) => {
    const person = await world.comes();
    const { page } = person;
    await person.sign_up("two_names", "First Name");
    await person.post("signed with a name");
    await page.goto("/settings");
    await page.fill("#name", "  Second Name ");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    assert.equal(await page.inputValue("#name"), "Second Name");
    await person.visit_ground();
    const card = page.locator("article", { hasText: "signed with a name" });
    await card.waitFor();
    assert.equal(await card.locator(".post-head b").textContent(), "Second Name");
    await page.goto("/settings");
    await page.fill("#name", " ");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("1 to 40 characters.").waitFor();
  },

  "a session that is closed from elsewhere is over": async (world) => {
    const here = await world.comes();
    const there = await world.comes();
    await here.sign_up("two_places");
    await there.log_in("two_places", here.password);
    await there.page.fill("#say", "I am not finished");
    await here.page.goto("/settings");
    const rows = here.page.locator("section", { hasText: "Where you are logged in" }).locator("li");
    await rows.nth(1).waitFor();
    assert.equal(await rows.count(), 2);
    await rows.filter({ hasNotText: "this device" }).getByRole("button").click();
    await here.page.getByText("Logged out.").waitFor();
    await here.page.waitForFunction(() => document.querySelectorAll("#sessions ~ .rows li").length === 1);

    await there.page.click(".composer button[type=submit]");
    await there.page.getByText("You were logged out. What you wrote is kept").waitFor();
    await there.page.getByText("Come in").waitFor();
    assert.deepEqual(there.take_refusals(), ["POST /v1/communities/1/posts 401"]);
    await there.page.getByRole("status").getByRole("button", { name: "Log in" }).click();
    await there.log_in("two_places", here.password);
    assert.equal(await there.page.inputValue("#say"), "I am not finished");

    await here.page.getByRole("button", { name: "Log out everywhere" }).click();
    await here.page.getByRole("dialog").getByRole("button", { name: "Log out everywhere" }).click();
    await here.page.waitForSelector(".nav a[href='/login']");
    await there.page.reload();
    await there.page.getByText("Come in").waitFor();
    assert.deepEqual(there.take_refusals().filter((one) => !one.includes("stream")), ["GET /v1/accounts/me 401"]);
  },

  "a token is shown once, works, and stops working when it is revoked": async (world) => {
    const person = await world.comes();
    const { page } = person;
    await person.sign_up("has_robots", "Has Robots");
    await page.goto("/settings");
    await page.fill("#token-label", "a robot");
    await page.getByRole("button", { name: "Make a token" }).click();
    const token = await page.locator("#made-token").textContent();
    assert.match(token, /^mt_/);
    const me = await ask(world.server, "/v1/accounts/me", token);
    assert.equal(me.status, 200);
    assert.equal(me.body.handle, "has_robots");
    await page.reload();
    await page.getByRole("button", { name: "Revoke" }).waitFor();
    assert.ok(!(await page.content()).includes(token));
    await page.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByText("No tokens.").waitFor();
    assert.equal((await ask(world.server, "/v1/accounts/me", token)).status, 401);
  },
};
