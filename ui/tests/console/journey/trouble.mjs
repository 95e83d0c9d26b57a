// A build that failed, explained: what happened, the code, the next move, and the last words of the build.
import assert from 'node:assert/strict';
import { SLOW } from './step.mjs';

/** Waits for the explanation of a release that could not be built, and follows its next move to the log and back. */
export async function explained(page, release, lastWords) {
  await page.getByText('build_failed', { exact: true }).waitFor({ timeout: SLOW });
  await page
    .getByText(/^The step .* failed with exit code 7\.$/)
    .first()
    .waitFor();
  await page.getByText('The end of the build log says why. Mend it and push, or deploy again.').waitFor();
  const last = page.getByRole('figure').filter({ hasText: 'Its last words' });
  await last.getByText(lastWords).waitFor();
  await page.getByRole('link', { name: 'See the build log' }).click();
  const log = page.getByRole('log', { name: 'Build log' });
  await log.getByText(lastWords).first().waitFor();
  assert.match(page.url(), new RegExp(`kind=build&release=${release}$`));
  await page.goBack();
  await last.waitFor();
}
