// What people do together: draw, feel with each other, answer, follow, and hear of it.
import assert from "node:assert/strict";
import { phone } from "./person.js";

/** Draws a line on the paper, from and to in parts of its size. */
async function draw(page, [from_x, from_y], [to_x, to_y]) {
  const box = await page.locator(".paper canvas").boundingBox();
  await page.mouse.move(box.x + from_x * box.width, box.y + from_y * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + to_x * box.width, box.y + to_y * box.height, { steps: 12 });
  await page.mouse.up();
}

async function take_paper(page) {
  await page.click(".composer button:has-text('Draw')");
  await page.locator(".paper canvas:focus").waitFor();
}

const card = (person, text) => person.page.locator("article", { hasText: text });

async function choose(person, text, item) {
  await card(person, text).locator(".menu > button").click();
  await person.page.getByRole("menuitem", { name: item }).click();
}

export const community = {
  "a drawing survives a reload, is posted, seen and replayed": async (world) => {
    const mio = await world.comes();
    await mio.sign_up("mio_draws", "Mio");
    const { page } = mio;
    await take_paper(page);
    await draw(page, [0.1, 0.2], [0.8, 0.7]);
    await draw(page, [0.8, 0.2], [1.4, 0.9]); // Over the edge.
    await page.getByLabel("Drawing paper, 2 strokes").waitFor();
    await page.keyboard.press("Control+z");
    await page.getByLabel("Drawing paper, 1 stroke").waitFor();
    await page.keyboard.press("Control+y");
    await page.getByRole("button", { name: "Clear the paper" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByLabel("Drawing paper, 2 strokes").waitFor();
    await page.getByText("Draft kept on this device").waitFor();
    await page.reload();
    await page.getByLabel("Drawing paper, 2 strokes").waitFor();

    const reader = await world.comes({ look: phone });
    await reader.visit_ground();
    await page.click(".composer button[type=submit]");
    await page.locator(".paper").waitFor({ state: "detached" });
    for (const person of [mio, reader]) {
      const picture = person.page.locator("article img[alt*='Mio']").first();
      await picture.scrollIntoViewIfNeeded();
      await person.page.waitForFunction(() => {
        const image = document.querySelector("article img[alt*='Mio']");
        return image !== null && image.complete && image.naturalWidth > 0;
      });
    }
    await reader.page.getByRole("button", { name: "Replay" }).first().click();
    await reader.page.locator(".replaying").waitFor();
    await reader.page.locator(".replaying").waitFor({ state: "detached" });
  },

  "paper without ink is not sent": async (world) => {
    const blank = await world.comes();
    await blank.sign_up("no_ink");
    const { page } = blank;
    await take_paper(page);
    await page.getByRole("button", { name: "Eraser" }).click();
    await draw(page, [0.2, 0.2], [0.6, 0.6]);
    await page.click(".composer button[type=submit]");
    await page.getByText("There is no ink on the paper yet.").waitFor();
  },

  "a spoiler is veiled for others, and not for its author": async (world) => {
    const teller = await world.comes();
    await teller.sign_up("tells_all");
    await teller.page.check(".comp-extras input[role=switch]");
    await teller.page.fill("#say-tag", "Chapter 9");
    await teller.post("the lighthouse was empty");
    await teller.sees("the lighthouse was empty");
    const reader = await world.comes();
    await reader.visit_ground();
    const veiled = card(reader, "Chapter 9").first();
    await veiled.getByText("This tells how something ends").waitFor();
    assert.equal(await reader.posts("the lighthouse was empty").count(), 0);
    await veiled.getByRole("button", { name: "Show it" }).click();
    await reader.sees("the lighthouse was empty");
  },

  "empathy, comments and followers reach the other, live": async (world) => {
    const hana = await world.comes();
    await hana.sign_up("hana_hears", "Hana");
    await hana.post("who else is still awake?");
    const gen = await world.comes();
    await gen.sign_up("gen_answers", "Gen");
    await gen.visit_ground();
    const empathy = card(gen, "still awake").locator("button.emp");
    await empathy.click();
    assert.equal(await empathy.getAttribute("aria-pressed"), "true");
    await card(hana, "still awake").locator(".emp .num", { hasText: "1" }).waitFor();
    await hana.page.locator(".nav .badge", { hasText: "1" }).waitFor();

    await hana.page.locator("article:has-text('still awake') time").click();
    await hana.page.waitForURL("**/posts/*");
    await gen.page.goto(new URL(hana.page.url()).pathname);
    await gen.page.waitForSelector("#say");
    await gen.post("me, and the owl");
    await hana.sees("me, and the owl");

    await gen.page.goto("/people/hana_hears");
    await gen.page.getByRole("button", { name: "Follow" }).click();
    await gen.page.getByRole("button", { name: "Following" }).waitFor();
    await gen.page.reload();
    await gen.page.getByRole("button", { name: "Following" }).waitFor();
    await gen.page.click(".nav a[href='/timeline']");
    await gen.sees("who else is still awake?");

    await hana.page.click(".nav a[href='/notifications']");
    for (const what of ["felt the same", "commented on your post", "started following you"]) {
      await hana.page.locator(".n.new", { hasText: what }).waitFor();
    }
    await hana.page.locator(".nav .badge").waitFor({ state: "detached" });
    await hana.page.reload();
    await hana.page.locator(".n").first().waitFor();
    assert.equal(await hana.page.locator(".n.new").count(), 0);
  },

  "an edit and a deletion reach whoever reads": async (world) => {
    const writer = await world.comes();
    await writer.sign_up("second_thought");
    await writer.post("a frist thought");
    const reader = await world.comes();
    await reader.visit_ground();
    await reader.sees("a frist thought");
    await choose(writer, "a frist thought", "Edit");
    await writer.page.fill(".post-edit textarea", "a first thought");
    await writer.page.click(".post-edit button[type=submit]");
    for (const person of [writer, reader]) {
      await person.sees("a first thought");
      await card(person, "a first thought").getByText("(edited)").waitFor();
    }
    await choose(writer, "a first thought", "Delete");
    await writer.page.locator("dialog").getByRole("button", { name: "Delete" }).click();
    for (const person of [writer, reader]) {
      await person.posts("a first thought").waitFor({ state: "detached" });
    }
  },

  "a face that one makes is there on every post": async (world) => {
    const plain = await world.comes();
    await plain.sign_up("new_face");
    await plain.post("look at me");
    await plain.page.goto("/settings");
    await plain.page.getByRole("button", { name: "Edit face" }).click();
    await plain.page.selectOption("#face-part", "extra");
    await plain.page.locator(".genes button").nth(2).click();
    const src = await plain.page.locator(".face-preview > img").getAttribute("src");
    await plain.page.getByRole("button", { name: "This is me" }).click();
    await plain.page.locator(`.you img[src='${src}']`).waitFor();
    const reader = await world.comes();
    await reader.visit_ground();
    await card(reader, "look at me").locator(`img[src='${src}']`).waitFor();
  },
};
