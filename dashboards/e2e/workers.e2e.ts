import { pedigree } from './fixture/coordinator.ts';
import { GpuWorker, missing } from './fixture/gpuWorker.ts';
import { folder, startStudy } from './fixture/studies.ts';
import { expect, test } from './fixture/test.ts';

const home = folder ?? '';
const absent = folder === undefined ? 'needs a coordinator that the tests have started' : missing();
test.skip(absent !== undefined, absent);

const FREE = 'GPU-11111111-0000-4000-8000-000000000001';
const OCCUPIED = 'GPU-22222222-0000-4000-8000-000000000002';
const HOST = [
  `gpu ${FREE} 81920 4 NVIDIA A100-SXM4-80GB`,
  `temperature ${FREE} 34`,
  `utilisation ${FREE} 3`,
  `power ${FREE} 61000`,
  `limit ${FREE} 400000`,
  `ecc ${FREE} 0`,
  `gpu ${OCCUPIED} 81920 30004 NVIDIA A100-SXM4-80GB`,
  `process ${OCCUPIED} 4242 30000`,
  '',
].join('\n');
const HOLDS = 'gpus-held';

test('a viewer is told why he drains nothing', async ({ page }) => {
  await page.goto('/workers');
  const drain = page.getByRole('button', { name: /^Drain / }).first();
  await expect(drain).toHaveAttribute('aria-disabled', 'true');
  await expect(drain).toHaveAccessibleDescription(/role is viewer; only operators drain and resume/);
  await drain.click({ force: true });
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('GPUs are shown as NVML shows them, with what holds them', async ({ page }) => {
  const worker = GpuWorker.start(home, 'gpus', HOST);
  try {
    const { url } = (await pedigree(home, 'login')) as { url: string };
    expect((await page.request.get(url)).ok()).toBe(true);
    await page.goto('/');
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Workers' }).click();
    const gpus = page.getByRole('region', { name: 'gpus', exact: true });
    const row = (uuid: string) => gpus.getByRole('row').filter({ hasText: uuid });
    await expect(row(OCCUPIED)).toContainText('process 4242');
    await expect(row(FREE)).toContainText('34 °C');
    await expect(row(FREE)).toContainText('61 of 400 W');
    await expect(row(FREE)).toContainText('free');

    // The CPU slots are drained by hand, so that the GPU is what takes the study.
    const other = page.getByRole('button', { name: /^Drain (?!gpus$)/ });
    await other.focus();
    await page.keyboard.press('Enter');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^(Drain|Hand back now)$/ })
      .click();
    await expect(page.getByRole('button', { name: /^Resume / })).toBeVisible();
    await startStudy(HOLDS);
    await expect(row(FREE)).toContainText('in use');
    await expect(row(OCCUPIED)).toContainText('not offered');

    worker.show(`${HOST}xid ${FREE} 79\n`);
    await expect(row(FREE)).toContainText('XID 79');
    // It has to be reset: the coordinator takes it out of use until somebody releases it.
    await expect(row(FREE)).toContainText('out of use');
    await page.getByRole('button', { name: /^Resume / }).click();
    await expect(other).toBeVisible();
  } finally {
    await worker.kill();
    await pedigree(home, 'study', 'cancel', HOLDS).catch(() => undefined);
  }
});
