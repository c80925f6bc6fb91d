// One's points: what there is, and what became of them, in every look and language.
import assert from "node:assert/strict";
import path from "node:path";
import { problems_of_page } from "./checks.js";
import { new_key } from "./keys.js";
import { settle, small } from "./looks.js";
import { desktop, phone } from "./person.js";

/** What the API does for whoever has the page open; gives its answer. */
function send(person, method, address, body) {
  return person.page.evaluate(async ([way, to, what]) => {
    const headers = what === undefined ? {} : { "Content-Type": "application/json" };
    const answer = await fetch(`/v1/points/${to}`, {
      method: way, headers, body: what === undefined ? undefined : JSON.stringify(what),
    });
    if (!answer.ok) throw new Error(`${to}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }, [method, address, body]);
}

async function a_shop(world, handle, name) {
  const admin = await world.comes();
  await admin.sign_up(handle);
  await admin.rises();
  const title = (await admin.make_title({ en: "Lantern Quest" })).id;
  await send(admin, "POST", "campaigns", { key: new_key(), name: `${name}-2026`, title, budget: 5000 });
  await send(admin, "POST", "sinks", { key: new_key(), name, title });
  return admin;
}

export const points = {
  "points are shown with what became of them": async (world, shots) => {
    const admin = await a_shop(world, "points_admin", "night-market");
    const looks = [[desktop, "light", "en"], [phone, "dark", "ja"], [small, "light", "ja"], [desktop, "dark", "en"]];
    for (const [at, [look, theme, language]] of looks.entries()) {
      const person = await world.comes({ look, theme, language, touch: look !== desktop });
      const { page } = person;
      await person.sign_up(`points_${at}`);
      const account = (await page.evaluate(async () => (await fetch("/v1/accounts/me")).json())).id;
      await page.goto(`/people/${person.handle}`);
      await page.click(".who a[href='/points']");
      await page.locator("main .state").waitFor();
      await page.locator("h1:focus").waitFor();
      assert.deepEqual(await page.evaluate(problems_of_page), []);
      await send(admin, "POST", "grants",
        { event: `first.${account}`, campaign: "night-market-2026", account, amount: 1200 });
      await send(person, "POST", "spends", { key: new_key(), sink: "night-market", amount: 300 });
      const wanted = { key: new_key(), sink: "night-market", amount: 150 };
      const { hold } = await send(person, "POST", "holds", wanted);
      await send(admin, "POST", `holds/${hold.id}/commit`);
      await send(person, "POST", "holds", { ...wanted, key: new_key() });
      await page.reload();
      await page.locator(".postings li").nth(4).waitFor();
      assert.equal(await page.locator(".points b").textContent(), "600");
      assert.deepEqual(await page.locator(".postings b").allTextContents(),
        ["-150", "0", "-150", "-300", "+1,200"]);
      assert.match(await page.locator(".points").textContent(), /150/);
      await settle(person);
      assert.deepEqual(await page.evaluate(problems_of_page), [], `${look.width} ${theme} ${language}`);
      await page.screenshot({ path: path.join(shots, `points-${look.width}-${theme}-${language}.png`) });
      person.take_refusals();
    }
    admin.take_refusals();
  },

  "a guest is asked in, and a lost network is said": async (world) => {
    const guest = await world.comes();
    await guest.page.goto("/points");
    await guest.page.locator("main a[href^='/login']").first().waitFor();
    const person = await world.comes();
    await person.sign_up("points_lost");
    await person.page.route("**/v1/points/**", (route) => route.abort());
    await person.page.goto("/points");
    await person.page.locator("main [role=alert]").first().waitFor();
    await person.page.unroute("**/v1/points/**");
    await person.page.locator("main .banner button").click();
    await person.page.locator(".points b").waitFor();
    await person.page.locator("main .state button").click();
    await person.page.locator("main .state:not([role=alert])").waitFor();
    person.take_refusals();
  },
};
