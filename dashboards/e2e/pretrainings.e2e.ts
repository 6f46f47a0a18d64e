import { completedPretraining, startPretraining } from './fixture/pretrainings.ts';
import { folder } from './fixture/studies.ts';
import { expect, test } from './fixture/test.ts';

test.skip(folder === undefined, 'needs a coordinator that the tests have started');

test('a pretraining has its own page, reached from the list, and leads back there', async ({
  page,
  request,
}) => {
  const { spec, summary, run } = await completedPretraining(request);
  await page.goto('/');
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Pretrainings' }).click();
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: spec.name, exact: true }) });
  await expect(row).toContainText('completed');
  await expect(row).toContainText('→');
  await row.getByRole('link').click();

  await expect(page.getByRole('heading', { name: spec.name, level: 1 })).toBeVisible();
  const region = (name: string) => page.getByRole('region', { name, exact: true }).first();
  await expect(region('Epochs').getByRole('row')).toHaveCount(run.epochs + 1);
  await expect(region('Held-out text, before and after')).toContainText('Bits per character');
  await expect(region('Request')).toContainText('passages.txt');
  await expect(region('Configuration')).toContainText('learning_rate');
  await expect(region('Artifacts')).toContainText('adapter/adapter_model.safetensors');
  await expect(page.getByRole('figure')).toHaveCount(2);
  const steps = String(summary?.steps ?? 'no steps');
  await expect(page.getByRole('definition').filter({ hasText: new RegExp(`^${steps}$`) })).toBeVisible();

  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'Pretrainings', level: 1 })).toBeVisible();
});

test('a pretraining appears and grows without a reload', async ({ page }) => {
  await page.goto('/pretrainings');
  await expect(page.getByText('live', { exact: true })).toBeVisible();
  await startPretraining('growing-text', 6);
  await page.getByRole('link', { name: 'growing-text' }).click();
  const epochs = page.getByRole('region', { name: 'Epochs', exact: true }).getByRole('row');
  await expect.poll(() => epochs.count(), { timeout: 60_000 }).toBeGreaterThan(1);
  await expect(epochs).toHaveCount(6 + 1, { timeout: 60_000 });
  await expect(page.getByRole('heading', { level: 1 }).locator('..')).toContainText('completed');
});
