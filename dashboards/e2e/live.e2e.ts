import { readRecord } from './fixture/coordinator.ts';
import { completedStudy, folder, runsOf, startStudy } from './fixture/studies.ts';
import { expect, test } from './fixture/test.ts';

test.skip(folder === undefined, 'needs a coordinator that the tests have started');

test('a study appears and reaches its test score without a reload', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Studies', level: 1 })).toBeVisible();
  await expect(page.getByText('live', { exact: true })).toBeVisible();
  let loads = 0;
  page.on('load', () => loads++);

  await startStudy('watched');
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'watched' }) });
  await expect(row).toContainText('searching');
  await expect(row).toContainText('synthetic');
  await expect(row).toContainText('Locked until the test run');

  await expect(row).toContainText('completed', { timeout: 180_000 });
  await expect(row).toContainText('4/4');
  await expect(row).not.toContainText('Locked');
  await expect(row.getByRole('cell').nth(5)).toHaveText(/^[01]\.\d{3}$/);
  expect(loads).toBe(0);
});

test('a trial grows while it runs', async ({ page, request }) => {
  await completedStudy(request);
  await page.goto('/');
  await startStudy('growing');
  await page.getByRole('link', { name: 'growing' }).click();
  await page.getByRole('link', { name: 'Trial 1', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Trial 1', level: 1 })).toBeVisible();
  const epochs = page.getByRole('region', { name: 'Epochs', exact: true }).getByRole('row');
  await expect.poll(() => epochs.count()).toBeGreaterThan(1);
  await expect(epochs).toHaveCount(13, { timeout: 120_000 });
  await expect(page.getByRole('heading', { level: 1 }).locator('..')).toContainText('completed');
});

test.describe('the coordinator killed', () => {
  test.use({ expectedFaults: [/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|ERR_NETWORK|\b50\d\b/] });

  test('is told, and mended without a reload', async ({ page, request }) => {
    const study = await completedStudy(request);
    await page.goto(`/studies/${study.id}`);
    await expect(page.getByText('live', { exact: true })).toBeVisible();
    // The chart's program has arrived: nothing is being fetched when the coordinator dies.
    await expect(page.getByRole('figure').first().locator('canvas')).toBeVisible();
    if (folder === undefined) return;
    const pid = readRecord(folder).processes.coordinator;
    if (pid === undefined) throw new Error('up.json names no coordinator');
    process.kill(pid, 'SIGKILL');
    const banner = page.getByText('Live updates are interrupted');
    await expect(banner).toBeVisible();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(study.spec.name);
    await expect(banner).toBeHidden({ timeout: 60_000 });
    await expect(page.getByText('live', { exact: true })).toBeVisible();
    expect(await runsOf(request, study)).not.toEqual([]);
  });
});
