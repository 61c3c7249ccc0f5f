// A random schedule in the page: the link that a failing one prints opens the very step, with the very hash.

import { readFileSync } from "node:fs";
import { Figure } from "./figure.mjs";
import { expect, test } from "./fixtures.mjs";

const RUNS = JSON.parse(readFileSync(new URL("../hashes.json", import.meta.url), "utf8"));

for (const { run, hashes, link } of RUNS.filter(({ link }) => link).slice(0, 3)) {
  test(`a link to ${run} opens its last step, and time can be gone through`, async ({ page, embed }) => {
    const hash = hashes.at(-1).split(" ")[1];
    const host = await embed({}, { fragment: `/at/${link}` });
    expect((await host.state()).hash).toBe(hash);
    const earlier = await host.obey("step", { unit: "message", count: -40 });
    expect(earlier.hash).not.toBe(hash);
    expect((await host.obey("step", { unit: "message", count: 40 })).hash).toBe(hash);

    await page.goto(`./#/at/${link}`);
    const figure = await new Figure(page).ready();
    await expect(page.getByRole("alert")).toBeEmpty();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(new RegExp(`^${run}$`, "i"));
    await expect(page.getByText("No person has made up this run")).toBeVisible();
    await figure.place.fill("2");
    await figure.expectStep(3);
  });
}
