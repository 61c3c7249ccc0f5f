// The share link: a very moment of a very run, in the address. A bad one is told, and the page opens all the same.

import { crc32c } from "./crc32c.mjs";
import { EXAMPLES, Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

test.use({ permissions: ["clipboard-read", "clipboard-write"] });

/** Copies the link as a person does; returns what is on the clipboard. */
async function copy(page) {
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByRole("banner").getByRole("status")).toHaveText("Copied");
  return page.evaluate(() => navigator.clipboard.readText());
}

/** What somebody sees who opens the link: the moment in words and numbers, and the link that they would copy. */
async function opened(context, link, embed) {
  const page = await context.newPage();
  await page.goto(link);
  const figure = await new Figure(page).ready();
  await expect(page.getByRole("alert")).toBeEmpty();
  const seen = { at: await figure.at(), picture: await figure.picture.getAttribute("aria-label"), again: await copy(page) };
  const chips = await figure.root.getByText(/^(acks|replication|partitions|key) /).allTextContents();
  await page.close();
  const host = await embed({}, { fragment: new URL(link).hash.slice(1) });
  const { step, time_us, hash } = await host.state();
  return { ...seen, chips, step, time_us, hash };
}

for (const example of EXAMPLES) {
  test(`a link to a moment of ${example} leads there`, async ({ page, context, embed, site }) => {
    await open(page, `#/module/3/${example}`);
    const figure = await new Figure(page).ready();
    await figure.place.fill("6");
    await figure.button("One message forward").click();
    await figure.button("One message forward").click();
    const picture = await figure.picture.getAttribute("aria-label");
    const at = await figure.at();
    const link = await copy(page);
    expect(link).toMatch(new RegExp(`^${site.url}#/at/1\\.[A-Za-z0-9_-]+$`));
    expect(page.url()).toBe(link);

    const seen = await opened(context, link, embed);
    expect(seen).toMatchObject({ at, picture, again: link, step: at.step - 1 });
    const host = await embed({ example });
    await host.obey("goto", { step: 6 });
    expect((await host.obey("step", { unit: "message", count: 2 })).hash).toBe(seen.hash);
  });
}

test("it carries edited parameters", async ({ page, context, embed }) => {
  await open(page);
  const figure = await new Figure(page).ready();
  await figure.edit.click();
  await figure.editor.getByRole("textbox", { name: "Message" }).fill('{"grüße": "→ 🙂"}');
  await figure.editor.getByRole("combobox", { name: "How the partition is chosen" }).selectOption("key");
  await figure.editor.getByRole("textbox", { name: "Key" }).fill("ключ");
  await figure.editor.getByRole("combobox", { name: "acks" }).selectOption("1");
  await figure.editor.getByRole("spinbutton", { name: "Replication factor" }).fill("2");
  await figure.editor.getByRole("spinbutton", { name: "Partitions" }).fill("5");
  await figure.editor.getByRole("button", { name: "Run it" }).click();
  await figure.place.fill("7");
  const at = await figure.at();
  const picture = await figure.picture.getAttribute("aria-label");
  const link = await copy(page);
  const seen = await opened(context, link, embed);
  expect(seen).toMatchObject({ at, picture, again: link });
  expect(seen.chips.join(" ")).toMatch(/acks 1 .*replication 2 .*partitions 5 .*key ключ → partition \d/);
});

test("it carries what was done, and is short", async ({ page, context, embed }) => {
  await open(page, "#/module/3/when-things-die");
  const figure = await new Figure(page).ready();
  await figure.until(/^Acknowledged/);
  await figure.button("Isolate the leader").click();
  await figure.button("Kill the leader").click();
  await figure.until(/fences broker 0/);
  await figure.button("Start the dead broker").click();
  const at = await figure.at();
  const picture = await figure.picture.getAttribute("aria-label");
  const link = await copy(page);
  expect(link.length).toBeLessThan(400);
  const seen = await opened(context, link, embed);
  expect(seen).toMatchObject({ at, picture, again: link });

  const host = await embed({ example: "when-things-die" });
  const sentence = async () => (await host.messages("step")).at(-1)?.sentence ?? "";
  const until = async (words) => {
    while (!words.test(await sentence())) await host.obey("step");
  };
  await until(/^Acknowledged/);
  const cut = (to) => ({ cut_link: { from: { broker: 0 }, to: { broker: to }, one_way: false } });
  for (const command of [cut(1), cut(2), { kill: { node: { broker: 0 } } }]) await host.obey("command", { command });
  await until(/fences broker 0/);
  const state = await host.obey("command", { command: { start: { node: { broker: 0 } } } });
  expect(state.hash).toBe(seen.hash);
});

test("where nothing can be copied the link is in the address, and the button says so", async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await open(page);
  await new Figure(page).ready();
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByRole("button", { name: "Could not copy" })).toBeVisible();
  await expect(page).toHaveURL(/#\/at\/1\.\S+$/);
});

/** A good link's part after its version. */
async function goodLink(page) {
  await open(page, "#/module/3/when-things-die");
  const figure = await new Figure(page).ready();
  await figure.place.fill("5");
  await figure.button("Kill the leader").click();
  return (await copy(page)).split("#/at/1.")[1];
}

/** A link whose content was changed by somebody who knows how to make the checksum fit. */
function forged(good, change) {
  const body = change(Buffer.from(good, "base64url").subarray(4));
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32c(body));
  return Buffer.concat([checksum, body]).toString("base64url");
}

const replaced = (from, to) => (body) => {
  expect(from.length, "postcard writes the length before a text").toBe(to.length);
  const at = body.indexOf(from);
  expect(at).toBeGreaterThanOrEqual(0);
  return Buffer.concat([body.subarray(0, at), Buffer.from(to), body.subarray(at + from.length)]);
};

const flipped = (text, index) => text.slice(0, index) + (text[index] === "A" ? "B" : "A") + text.slice(index + 1);

test("a bad link is told, and Module 3 opens from its beginning", async ({ page }) => {
  const good = await goodLink(page);
  const links = [
    ["empty", "", "the link is empty after its #"],
    ["without a version", good, "does not begin with its version"],
    ["of version nought", `0.${good}`, "does not begin with its version"],
    ["newer", `2.${good}`, "version 2, and this page reads version 1"],
    ["damaged at its beginning", `1.${flipped(good, 3)}`, "its checksum does not fit"],
    ["damaged in the middle", `1.${flipped(good, good.length >> 1)}`, "its checksum does not fit"],
    ["cut off", `1.${good.slice(0, -8)}`, "its checksum does not fit"],
    ["cut off within three letters", `1.${good.slice(0, -(((good.length + 3) % 4) + 4))}`, "was cut off"],
    ["only a version", "1.", "its checksum does not fit"],
    ["with a letter that does not belong there", `1.${good.slice(0, 9)}*${good.slice(10)}`, "does not belong there"],
    ["oversized", `1.${"A".repeat(70_000)}`, "at most 64000 are read"],
    ["to an unknown example", `1.${forged(good, replaced("when-things-die", "when-things-fly"))}`, "does not exist: when-things-fly"],
    ["longer than its content", `1.${forged(good, (body) => Buffer.concat([body, Buffer.from([1])]))}`, "1 bytes too many"],
    ["shorter than its content", `1.${forged(good, (body) => body.subarray(0, -2))}`, "cannot be read"],
    ["with nothing in it", `1.${forged(good, () => Buffer.alloc(0))}`, "cannot be read"],
    ["with noise in it", `1.${forged(good, (body) => Buffer.alloc(body.length, 0xff))}`, "cannot be read"],
  ];
  const figure = new Figure(page);
  const notice = page.getByRole("alert");
  for (const [name, link, why] of links) {
    await test.step(name, async () => {
      await page.evaluate((link) => (location.hash = `#/at/${link}`), link);
      await expect(notice).toContainText("The link could not be opened");
      await expect(notice).toContainText(why);
      await expect(figure.root).toHaveAccessibleName(/Kafka Message Flow/);
      await figure.expectStep(1);
      await figure.place.fill("2");
      await page.getByRole("button", { name: "Dismiss" }).click();
      await expect(notice).toBeEmpty();
    });
  }
});

test("so is one that the page is opened with", async ({ page }) => {
  await open(page, "#/at/9.AAAA");
  await (await new Figure(page).ready()).expectStep(1);
  await expect(page.getByRole("alert")).toContainText("version 9, and this page reads version 1");
});

test("a good link after a bad one opens", async ({ page }) => {
  const good = await goodLink(page);
  const figure = new Figure(page);
  await page.evaluate(() => (location.hash = "#/at/1.A"));
  await expect(figure.root).toHaveAccessibleName(/Kafka Message Flow/);
  await page.evaluate((good) => (location.hash = `#/at/1.${good}`), good);
  await expect(figure.root).toHaveAccessibleName(/When Things Die/);
  await expect(figure.root.getByText("Broker 0 is dead, and it was the leader.")).toBeVisible();
});
