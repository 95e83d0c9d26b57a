// The page of a deployment, as its owner reads it, and its app, as a visitor does.
import assert from 'node:assert/strict';
import { SLOW } from './step.mjs';

/** A line of the list of releases. */
export const release = (page, number) =>
  page.getByRole('listitem').filter({ has: page.getByText(`Release ${number}`, { exact: true }) });

/** Goes to another view of the same deployment. */
export const turnTo = (page, tab) =>
  page.getByRole('navigation', { name: 'Views of this deployment' }).getByRole('link', { name: tab }).click();

/** Waits until a release serves, and says so with its commit. */
export async function serves(page, number, subject) {
  const line = release(page, number).filter({ hasText: 'Serving' });
  await line.waitFor({ timeout: SLOW });
  assert.ok((await line.textContent()).includes(subject), `release ${number} is of “${subject}”`);
}

/** What somebody sees who follows the address on the page. */
export async function seen(page, visitor) {
  const address = await page.getByRole('link', { name: /\.localhost/ }).getAttribute('href');
  const answer = await visitor.goto(address);
  return answer.text();
}

/** Marks the page as it is; the mark is gone when the page was loaded again. Keeps what it says of a rollout. */
export async function watch(page) {
  await page.evaluate(() => {
    window.walked = new Set();
    const look = () => {
      for (const one of document.querySelectorAll('main section li[aria-current="step"]'))
        window.walked.add(one.closest('section').getAttribute('aria-label'));
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  return async () => page.evaluate(() => (window.walked ? [...window.walked] : undefined));
}
