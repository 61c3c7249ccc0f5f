// Time travel: each step is the same from whichever side one comes, and what was done differently stays beside it.

import { EXAMPLES, Figure } from "./figure.mjs";
import { expect, open, test } from "./fixtures.mjs";

for (const example of EXAMPLES) {
  test(`${example}: all idea steps and some message steps, there and back, have the same hashes`, async ({ embed }) => {
    const host = await embed({ example });
    const { steps } = await host.first("ready");
    const at = (index) => host.obey("goto", { step: index });
    const states = [await host.state()];
    for (let step = 1; step < steps; step += 1) states.push(await host.obey("step"));
    expect(new Set(states.map(({ hash }) => hash)).size).toBeGreaterThan(steps * 0.7);

    for (let step = steps - 2; step >= 0; step -= 1) {
      expect(await host.obey("step", { count: -1 }), `back to step ${step}`).toEqual(states[step]);
    }
    // In an order of its own.
    for (let index = 0; index < steps; index += 1) {
      const step = (index * 7) % steps;
      expect(await at(step), `straight to step ${step}`).toEqual(states[step]);
    }
    for (const step of [1, steps >> 1, steps - 2]) {
      await at(step);
      const there = [];
      for (let count = 0; count < 5; count += 1) there.push(await host.obey("step", { unit: "message", count: 1 }));
      await host.obey("step", { unit: "message", count: 30 });
      await host.obey("step", { unit: "message", count: -30 });
      for (const state of there.reverse()) {
        expect(await host.state()).toEqual(state);
        await host.obey("step", { unit: "message", count: -1 });
      }
      expect(await host.state()).toEqual(states[step]);
    }
  });
}

test("an act in the past forks; both futures can be returned to, and are as they were", async ({ page, embed }) => {
  const host = await embed({ example: "when-things-die" });
  const figure = new Figure(host.inside);
  await expect(figure.futures).toHaveCount(0);
  const end = async () => {
    const { step, hash } = await host.obey("goto", { step: 1000 });
    return { step, hash };
  };
  const first = await end();

  await host.obey("goto", { step: 7 });
  const parting = (await host.state()).hash;
  await figure.button("Kill the leader").click();
  const changed = await end();
  expect(changed.hash).not.toBe(first.hash);
  const future = (name) => figure.futures.getByRole("button", { name });
  await expect(future("your change 1")).toHaveAttribute("aria-pressed", "true");

  // A third future, from a place that both others have.
  await host.obey("goto", { step: 3 });
  await figure.button("Isolate the leader").click();
  const third = await end();

  await expect(figure.futures.getByRole("button")).toHaveCount(3);
  for (const [name, last] of [
    ["as it would go", first],
    ["your change 1", changed],
    ["your change 2", third],
    ["as it would go", first],
  ]) {
    await future(name).click();
    await expect(future(name)).toHaveAttribute("aria-pressed", "true");
    expect(await end(), name).toEqual(last);
  }
  await host.obey("goto", { step: 7 });
  expect((await host.state()).hash).toBe(parting);
});

test("a person goes by buttons, by the bar and by keys, and always stands where the page says", async ({ page }) => {
  await open(page, "#/module/3/when-things-die");
  const figure = await new Figure(page).ready();
  const { steps } = await figure.at();
  const sentences = [];
  for (let step = 1; step <= steps; step += 1) {
    await figure.place.fill(String(step - 1));
    await figure.expectStep(step);
    const { sentence } = await figure.at();
    await expect(figure.root.getByText(sentence, { exact: true })).toBeVisible();
    sentences.push(sentence);
  }
  const expectSentence = async (step) => {
    await figure.expectStep(step);
    expect((await figure.at()).sentence).toBe(sentences[step - 1]);
  };
  await figure.button("Back").click();
  await expectSentence(steps - 1);
  await figure.button("To the beginning").click();
  await expectSentence(1);
  await figure.button("Next").click();
  await expectSentence(2);
  await page.keyboard.press("End");
  await expectSentence(steps);
  await page.keyboard.press("ArrowLeft");
  await expectSentence(steps - 1);
  await page.keyboard.press("Home");
  await expectSentence(1);

  // Message steps lead away from an idea step and back to it.
  await figure.place.fill("6");
  await expectSentence(7);
  const moment = await figure.picture.getAttribute("aria-label");
  await figure.button("One message forward").click();
  await figure.button("One message forward").click();
  await expect(figure.picture).not.toHaveAccessibleName(moment);
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Shift+ArrowLeft");
  await figure.button("One message back").click();
  await figure.button("One message back").click();
  await expect(figure.picture).toHaveAccessibleName(moment);
  await expectSentence(7);
});
