// The control room of a programme that is on the air: a check-in arrives while one looks.
import assert from "node:assert/strict";
import { points, with_air } from "./air.js";
import { figure, looks_well, place } from "./broadcast.js";
import { opens, presses } from "./checkin.js";
import { tab_to } from "./keyboard.js";
import { rows_of } from "./studio.js";
import { an_admin } from "./titles.js";

export const broadcast_on_air = {
  "control room: a check-in arrives while one looks": with_air(async (on, shots, world) => {
    const programme = await on.blobs();
    const admin = await an_admin(world, "control_admin");
    const { page } = admin;
    await programme.opens();
    await page.click(`.nav a[href='${place}']`);
    await page.locator("h1:focus").waitFor();
    await page.goto(`${place}?programme=${programme.id}`);
    await page.locator("h1", { hasText: programme.title }).waitFor();
    await page.locator(".onair").waitFor();
    await page.locator("#curve").waitFor();
    const before = (await rows_of(page, "Points and budgets"))[0];
    assert.equal(before[0], "night");
    const number = (text) => Number(text.replaceAll(",", ""));
    const granted = (text) => (number(text) + points).toLocaleString("en");

    const viewer = await on.comes("blobs", "control_viewer");
    await opens(viewer, programme);
    await presses(viewer);
    await viewer.page.locator(".result [data-settled=granted]").waitFor();
    await figure(page, "Points granted", granted(before[2]));
    await page.locator("[role=region][aria-label='By reason'] tbody tr", { hasText: "In the picture" })
      .locator("td", { hasText: /^[1-9]/ }).first().waitFor();
    const [after] = await rows_of(page, "Points and budgets");
    assert.deepEqual([number(after[1]), after[2]], [number(before[1]) - points, granted(before[2])]);
    await figure(page, "Not applied yet", "0");
    assert.equal(await page.locator(".chart[role=img] canvas").count(), 2);
    await looks_well(admin, "on air", shots, "control-on-air");

    // Each chart has its table, which the keyboard opens.
    await page.locator("h1").focus();
    await tab_to(page, ".as-table summary");
    await page.keyboard.press("Enter");
    // The step that is not over is left out: so a moment later.
    await page.locator("[role=region][aria-label='Attempts a second'] tbody td:last-child", { hasText: /[1-9]/ })
      .first().waitFor();
    assert.match(await page.locator(".chart").first().getAttribute("aria-label"), /the peak is/);
  }),
};
