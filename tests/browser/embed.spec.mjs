// A figure in somebody else's page, which knows the contract of its messages and nothing more.

import { Figure } from "./figure.mjs";
import { expect, test } from "./fixtures.mjs";

const UNITS = ["idea", "message", "event"];

/** A cell of the figure's state: the row is found by its first cells. */
function cell(state, title, row, column) {
  const table = state.tables.find((table) => table.title.startsWith(title));
  const cells = table.rows.find((cells) => row.every((text, index) => cells[index] === text));
  return cells[table.columns.indexOf(column)];
}

test("a figure says first who and where it is", async ({ embed }) => {
  const host = await embed({ module: "3", example: "when-things-die", step: "4", id: "figure-7" });
  const { hash, tables, step } = await host.state();
  const [ready] = await host.messages();
  expect(ready).toEqual({
    glassbroker: 1,
    id: "figure-7",
    type: "ready",
    example: "when-things-die",
    step: 4,
    steps: 20,
    hash,
  });
  expect(step).toBe(4);
  expect(tables.map((table) => table.title)).toContain("Replicas");
});

test("without an example it is the first of the module", async ({ embed }) => {
  const host = await embed({ module: "3" });
  expect(await host.first("ready")).toMatchObject({ example: "message-flow", step: 0 });
});

for (const unit of UNITS) {
  test(`steps of the size "${unit}" lead forward and back`, async ({ embed }) => {
    const host = await embed({ example: "message-flow", step: "6" });
    const there = [await host.state()];
    for (let count = 0; count < 6; count += 1) there.push(await host.obey("step", { unit, count: 1 }));
    // Facts of one moment share its state; the other steps lead to a new one each.
    expect(new Set(there.map((state) => state.hash)).size).toBeGreaterThan(unit === "event" ? 1 : 6);
    for (const state of there.slice(0, -1).reverse()) {
      expect(await host.obey("step", { unit, count: -1 })).toEqual(state);
    }
    expect(await host.obey("step", { unit, count: 6 })).toEqual(there[6]);
    expect(await host.obey("step", { unit, count: -6 })).toEqual(there[0]);
    const steps = await host.messages("step");
    expect(steps.at(-1)).toMatchObject({ step: there[0].step, time_us: there[0].time_us, hash: there[0].hash });
  });
}

test("a step without unit and count is one idea step; questions do not hold a program up", async ({ embed }) => {
  const host = await embed({ example: "message-flow" });
  const { steps } = await host.first("ready");
  for (let step = 1; step < steps; step += 1) expect((await host.obey("step")).step).toBe(step);
  const told = await host.messages("step");
  expect(told.map((message) => message.step)).toEqual([...Array(steps - 1).keys()].map((index) => index + 1));
  expect(new Set(told.map((message) => message.sentence)).size).toBe(steps - 1);
  expect(await host.messages("prediction")).toEqual([]);
});

test("it goes to a step or to a time, and not beyond the end", async ({ embed }) => {
  const host = await embed({ example: "when-things-die" });
  const { steps } = await host.first("ready");
  const seventh = await host.obey("goto", { step: 7 });
  expect(seventh.step).toBe(7);
  const last = await host.obey("goto", { step: steps + 100 });
  expect(last.step).toBe(steps - 1);
  expect(await host.obey("goto", { time_us: seventh.time_us })).toMatchObject({ step: 7, hash: seventh.hash });
  expect(await host.obey("goto", { time_us: Number.MAX_SAFE_INTEGER })).toMatchObject({ hash: last.hash });
});

test("it plays, and a pause holds it where it is", async ({ page, embed }) => {
  const host = await embed({ example: "message-flow", step: "3" });
  const before = (await host.messages("step")).length;
  await host.obey("play");
  await page.waitForFunction(`messages.filter((message) => message.type === "step").length > ${before}`);
  const paused = await host.obey("pause");
  expect(paused.step).toBeGreaterThan(3);
  await page.waitForTimeout(400);
  expect(await host.state()).toEqual(paused);
});

test("a reset begins again, in one future", async ({ embed }) => {
  const host = await embed({ example: "when-things-die" });
  const first = await host.state();
  await host.obey("goto", { step: 8 });
  await host.obey("command", { command: { kill: { node: { broker: 0 } } } });
  await expect(new Figure(host.inside).futures).toBeVisible();
  expect(await host.obey("reset")).toEqual(first);
  await expect(new Figure(host.inside).futures).toHaveCount(0);
});

test("a theme is set", async ({ embed }) => {
  const host = await embed({ theme: "light" });
  const root = host.inside.locator("html");
  await expect(root).toHaveAttribute("data-theme", "light");
  for (const theme of ["dark", "contrast"]) {
    await host.obey("set-theme", { theme });
    await expect(root).toHaveAttribute("data-theme", theme);
  }
  await host.obey("set-theme", { theme: "auto" });
  await expect(root).not.toHaveAttribute("data-theme");
});

test("a command changes the future, as a click does", async ({ embed }) => {
  const host = await embed({ example: "when-things-die", step: "8" });
  const before = await host.state();
  expect(cell(before, "Brokers", ["broker 0"], "Process")).toBe("running");
  const { said, state } = await host.send("command", { command: { kill: { node: { broker: 0 } } } });
  expect(said.map((message) => message.type)).toEqual(["step"]);
  expect(cell(state, "Brokers", ["broker 0"], "Process")).not.toBe("running");
  expect(state.hash).not.toBe(before.hash);
  // The past is as it was.
  await host.obey("step", { unit: "message", count: -1 });
  await host.obey("goto", { step: 8 });
  expect(await host.state()).toEqual(before);
});

test("what cannot be done is answered with an error, and nothing has changed", async ({ embed }) => {
  const host = await embed({ example: "when-things-die", step: "8" });
  const before = await host.state();
  const impossible = [
    [{ kill: { node: { broker: 7 } } }, "there is no broker 7"],
    [{ start: { node: { broker: 0 } } }, "broker 0 is running already"],
    [{ heal_link: { from: { broker: 0 }, to: { broker: 1 } } }, "is not cut"],
    [{ drop: { message: 1 } }, "message 1 is not on its way"],
    [{ start_producer: { name: "web-app", config: {} } }, "a client named web-app exists already"],
    [{ start_producer: { name: "other", config: { "linger.ms": "soon" } } }, "linger.ms"],
  ];
  for (const [command, why] of impossible) {
    const { said, state } = await host.send("command", { command });
    const errors = said.filter((message) => message.type === "error");
    expect(errors).toEqual([expect.objectContaining({ where: "command", message: expect.stringContaining(why) })]);
    expect(state).toEqual(before);
  }
  await expect(new Figure(host.inside).futures).toHaveCount(0);
});

const message = (fields) => ({ glassbroker: 1, id: null, ...fields });
const kill = { kill: { node: { broker: 0 } } };

const MALFORMED = [
  ["nothing", null, "message"],
  ["a text", "step", "message"],
  ["a number", 12, "message"],
  ["a list", [message({ type: "step" })], "message"],
  ["no version", { id: null, type: "step" }, "glassbroker"],
  ["a newer version", { ...message({ type: "step" }), glassbroker: 2 }, "glassbroker"],
  ["a version as text", { ...message({ type: "step" }), glassbroker: "1" }, "glassbroker"],
  ["no type", message({}), "type"],
  ["an unknown type", message({ type: "explode" }), "type"],
  ["a type that the figure itself sends", message({ type: "ready" }), "type"],
  ["an unknown unit", message({ type: "step", unit: "mile" }), "unit"],
  ["half a step", message({ type: "step", count: 0.5 }), "count"],
  ["a count as text", message({ type: "step", count: "1" }), "count"],
  ["far too many steps", message({ type: "step", count: 1e12 }), "count"],
  ["two places", message({ type: "goto", step: 1, time_us: 1 }), "goto"],
  ["no place", message({ type: "goto" }), "goto"],
  ["a place before the beginning", message({ type: "goto", step: -1 }), "step"],
  ["a field too many", message({ type: "reset", gently: true }), "gently"],
  ["no command", message({ type: "command" }), "command"],
  ["an unknown command", message({ type: "command", command: { explode: {} } }), "command"],
  ["a command that lacks a field", message({ type: "command", command: { kill: {} } }), "command"],
  ["a field too many in it", message({ type: "command", command: { kill: { ...kill.kill, twice: 1 } } }), "command"],
  ["two commands in one", message({ type: "command", command: { ...kill, resume: kill.kill } }), "command"],
  ["an unknown theme", message({ type: "set-theme", theme: "pink" }), "theme"],
];

test("malformed and unknown messages are answered with an error, and never obeyed in part", async ({ embed }) => {
  const host = await embed({ example: "when-things-die", step: "8", theme: "light", id: "a" });
  const before = await host.state();
  for (const [name, sent, where] of MALFORMED) {
    await test.step(name, async () => {
      const { said, state } = await host.post(sent);
      expect(said).toEqual([
        { glassbroker: 1, id: "a", type: "error", where, message: expect.stringMatching(/\S{2}/) },
      ]);
      expect(state).toEqual(before);
    });
  }
  await expect(host.inside.locator("html")).toHaveAttribute("data-theme", "light");
  await expect(new Figure(host.inside).futures).toHaveCount(0);
});

test("only the page around is listened to", async ({ page, embed }) => {
  const host = await embed({ example: "when-things-die", step: "3" });
  const before = await host.state();
  const known = (await host.messages()).length;
  await page.evaluate(async () => {
    const stranger = document.createElement("iframe");
    stranger.sandbox = "allow-scripts";
    stranger.srcdoc = `<script>
      for (const type of ["step", "reset", "explode"]) parent.frames[0].postMessage({ glassbroker: 1, id: null, type }, "*");
      parent.postMessage("sent", "*");
    </script>`;
    const sent = new Promise((resolve) => {
      addEventListener("message", (event) => event.data === "sent" && resolve());
    });
    document.body.append(stranger);
    await sent;
  });
  expect(await host.state()).toEqual(before);
  // The state is the answer to the host; nothing was said to the stranger's messages. (The height may settle at any
  // time: it is told to whoever is around, asked or not.)
  const said = (await host.messages()).slice(known).filter((message) => message.type !== "resize");
  expect(said.map((message) => message.type)).toEqual(["state"]);
});

test("a page by itself obeys no message", async ({ page }) => {
  await page.goto("./?embed=1&example=when-things-die&step=3");
  const figure = await new Figure(page).ready();
  await page.evaluate(() => window.postMessage({ glassbroker: 1, id: null, type: "step" }, "*"));
  await page.waitForTimeout(100);
  await figure.expectStep(4);
});

test("answers of a person are told: a prediction, a goal, the progress", async ({ embed }) => {
  const host = await embed({ example: "message-flow" });
  const figure = new Figure(host.inside);
  await figure.until(/leaves for broker/);
  await figure.question.getByRole("button", { name: "The leader alone" }).click();
  expect(await host.first("prediction")).toMatchObject({
    prediction: "who-must-have-it",
    answer: "leader",
    right: false,
  });
  await figure.edit.click();
  await figure.editor.getByRole("textbox", { name: "Message" }).fill("mine");
  await figure.editor.getByRole("button", { name: "Run it" }).click();
  expect(await host.messages("example-complete")).toEqual([]);
  await host.obey("goto", { step: 1000 });
  const told = (await host.messages()).filter((message) => ["example-complete", "progress"].includes(message.type));
  expect(told).toEqual([
    { glassbroker: 1, id: null, type: "example-complete", example: "message-flow" },
    { glassbroker: 1, id: null, type: "progress", completed: 1, total: 2 },
  ]);
});

test("the goals of the second example can be reached by commands alone", async ({ page, embed, site }) => {
  const broker = (id) => ({ broker: id });
  const command = (host, command) => host.obey("command", { command });
  const leader = async (host) => Number(cell(await host.state(), "Partitions", ["user-events-0"], "Leader"));
  const until = async (host, sentence) => {
    for (;;) {
      await host.obey("step");
      const last = (await host.messages("step")).at(-1);
      if (sentence.test(last.sentence)) return;
      expect(last.step, `no step says ${sentence}`).toBeLessThan(last.steps - 1);
    }
  };
  // Without a sandbox the figure may keep what was reached.
  const sandbox = null;

  const host = await embed({ example: "when-things-die" }, { sandbox });
  const figure = new Figure(host.inside);
  await until(host, /^Acknowledged/);
  await command(host, { kill: { node: broker(await leader(host)) } });
  await until(host, /leads from now on/);
  await figure.expectGoal(/without losing anything/);
  await command(host, { start: { node: broker(0) } });

  // The lesson's second client is its consumer.
  await host.obey("reset");
  await until(host, /processed offset 1/);
  await command(host, { kill: { node: { client: 2 } } });
  await command(host, { start: { node: { client: 2 } } });
  await command(host, { consumer: { name: "login-service-1", call: { subscribe: ["user-events"] } } });
  await host.obey("goto", { step: 1000 });
  await figure.expectGoal(/processed twice/);
  expect(await host.messages("example-complete")).toEqual([]);
  await host.expectContract();

  // acks is no command: it is a choice before the run, which a shared link carries. What was reached is kept.
  await page.goto(`${site.url}#/module/3/when-things-die`);
  await new Figure(page).edit.click();
  await page.getByRole("combobox", { name: "acks" }).selectOption("1");
  await page.getByRole("button", { name: "Run it" }).click();
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page).toHaveURL(/#\/at\/1\./);
  const shared = await embed({}, { sandbox, fragment: new URL(page.url()).hash.slice(1) });
  await until(shared, /^Committed/);
  const old = await leader(shared);
  for (const follower of [0, 1, 2].filter((id) => id !== old)) {
    await command(shared, { cut_link: { from: broker(old), to: broker(follower), one_way: false } });
  }
  await until(shared, /^Acknowledged/);
  await command(shared, { kill: { node: broker(old) } });
  await until(shared, /were safe are not in it/);
  expect(await shared.messages("example-complete")).toHaveLength(1);
  expect((await shared.messages("progress")).at(-1)).toMatchObject({ completed: 1, total: 2 });
});

test("the height is told when it has changed, and settles when the page around obeys", async ({ page, embed }) => {
  const host = await embed({ example: "message-flow" });
  const first = await host.first("resize");
  await page.waitForTimeout(200);
  const frame = page.locator("iframe");
  const told = async () => (await host.messages("resize")).map((message) => message.height);
  const settled = async () => {
    let before;
    while (before !== (before = (await told()).length)) await page.waitForTimeout(150);
    return (await told()).at(-1);
  };

  await page.evaluate(() => {
    const frame = document.querySelector("iframe");
    addEventListener("message", ({ data }) => data.type === "resize" && (frame.style.height = `${data.height}px`));
    frame.style.height = `${messages.findLast(({ type }) => type === "resize").height}px`;
  });
  const wide = await settled();
  expect(wide).toBeGreaterThan(0);
  const inner = await host.inside.locator("html").evaluate((root) => [root.scrollHeight, innerHeight]);
  expect(inner[0], "nothing is cut off").toBeLessThanOrEqual(inner[1]);
  expect((await told()).length, "it settles soon").toBeLessThan(6);

  await page.setViewportSize({ width: 420, height: 900 });
  const narrow = await settled();
  expect(narrow, "a narrow figure is higher").toBeGreaterThan(wide);

  await host.inside.getByText("A hint").click();
  expect(await settled()).toBeGreaterThan(narrow);

  const heights = await told();
  expect(heights.filter((height, index) => height === heights[index - 1])).toEqual([]);
  expect(first.height).toBe(heights[0]);
  await expect(frame).toHaveCSS("height", `${heights.at(-1)}px`);
});

test("controls=none leaves the picture and its sentence", async ({ embed }) => {
  const host = await embed({ controls: "none" });
  const figure = await new Figure(host.inside).ready();
  await expect(figure.root.getByText(/Three brokers hold the topic/)).toBeVisible();
  await expect(figure.button("Next")).toHaveCount(0);
  await expect(figure.goals).toHaveCount(0);
  await host.obey("step", { count: 4 });
  await expect(figure.root.getByText((await host.messages("step")).at(-1).sentence)).toBeVisible();
});

test("a seed leads to another run, the same each time", async ({ embed }) => {
  const host = await embed({ seed: "77" });
  const { hash } = await host.state();
  expect((await host.obey("reset")).hash).toBe(hash);
  const other = await embed({ seed: "78" });
  expect((await other.state()).hash).not.toBe(hash);
  const same = await embed({ seed: "77" });
  expect((await same.state()).hash).toBe(hash);
});

test("a bad parameter is told as a warning, and the rest counts", async ({ embed }) => {
  const host = await embed({ example: "when-things-die", step: "x", theme: "pink", lang: "tlh", id: "b" });
  await host.state();
  expect(await host.first("ready")).toMatchObject({ example: "when-things-die", step: 0 });
  const warnings = await host.messages("warning");
  expect(warnings.map((warning) => warning.where)).toEqual(["step", "theme", "lang"]);
  await expect(host.inside.getByRole("alert")).toContainText("pink");
});

test("messages go to the named origin only", async ({ page, embed, site }) => {
  const host = await embed({ "parent-origin": site.origin });
  expect((await host.state()).step).toBe(0);
});

test.describe("named to somebody else", () => {
  test.use({ tolerated: [/target origin provided .* does not match/] });

  test("the page around hears nothing", async ({ page, site }) => {
    await page.goto(site.url);
    await page.evaluate(() => {
      window.heard = 0;
      addEventListener("message", () => (heard += 1));
      document.body.innerHTML = '<iframe src="./?embed=1&parent-origin=https://example.org"></iframe>';
    });
    await new Figure(page.frameLocator("iframe")).ready();
    expect(await page.evaluate("heard")).toBe(0);
  });
});
