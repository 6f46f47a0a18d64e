import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import type { AxeResults, RunOptions } from 'axe-core';
import { completedPretraining } from './fixture/pretrainings.ts';
import { completedStudy } from './fixture/studies.ts';
import { expect, test } from './fixture/test.ts';

declare global {
  interface Window {
    axe: { run(context: Document, options: RunOptions): Promise<AxeResults> };
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Pages without a chart. */
const LISTS = ['/', '/pretrainings', '/workers'];
const LEVELS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Evaluated, not added as a script: the content policy stays on. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const results = await page.evaluate(
    (values) => window.axe.run(document, { runOnly: { type: 'tag', values } }),
    LEVELS,
  );
  return results.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
}

for (const theme of ['light', 'dark'] as const) {
  for (const width of [1280, 320]) {
    test(`every page is accessible, ${theme}, ${width} px wide`, async ({ page, request }) => {
      const study = await completedStudy(request);
      const pretraining = await completedPretraining(request);
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 900 });
      const testRun = `/runs/${study.test_run?.run_id}`;
      const pages = [
        ...LISTS,
        `/studies/${study.id}`,
        `/runs/${study.best?.run_id}`,
        `/runs/${study.finals[0]?.run_id}`,
        testRun,
        `/runs/${pretraining.run.id}`,
      ];
      for (const path of pages) {
        await page.goto(path);
        const content = page.getByRole('main');
        await expect(content.getByRole('table').first()).toBeVisible();
        // Lists and test runs have no chart.
        if (!LISTS.includes(path) && path !== testRun)
          await expect(content.locator('canvas').first()).toBeVisible();
        expect(await violations(page), path).toEqual([]);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(overflow, `${path} scrolls sideways`).toBe(0);
      }
    });
  }
}

test('the theme can be chosen and is remembered', async ({ page }) => {
  await page.goto('/');
  await page.getByLabel('Colour theme').selectOption('dark');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.getByLabel('Colour theme')).toHaveValue('dark');
});
