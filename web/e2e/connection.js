// Connections go, servers restart: what one wrote stays, and arrives once.
import assert from "node:assert/strict";
import { ground } from "./person.js";

export const connection = {
  "a draft survives a reload, and belongs to its writer": async (world) => {
    const writer = await world.comes();
    const { page } = writer;
    await writer.sign_up("half_a_word");
    await page.fill("#say", "half a tho");
    await page.getByText("Draft kept on this device").waitFor();
    await page.reload();
    await page.waitForSelector("#say");
    assert.equal(await page.inputValue("#say"), "half a tho");
    await writer.log_out();
    await writer.sign_up("another_one");
    assert.equal(await page.inputValue("#say"), "");
    await writer.log_out();
    await writer.log_in("half_a_word", "a lantern for half_a_word");
    assert.equal(await page.inputValue("#say"), "half a tho");
  },

  "a server that goes away is said, and what one writes meanwhile goes out once": async (world) => {
    const writer = await world.comes();
    const reader = await world.comes();
    await writer.sign_up("patient_one");
    await reader.visit_ground();
    await world.server.stop();
    for (const person of [writer, reader]) {
      await person.page.locator("main").getByText("No connection").waitFor();
    }
    const { page } = writer;
    await page.fill("#say", "written in the dark");
    await page.click(".composer button[type=submit]");
    await page.getByText("Not sent yet: the server does not answer.").waitFor();
    assert.equal(await page.inputValue("#say"), "written in the dark");
    await world.server.start();
    await writer.sees("written in the dark");
    await reader.sees("written in the dark");
    assert.equal(await page.inputValue("#say"), "");
    for (const person of [writer, reader]) {
      await person.page.locator("main").getByText("No connection").waitFor({ state: "detached" });
      await person.page.reload();
      await person.sees("written in the dark");
      assert.equal(await person.posts("written in the dark").count(), 1);
    }
  },

  "an answer that gets lost does not make a second post": async (world) => {
    const writer = await world.comes();
    const { page } = writer;
    await writer.sign_up("lost_answer");
    const asked = await writer.loses_an_answer("**/v1/communities/1/posts");
    await page.fill("#say", "sent twice, there once");
    await page.click(".composer button[type=submit]");
    await page.getByText("Not sent yet: the server does not answer.").waitFor();
    // The page that knew of the first try is gone; its key is kept with the draft.
    await page.reload();
    await page.waitForSelector("#say");
    assert.equal(await page.inputValue("#say"), "sent twice, there once");
    await page.click(".composer button[type=submit]");
    await page.waitForFunction(() => document.querySelector("#say").value === "");
    await page.reload();
    await writer.sees("sent twice, there once");
    assert.equal(await writer.posts("sent twice, there once").count(), 1);
    assert.equal(asked.times, 2);
  },

  "a device without network says so, and sends when it is back": async (world) => {
    const writer = await world.comes();
    const { page } = writer;
    await writer.sign_up("in_a_tunnel");
    await writer.context.setOffline(true);
    await page.getByText("No connection.").waitFor();
    await page.fill("#say", "out of the tunnel");
    await page.click(".composer button[type=submit]");
    await page.getByText("It goes out when the connection is back.").waitFor();
    await page.getByRole("button", { name: "Edit" }).click();
    await page.fill("#say", "out of the tunnel, at last");
    await page.click(".composer button[type=submit]");
    await page.getByText("It goes out when the connection is back.").waitFor();
    await writer.context.setOffline(false);
    await writer.sees("out of the tunnel, at last");
    assert.equal(await writer.posts("out of the tunnel").count(), 0);
  },

  "who does not learn who they are can read meanwhile": async (world) => {
    const person = await world.comes();
    const { page } = person;
    await person.sign_up("who_am_i");
    await person.post("I was here before");
    let broken = true;
    await page.route("**/v1/accounts/me", (route) =>
      broken ? route.abort("connectionreset") : route.continue());
    await page.reload();
    await person.sees("I was here before");
    assert.equal(await page.locator("#say").count(), 0);
    broken = false;
    await page.waitForSelector("#say");
    await person.sees("I was here before");
  },

  "posts that cannot be read are said, and come by themselves": async (world) => {
    const writer = await world.comes();
    await writer.sign_up("wrote_before");
    const guest = await world.comes();
    const { page } = guest;
    let broken = true;
    await page.route("**/v1/communities/1/posts?*", (route) =>
      broken ? route.fulfill({ status: 503, headers: { "Retry-After": "1" },
        contentType: "application/problem+json", body: "{\"code\":\"busy\",\"detail\":\"later\"}" })
        : route.continue());
    await writer.post("there all the time");
    await page.goto(ground);
    await page.getByRole("alert").getByText("Many people at once.").waitFor();
    broken = false;
    await guest.sees("there all the time");
    guest.take_refusals();
  },
};
