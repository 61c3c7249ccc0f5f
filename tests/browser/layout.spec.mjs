// The page at every width: nothing to scroll sideways, no text too small to read, no text over another.

import { EXAMPLES, Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

const WIDTHS = [320, 390, 768, 1024, 1440];
const SMALLEST_TEXT_PX = 12;

/** Runs in the page: what is wrong with the texts of the picture. */
function textFaults(smallest) {
  const svg = document.querySelector("figure svg[role=group]");
  const frame = svg.getBoundingClientRect();
  const faults = [];
  const texts = [...svg.querySelectorAll("text")].map((text) => {
    const box = text.getBoundingClientRect();
    const size = Number.parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().d;
    // A line's box holds room above and below its letters.
    const air = box.height * 0.2;
    return { words: text.textContent, size, left: box.left, right: box.right, top: box.top + air, bottom: box.bottom - air };
  });
  for (const [index, one] of texts.entries()) {
    if (one.size < smallest - 0.01) faults.push(`“${one.words}” is ${one.size.toFixed(1)} px`);
    if (one.left < frame.left - 1 || one.right > frame.right + 1 || one.top < frame.top || one.bottom > frame.bottom) {
      faults.push(`“${one.words}” leaves the picture`);
    }
    for (const other of texts.slice(index + 1)) {
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (wide > 1 && high > 1) faults.push(`“${one.words}” and “${other.words}” overlap by ${wide.toFixed(0)}×${high.toFixed(0)} px`);
    }
  }
  return faults;
}

/** Runs in the page: how many pixels there are to scroll sideways, and what sticks out. */
function sideways() {
  const root = document.scrollingElement;
  const over = root.scrollWidth - root.clientWidth;
  if (over <= 0) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1);
  return [`${over} px: ${wide.slice(-3).map((element) => `${element.nodeName}.${element.getAttribute("class")}`)}`];
}

/** Runs of the examples that look different: as they go by themselves, and with things broken. */
const RUNS = [
  ...EXAMPLES.map((example) => ({ name: example, example, act: async () => {} })),
  {
    name: "when-things-die with a dead leader and a dead consumer",
    example: "when-things-die",
    act: async (figure) => {
      await figure.until(/processed offset 1/);
      await figure.button("Crash the consumer").click();
      await figure.button("Kill the leader").click();
      await figure.until(/leads from now on/);
      await figure.button("Start the dead broker").click();
      await figure.button("To the beginning").click();
    },
  },
  {
    name: "when-things-die with an isolated leader",
    example: "when-things-die",
    act: async (figure) => {
      await figure.edit.click();
      await figure.editor.getByRole("combobox", { name: "acks" }).selectOption("1");
      await figure.editor.getByRole("button", { name: "Run it" }).click();
      await figure.until(/^Committed/);
      await figure.button("Isolate the leader").click();
      await figure.button("To the beginning").click();
    },
  },
  {
    name: "message-flow with six partitions and a key",
    example: "message-flow",
    act: async (figure) => {
      await figure.edit.click();
      await figure.editor.getByRole("combobox", { name: "How the partition is chosen" }).selectOption("key");
      await figure.editor.getByRole("textbox", { name: "Key" }).fill("a rather long key of a user");
      await figure.editor.getByRole("spinbutton", { name: "Partitions" }).fill("6");
      await figure.editor.getByRole("button", { name: "Run it" }).click();
    },
  },
];

/** Sets the width and waits until the picture is laid out for it. */
async function setWidth(page, figure, width) {
  await page.setViewportSize({ width, height: 900 });
  const scale = () => figure.picture.evaluate((svg) => svg.getScreenCTM().a);
  await expect.poll(scale, { intervals: [20] }).toBeCloseTo(1, 2);
}

for (const { name, example, act } of RUNS) {
  test(`${name}: at all its steps the picture's texts can be read`, async ({ page }) => {
    await open(page, `#/module/3/${example}`);
    const figure = await new Figure(page).ready();
    await act(figure);
    const { steps } = await figure.at();
    const faults = [];
    for (const width of WIDTHS) {
      await setWidth(page, figure, width);
      for (let step = 1; step <= steps; step += 1) {
        await figure.place.fill(String(step - 1));
        await figure.expectStep(step);
        const found = [...(await page.evaluate(textFaults, SMALLEST_TEXT_PX)), ...(await page.evaluate(sideways))];
        faults.push(...found.map((fault) => `${width} px, step ${step}: ${fault}`));
      }
    }
    expect(faults).toEqual([]);
  });
}

for (const example of EXAMPLES) {
  test(`${example}: editor, tables, question and inspector fit at every width`, async ({ page }) => {
    await open(page, `#/module/3/${example}`);
    const figure = await new Figure(page).ready();
    const inspector = page.getByRole("complementary", { name: "Inspector" });
    for (const width of WIDTHS) {
      await setWidth(page, figure, width);
      const fits = async (what) => expect(await page.evaluate(sideways), `${what} at ${width} px`).toEqual([]);
      await figure.button("To the beginning").click();
      await figure.edit.click();
      await fits("editor");
      await figure.editor.getByRole("button", { name: "Close" }).click();
      await figure.place.fill(example === "message-flow" ? "2" : "9");
      await figure.button("Show the state in tables").click();
      await fits("tables");
      await figure.button("Hide the state in tables").click();
      for (const thing of [/^Broker 0/, /^offset 0 on broker 0/, /^Producer web-app/]) {
        await figure.thing(thing).focus();
        await page.keyboard.press("Enter");
        await expect(inspector).toBeVisible();
        await fits(`inspector of ${thing}`);
        await page.keyboard.press("Escape");
        await expect(inspector).toHaveCount(0);
      }
    }
  });
}

test("from 1,000 px on the figure stands beside the text, below that between its parts", async ({ page }) => {
  await open(page);
  const figure = await new Figure(page).ready();
  const title = page.getByRole("heading", { level: 1 });
  const closing = page.getByRole("heading", { name: "What to take with you" });
  const place = async () => {
    const [box, head, end] = [await figure.root.boundingBox(), await title.boundingBox(), await closing.boundingBox()];
    return { beside: box.x >= head.x + head.width - 1, between: box.y > head.y && box.y + box.height <= end.y };
  };
  for (const width of [1000, 1440]) {
    await setWidth(page, figure, width);
    expect((await place()).beside, `${width} px`).toBe(true);
  }
  for (const width of [320, 999]) {
    await setWidth(page, figure, width);
    expect(await place(), `${width} px`).toEqual({ beside: false, between: true });
  }
});

test("on a wide screen the figure stays in view while the text is read", async ({ page }) => {
  await open(page);
  const figure = await new Figure(page).ready();
  await page.getByRole("heading", { name: "What to take with you" }).scrollIntoViewIfNeeded();
  await expect(figure.picture).toBeInViewport({ ratio: 0.8 });
  await expect(figure.button("Next")).toBeInViewport();
});

test("the page about fidelity fits at every width", async ({ page }) => {
  await open(page, "#/fidelity");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("How faithful is it?");
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    expect(await page.evaluate(sideways), `at ${width} px`).toEqual([]);
  }
});
