import type { Page } from '@playwright/test';
import { trial } from '../test/factories.ts';
import { completedStudy, runsOf } from './fixture/studies.ts';
import { expect, test } from './fixture/test.ts';

async function openStudy(page: Page, id: string, search = '') {
  await page.goto(`/studies/${id}${search}`);
  await expect(page.getByRole('region', { name: 'Trials, scrolls' })).toBeVisible();
}

test('a study shows its history, its space, its seal and its trials', async ({ page, request }) => {
  const study = await completedStudy(request);
  await openStudy(page, study.id);
  const figure = page.getByRole('figure').filter({ hasText: 'Best so far' });
  await expect(figure.locator('figcaption')).toContainText(`${study.trials.completed} completed`);
  await expect(figure.locator('canvas')).toBeVisible();

  const f1 = study.seal?.results[0]?.scores.overall.strict.f1.toFixed(3) ?? 'no test score';
  await expect(page.getByRole('region', { name: 'Final runs and test seal' })).toContainText(`${f1} strict`);
  await expect(page.getByRole('region', { name: 'Search space' }).first()).toContainText('learning_rate');

  await figure.getByRole('button', { name: 'View as table' }).click();
  const runs = await runsOf(request, study);
  const trials = runs.filter((run) => run.kind === 'trial');
  await expect(figure.getByRole('row')).toHaveCount(trials.length + 1);
});

test('the keyboard reads the points of a chart and opens a trial', async ({ page, request }) => {
  const study = await completedStudy(request);
  await openStudy(page, study.id);
  const figure = page.getByRole('figure').filter({ hasText: 'Best so far' });
  await expect(figure.locator('canvas')).toBeVisible();
  await figure.getByRole('group').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(figure.getByText(/^Trial 2, .* Enter opens it/)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(figure.getByText('Enter opens it')).toBeHidden();
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Trial 1', level: 1 })).toBeVisible();
});

test('filter and order of trials live in the address', async ({ page, request }) => {
  const study = await completedStudy(request);
  await openStudy(page, study.id);
  const table = page.getByRole('region', { name: 'Trials, scrolls' });
  const box = page.getByRole('checkbox', { name: /^completed/ });
  await box.check({ force: true });
  await expect(page).toHaveURL(/\?state=completed$/);
  await table.getByRole('button', { name: 'Dev F1' }).click();
  await expect(page).toHaveURL(/sort=-value/);
  const header = table.getByRole('columnheader', { name: 'Dev F1' });
  await expect(header).toHaveAttribute('aria-sort', 'descending');
  const best = String(study.best?.number);
  await expect(table.getByRole('row').nth(1)).toContainText(best);

  await page.reload();
  await expect(box).toBeChecked();
  await expect(header).toHaveAttribute('aria-sort', 'descending');

  await table.getByRole('link', { name: `Trial ${best}`, exact: true }).click();
  await expect(page.getByRole('heading', { name: `Trial ${best}`, level: 1 })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/state=completed&sort=-value/);
  await expect(box).toBeChecked();
});

test('a trial shows epochs, attempts, artifacts, its suggestion and its log', async ({ page, request }) => {
  const study = await completedStudy(request);
  const done = (await runsOf(request, study)).find(
    (run) => run.state === 'completed' && run.kind === 'trial',
  );
  if (done === undefined) throw new Error('a completed study without a completed trial');
  await page.goto(`/runs/${done.id}`);
  const region = (name: string) => page.getByRole('region', { name, exact: true }).first();
  await expect(region('Epochs').getByRole('row')).toHaveCount(done.epochs + 1);
  await expect(region('Attempts')).toContainText('completed');
  await expect(region('Configuration')).toContainText('learning_rate');
  await expect(region('Why this suggestion')).toContainText('Finished trials seen');
  await expect(page.getByRole('log')).toContainText(/epoch/i);
  await expect(page.getByRole('figure')).toHaveCount(2);

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    region('Artifacts').getByRole('link').first().click(),
  ]);
  expect(await download.failure()).toBeNull();
});

test('the test run shows the test scores by entity type', async ({ page, request }) => {
  const study = await completedStudy(request);
  await openStudy(page, study.id);
  await page.getByRole('link', { name: 'Open the test run' }).click();
  await expect(page.getByRole('heading', { name: 'Test run', level: 1 })).toBeVisible();
  const scores = page.getByRole('region', { name: /^Test scores of the model/ });
  const f1 = study.seal?.results[0]?.scores.overall.strict.f1.toFixed(3) ?? 'no test score';
  await expect(scores).toContainText(f1);
});

test('twenty thousand trials stay in a page of few rows', async ({ page, request }) => {
  const study = await completedStudy(request);
  const runs = Array.from({ length: 20_000 }, (_, index) => trial.completed(index + 1, (index % 997) / 1000));
  await page.route('**/api/v1/studies/*/runs?*', (route) =>
    route.fulfill({ json: { items: runs, next: null, total: runs.length, revision: 1, all: true } }),
  );
  await openStudy(page, study.id, '?sort=-number');
  const table = page.getByRole('region', { name: 'Trials, scrolls' });
  await expect(table.getByRole('table')).toHaveAttribute('aria-rowcount', '20001');
  await expect(table.getByRole('row').nth(1)).toContainText('20000');
  expect(await table.getByRole('row').count()).toBeLessThan(100);
  await table.evaluate((frame) => frame.scrollTo(0, frame.scrollHeight));
  await expect(table.getByRole('link', { name: 'Trial 1', exact: true })).toBeVisible();
  expect(await table.getByRole('row').count()).toBeLessThan(100);
});

test.describe('what is not there', () => {
  test.use({ expectedFaults: [/404/] });

  test('is told in a sentence', async ({ page }) => {
    await page.goto('/studies/00000000-0000-7000-8000-000000000000');
    await expect(page.getByRole('alert')).toContainText('Could not load the study');
    await page.goto('/nowhere');
    await expect(page.getByRole('heading', { name: 'No such page' })).toBeVisible();
  });
});

test.describe('the stream closed', () => {
  test.use({ expectedFaults: [/ERR_FAILED|\/api\/v1\/events/] });

  test('is told in a banner, and the pages still load', async ({ page, request }) => {
    const study = await completedStudy(request);
    await page.route('**/api/v1/events', (route) => route.abort());
    await page.goto('/');
    await expect(page.getByText('Live updates are interrupted')).toBeVisible();
    await expect(page.getByRole('link', { name: study.spec.name })).toBeVisible();
  });
});
