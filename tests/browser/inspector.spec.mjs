// Looking inside: a click on anything of the picture, and what stands there is what the run says.

import { crc32c } from "./crc32c.mjs";
import { Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

const MESSAGE = '{"user_id": 123, "action": "login", "timestamp": "2024-01-15T10:30:00Z"}';

/** The page at an idea step, counted from 1. */
async function at(page, example, step) {
  await open(page, `#/module/3/${example}`);
  const figure = await new Figure(page).ready();
  await figure.place.fill(String(step - 1));
  await figure.expectStep(step);
  const inspector = page.getByRole("complementary", { name: "Inspector" });
  return { figure, inspector };
}

/** A fact of the inspector by its label. */
const fact = (inspector, label) => inspector.locator(`dt:text-is("${label}") + dd`);

const heading = (inspector) => inspector.getByRole("heading", { level: 2 });
const moment = (figure) => figure.picture.getAttribute("aria-label");

test("a click opens it and pauses; Close and Escape lead back to where one was", async ({ page }) => {
  const { figure, inspector } = await at(page, "message-flow", 4);
  await expect(inspector).toHaveCount(0);
  await figure.button("Play").click();
  await expect(figure.button("Pause")).toBeVisible();
  await figure.thing(/^Broker 0/).getByText("Broker 0").click();
  await expect(figure.button("Play")).toBeVisible();
  await expect(heading(inspector)).toHaveText("Broker 0");
  await expect(heading(inspector)).toBeFocused();
  for (const name of ["State", "Why?", "Settings"]) {
    await expect(inspector.getByRole("heading", { name, exact: true })).toBeVisible();
  }
  await inspector.getByRole("button", { name: "Close" }).click();
  await expect(inspector).toHaveCount(0);
  await expect(figure.thing(/^Broker 0/)).toBeFocused();

  await page.keyboard.press("Enter");
  await expect(heading(inspector)).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(inspector).toHaveCount(0);
  await expect(figure.thing(/^Broker 0/)).toBeFocused();
  await page.keyboard.press("Space");
  await expect(inspector).toBeVisible();
});

test("everything in the picture can be looked into", async ({ page }) => {
  for (const [example, step] of [
    ["message-flow", 8],
    ["when-things-die", 12],
  ]) {
    const { figure, inspector } = await at(page, example, step);
    const things = figure.picture.getByRole("button");
    const count = await things.count();
    expect(count).toBeGreaterThan(20);
    const titles = new Set();
    for (let index = 0; index < count; index += 1) {
      await things.nth(index).focus();
      await page.keyboard.press("Enter");
      await expect(heading(inspector)).toBeVisible();
      await expect(inspector.getByRole("heading", { name: "State" })).toBeVisible();
      titles.add(await heading(inspector).innerText());
    }
    expect(titles.size).toBeGreaterThan(15);
  }
});

test("it follows the moment that is shown", async ({ page }) => {
  const { figure, inspector } = await at(page, "message-flow", 1);
  await figure.thing(/^high watermark \d on broker 0/).focus();
  await page.keyboard.press("Enter");
  const highWatermark = fact(inspector, "High watermark (HW)");
  await expect(highWatermark).toHaveText("3");
  await figure.place.fill("1000");
  await expect(highWatermark).toHaveText("4");
  await figure.button("To the beginning").click();
  await expect(highWatermark).toHaveText("3");
});

test("what is not there at this moment says so", async ({ page }) => {
  const { figure, inspector } = await at(page, "message-flow", 21);
  await figure.thing(/^offset 3 on broker 0/).focus();
  await page.keyboard.press("Enter");
  await expect(fact(inspector, "value")).toHaveText(MESSAGE);
  await figure.button("To the beginning").click();
  await expect(inspector).toContainText("It is not there at this moment");
  await figure.place.fill("1000");
  await expect(fact(inspector, "value")).toHaveText(MESSAGE);
});

test("Why? is a chain of causes that leads back in time", async ({ page }) => {
  const { figure, inspector } = await at(page, "message-flow", 9);
  await figure.thing(/^high watermark 4 on broker 0/).focus();
  await page.keyboard.press("Enter");
  await inspector.getByRole("button", { name: /causes further back/ }).click();
  const causes = inspector.getByRole("list").getByRole("listitem");
  const sentences = await causes.getByRole("button").evaluateAll((links) => links.map((link) => link.ariaLabel));
  expect(sentences[0]).toContain("moves the high watermark of user-events-0 to 4");
  expect(sentences.length).toBeGreaterThan(8);
  // The log grew because the web app sent, and that before it came about.
  const sent = sentences.findIndex((sentence) => /web-app sends the record/.test(sentence));
  const written = sentences.findIndex((sentence) => /the leader, writes the record/.test(sentence));
  const fetched = sentences.findIndex((sentence) => /asks for offset 4/.test(sentence));
  expect([0, fetched, written, sent]).toEqual([0, fetched, written, sent].toSorted((one, other) => one - other));
  const times = sentences.map((sentence) => {
    const [, minus, number, unit] = /^Go to (−?)([\d.]+) (ms|s):/.exec(sentence);
    return Number(number) * (unit === "s" ? 1000 : 1) * (minus ? -1 : 1);
  });
  expect(times).toEqual(times.toSorted((one, other) => other - one));

  const before = await moment(figure);
  await causes.nth(sent).getByRole("button").click();
  expect(await moment(figure)).not.toBe(before);
  await figure.expectStep(3);
});

test("a record shows its batch byte for byte", async ({ page }) => {
  const { figure, inspector } = await at(page, "message-flow", 21);
  await figure.thing(/^offset 3 on broker 2/).focus();
  await page.keyboard.press("Enter");
  const table = inspector.getByRole("table");
  const rows = await table.getByRole("row").evaluateAll((rows) =>
    rows.slice(1).map((row) => ({ at: Number(row.cells[0].innerText), hex: row.cells[1].innerText, field: row.cells[2].innerText })),
  );
  const parts = rows.map(({ hex }) => {
    const [shown, more] = hex.split("…");
    const bytes = Buffer.from(shown.replaceAll(" ", ""), "hex");
    if (more === undefined) return bytes;
    // Only the message itself is too long to be shown whole.
    const whole = Buffer.from(MESSAGE);
    expect(whole.subarray(0, bytes.length)).toEqual(bytes);
    expect(more.trim()).toBe(`${whole.length - bytes.length} more`);
    return whole;
  });
  for (const [index, row] of rows.slice(1).entries()) {
    expect(row.at, row.field).toBe(rows[index].at + parts[index].length);
  }
  const bytes = Buffer.concat(parts);
  await expect(inspector.getByText(`Record batch: 1 record in ${bytes.length} bytes`)).toBeVisible();
  // KIP-98's layout: base offset, length, leader epoch, magic, CRC-32C of all that follows it.
  expect(bytes.readBigInt64BE(0)).toBe(3n);
  expect(bytes.readInt32BE(8)).toBe(bytes.length - 12);
  expect(bytes.readInt8(16)).toBe(2);
  expect(bytes.readUInt32BE(17)).toBe(crc32c(bytes.subarray(21)));
  expect(bytes.includes(MESSAGE)).toBe(true);
});

test("settings have Kafka's names and defaults, and say what was changed", async ({ page }) => {
  const { figure, inspector } = await at(page, "when-things-die", 12);
  const settings = async (thing) => {
    await figure.thing(thing).focus();
    await page.keyboard.press("Enter");
    // Once opened they stay open from one thing to the next.
    const summary = inspector.getByText(/^\d+ settings, \d+ of them not at Kafka's default$/);
    if (await setting("request.timeout.ms").isHidden()) await summary.click();
  };
  const setting = (name) =>
    inspector.locator("dl > div").filter({ has: page.getByRole("code").getByText(name, { exact: true }) }).getByRole("definition");
  await settings(/^Broker 0/);
  await expect(setting("broker.session.timeout.ms")).toContainText("9000");
  await expect(setting("auto.leader.rebalance.enable")).toContainText("false (default: true)");
  await settings(/^Producer web-app/);
  await expect(setting("acks")).toContainText("all");
  await expect(setting("enable.idempotence")).toContainText("true");
  await settings(/^Consumer login-service-1/);
  await expect(setting("session.timeout.ms")).toContainText("6000 (default: 45000)");
});

test("what can be done to a thing is a button, and forks", async ({ page }) => {
  const { figure, inspector } = await at(page, "when-things-die", 9);
  await figure.thing(/^Broker 1/).focus();
  await page.keyboard.press("Enter");
  const act = (name) => inspector.getByRole("group", { name: /^What can be done/ }).getByRole("button", { name });
  await act("Pause").click();
  await expect(figure.futures).toBeVisible();
  await expect(fact(inspector, "process")).not.toHaveText("running");
  await act("Let it go on").click();
  await expect(fact(inspector, "process")).toHaveText("running");
  await act("Cut the link to broker 0").click();
  await expect(figure.thing(/broker 0.*broker 1.*cut|cut.*broker 0.*broker 1/i)).toBeVisible();
  await act("Kill").click();
  await expect(fact(inspector, "process")).toHaveText("down");
  await expect(act("Start again")).toBeVisible();
  await expect(figure.root.getByText(/Broker 1 is dead/)).toBeVisible();
  await expect(act("Kill")).toHaveCount(0);
});

test("one thing leads to another", async ({ page }) => {
  const { figure, inspector } = await at(page, "message-flow", 12);
  await figure.thing(/^Broker 0/).focus();
  await page.keyboard.press("Enter");
  await inspector.getByRole("button", { name: "user-events-0", exact: true }).click();
  await expect(heading(inspector)).toContainText("user-events-0");
  await expect(heading(inspector)).toBeFocused();
});

/** A point of the picture where the canvas shows something that moves. */
function movingPoint() {
  const canvas = document.querySelector("figure canvas");
  const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const at = [];
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) if (data[(y * width + x) * 4 + 3] > 250) at.push([x, y]);
  }
  // One in the midst of what is painted.
  const [x, y] = at[at.length >> 1];
  const box = canvas.getBoundingClientRect();
  return { x: box.left + (x / width) * box.width, y: box.top + (y / height) * box.height };
}

test("a message on its way is clicked where it is, and can be dropped, held and delayed", async ({ page }) => {
  const { figure, inspector } = await at(page, "message-flow", 3);
  await expect(figure.picture).toHaveAccessibleName(/ [1-9]\d* messages? on the way/);
  await page.evaluate(() => document.fonts.ready);
  const { x, y } = await page.evaluate(movingPoint);
  await page.mouse.click(x, y);
  await expect(heading(inspector)).toHaveText(/Produce/);
  const offers = inspector.getByRole("group", { name: /^What can be done/ }).getByRole("button");
  await expect(offers.filter({ hasText: /^(Drop|Hold|Delay)/ })).toHaveCount(3);
  await offers.filter({ hasText: /^Drop/ }).click();
  await expect(figure.futures).toBeVisible();
});

test("without a mouse messages are reached through the tables", async ({ page }) => {
  const { figure, inspector } = await at(page, "message-flow", 3);
  await figure.button("Show the state in tables").click();
  const row = page.getByRole("table", { name: "Messages on their way" }).getByRole("row", { name: /^Produce request web-app/ });
  await row.getByRole("button", { name: "Produce" }).focus();
  await page.keyboard.press("Enter");
  await expect(heading(inspector)).toHaveText(/Produce/);
  await expect(inspector.getByRole("heading", { name: "Bytes" })).toBeVisible();
});

test("a word of the text and its thing in the picture light each other up", async ({ page }) => {
  const { figure, inspector } = await at(page, "message-flow", 5);
  const word = page.getByRole("button", { name: "high watermark" }).first();
  const lit = () => figure.picture.locator(".lit").count();
  expect(await lit()).toBe(0);
  await word.hover();
  await expect.poll(lit).toBeGreaterThan(0);
  await page.mouse.move(0, 0);
  await expect.poll(lit).toBe(0);
  await word.focus();
  await expect.poll(lit).toBeGreaterThan(0);
  await page.keyboard.press("Enter");
  await expect(inspector).toBeVisible();
});
