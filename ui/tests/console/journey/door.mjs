// In with GitHub, from the page that one wanted to see.
import assert from 'node:assert/strict';
import { load } from '../look.mjs';
import { url } from './step.mjs';

/** Out to GitHub and back, to the form of a new deployment. */
export async function signIn(page) {
  await load(page, `${url}/new`, () => page.getByText('Sign in to see this page.').waitFor());
  await page.getByRole('link', { name: 'Continue with GitHub' }).click();
  await page.getByRole('heading', { name: 'New deployment' }).waitFor();
  await page.getByRole('button', { name: /^Account: ada/ }).waitFor();
  assert.equal(page.url(), `${url}/new`, 'neither code nor state is left in the address');
}
