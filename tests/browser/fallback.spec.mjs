// Without WebAssembly or JavaScript the text of the module stays, and one sentence says why the figure is missing.

import AxeBuilder from "@axe-core/playwright";
import { expect, test, WASM } from "./fixtures.mjs";

async function expectText(page) {
  const text = page.locator("#fallback");
  await expect(text.getByRole("heading", { level: 1 })).toHaveText("How Kafka Solves the Problem");
  await expect(text.getByText("35 minutes")).toBeVisible();
}

for (const [wasm, reason] of [
  [WASM.refused, "does not let WebAssembly run"],
  [WASM.missing, "could not be loaded"],
]) {
  test.describe(`wasm ${wasm}`, () => {
    test.use({ wasm, tolerated: [/./] });

    test(`the text stays and says that the figure ${reason}`, async ({ page }) => {
      await page.goto("./");
      await expect(page.getByRole("status")).toContainText(reason);
      await expectText(page);
    });

    for (const colorScheme of ["light", "dark"]) {
      test(`the text is accessible, ${colorScheme}`, async ({ page }) => {
        await page.emulateMedia({ colorScheme });
        await page.goto("./");
        await expect(page.getByRole("status")).toContainText(reason);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations).toEqual([]);
      });
    }

    test("an embedded figure shows the text instead", async ({ page }) => {
      await page.goto("./?embed=1&module=3&example=message-flow");
      await expect(page.getByRole("status")).toContainText(reason);
      await expectText(page);
    });
  });
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false, tolerated: [/./] });

  test("the text stays and says that the figure needs JavaScript", async ({ page }) => {
    await page.goto("./");
    await expect(page.locator("noscript .why")).toContainText("needs JavaScript");
    await expect(page.locator("noscript .why")).toBeVisible();
    await expectText(page);
  });
});
