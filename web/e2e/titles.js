// Titles and communities: who may makes them and changes them, and nobody else sees how.
import assert from "node:assert/strict";
import { problems_of_page } from "./checks.js";
import { tab_to } from "./keyboard.js";
import { phone } from "./person.js";

const save = (page) => page.click("form .btn-main");

export async function an_admin(world, handle, options = {}) {
  const admin = await world.comes(options);
  await admin.sign_up(handle);
  await admin.rises();
  return admin;
}

/** A title with its main community, made by an admin who leaves again. */
async function a_title(world, handle, names, more) {
  const admin = await an_admin(world, handle);
  return admin.make_title(names, more);
}

export const titles = {
  "an admin makes a title and changes it, and others see no way to": async (world) => {
    const { page } = await an_admin(world, "title_admin");
    await page.click(".nav a[href='/communities']");
    await page.getByRole("link", { name: "New title" }).click();
    await page.locator("h1:focus", { hasText: "New title" }).waitFor();
    // What is wrong is said at its field, and nothing is sent.
    await page.fill("#crest", "灯り");
    await page.fill("#platforms", Array(17).fill("PC").join("\n"));
    await save(page);
    await page.locator("#name-0:focus").waitFor();
    await page.getByText("A name has 1 to 128 characters.").waitFor();
    for (const id of ["name-0", "crest", "platforms"]) {
      assert.equal(await page.getAttribute(`#${id}`, "aria-invalid"), "true", id);
    }
    assert.deepEqual(await page.evaluate(problems_of_page), []);
    await page.fill("#name-0", "Firefly Harbour");
    await page.getByRole("button", { name: "Add a language" }).click();
    await page.locator("#name-1:focus").waitFor();
    await page.fill("#name-1", "蛍の港");
    await page.fill("#crest", "蛍");
    await page.fill("#publisher", "Northlight");
    await page.fill("#platforms", "PC\nPhone");
    await save(page);
    await page.locator("h1", { hasText: "Firefly Harbour" }).waitFor();
    assert.match(new URL(page.url()).pathname, /^\/communities\/\d+$/);

    await page.click(".nav a[href='/communities']");
    await page.getByRole("link", { name: /^Change .Firefly Harbour/ }).click();
    await page.waitForSelector("#publisher");
    assert.equal(await page.inputValue("#platforms"), "PC\nPhone");
    await page.fill("#publisher", "Southlight");
    await save(page);
    await page.getByText("Southlight").waitFor();

    const reader = await world.comes({ language: "ja" });
    await reader.sign_up("title_reader");
    await reader.page.goto("/communities");
    await reader.page.getByRole("link", { name: "蛍の港", exact: true }).waitFor();
    assert.equal(await reader.page.locator("a[href='/titles/new'], a[href$='/edit']").count(), 0);
    await reader.page.goto("/titles/new");
    await reader.page.getByText("ここは編集できません").waitFor();
  },

  "somebody makes a community, in two languages; the draft survives a reload": async (world) => {
    const title = await a_title(world, "title_maker", { en: "Sky Ferry", ja: "空の渡し" });
    const owner = await world.comes();
    await owner.sign_up("ferry_fan", "Ferry Fan");
    const { page } = owner;
    await page.goto("/communities");
    await page.getByRole("link", { name: /^A new community under .Sky Ferry/ }).click();
    await page.waitForSelector("#name-0");
    assert.equal(await page.locator("#kind").count(), 0); // Others than their own are not theirs to make.
    await page.fill("#name-0", "Lost umbrellas");
    await page.getByRole("button", { name: "Add a language" }).click();
    await page.fill("#name-1", "忘れ傘");
    await page.fill("#description", "Found one? Draw it.");
    await page.selectOption("#takes", "drawing");
    await page.getByText("Draft kept on this device").waitFor();
    await page.reload();
    await page.waitForSelector("#name-1");
    assert.equal(await page.inputValue("#name-1"), "忘れ傘");
    assert.equal(await page.inputValue("#description"), "Found one? Draw it.");
    assert.equal(await page.inputValue("#takes"), "drawing");
    await save(page);
    await page.locator("h1", { hasText: "Lost umbrellas" }).waitFor();
    const place = new URL(page.url()).pathname;
    await page.locator(".composer").waitFor();
    assert.equal(await page.locator("#say").count(), 0); // Drawings alone.
    // The next form is empty.
    await page.goto(`/titles/${title.id}/communities/new`);
    await page.waitForSelector("#name-0");
    assert.equal(await page.inputValue("#name-0"), "");

    const reader = await world.comes({ language: "ja", look: phone });
    await reader.sign_up("ferry_reader");
    await reader.page.goto(place);
    await reader.page.locator("h1", { hasText: "忘れ傘" }).waitFor();
    assert.equal(await reader.page.locator("a[href$='/edit']").count(), 0);
    await reader.page.goto(`${place}/edit`);
    await reader.page.getByText("ここは編集できません").waitFor();

    await page.goto(place);
    await page.getByRole("link", { name: /^Change .Lost umbrellas/ }).click();
    await page.waitForSelector("#description");
    await page.fill("#description", "x".repeat(501));
    await save(page);
    await page.locator("#description:focus").waitFor();
    await page.locator("#description-hint.bad").waitFor();
    await page.fill("#description", "Found one? Write.");
    await page.selectOption("#takes", "both");
    await page.selectOption("#who-posts", "owner");
    await save(page);
    await page.getByText("Found one? Write.").waitFor();
    await page.locator("#say").waitFor();
    await reader.page.goto(place);
    await reader.page.getByText("ここは主だけが投稿する集いです").waitFor();
  },

  "four communities of a title are somebody's own, and no more": async (world) => {
    const title = await a_title(world, "four_maker", { en: "Four Winds" });
    const owner = await world.comes();
    await owner.sign_up("wind_caller");
    const { page } = owner;
    const form = `/titles/${title.id}/communities/new`;
    async function make(name) {
      await page.goto(form);
      await page.fill("#name-0", name);
      await save(page);
    }
    for (const wind of ["North", "East", "South"]) {
      await make(wind);
      await page.locator("h1", { hasText: wind }).waitFor();
    }
    // Two forms at once: the fourth is made in one, and the other is told why there is no fifth.
    const other = await owner.open();
    await other.goto(form);
    await other.fill("#description", "from nowhere");
    await make("West");
    await page.locator("h1", { hasText: "West" }).waitFor();
    await other.fill("#name-0", "Fifth");
    await other.click("form .btn-main");
    await other.getByRole("alert").getByText("There may be no more").waitFor();
    assert.deepEqual(owner.take_refusals(), ["POST /v1/communities 429"]);
    assert.equal(await other.inputValue("#description"), "from nowhere");
    await page.goto(form);
    await page.getByText("You have four here").waitFor();
    await page.goto("/communities");
    const card = page.locator("section.card", { hasText: "Four Winds" });
    await card.getByText("There may be no more").waitFor();
    assert.equal(await card.locator(`a[href='${form}']`).count(), 0);
  },

  "a community whose answer got lost is made once, however often one tries": async (world) => {
    const title = await a_title(world, "lost_maker", { en: "Lost Answers" });
    const owner = await world.comes();
    await owner.sign_up("tries_again");
    const { page } = owner;
    await page.goto(`/titles/${title.id}/communities/new`);
    await page.fill("#name-0", "Only one");
    const asked = await owner.loses_an_answer("**/v1/communities");
    await save(page);
    await page.getByRole("alert").getByText("The server did not answer").waitFor();
    assert.equal(asked.times, 1);
    await page.reload(); // The key is kept with the draft.
    await page.waitForSelector("#name-0");
    await save(page);
    await page.locator("h1", { hasText: "Only one" }).waitFor();
    await page.goto("/communities");
    const card = page.locator("section.card", { hasText: "Lost Answers" });
    await card.getByText("Only one").waitFor();
    assert.equal(await card.getByText("Only one").count(), 1);
  },

  "a community is made with the keyboard alone": async (world) => {
    await a_title(world, "keys_maker", { en: "Key Hole" });
    const owner = await world.comes();
    await owner.sign_up("key_holder");
    const { page } = owner;
    await page.goto("/communities");
    await page.waitForSelector(".title-links");
    await tab_to(page, "a[aria-label*='Key Hole'][href$='/new']");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#name-0");
    await page.locator("h1:focus").waitFor();
    await tab_to(page, "#name-0");
    await page.keyboard.type("Through the door");
    await tab_to(page, ".add-name");
    await page.keyboard.press("Enter");
    await page.locator("#name-1:focus").waitFor();
    await page.keyboard.type("扉の向こう");
    await tab_to(page, "button[aria-label='Remove the name in Japanese']");
    await page.keyboard.press("Enter");
    await page.locator("#name-0:focus").waitFor();
    await tab_to(page, "#who-posts");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.inputValue("#who-posts"), "owner");
    await tab_to(page, "form .btn-main");
    await page.keyboard.press("Enter");
    await page.locator("h1", { hasText: "Through the door" }).waitFor();
  },
};
