// The end of a deployment, after its name was typed.
import assert from 'node:assert/strict';
import { turnTo } from './deployment.mjs';

/** Deletes it from its own page; ends at the list of projects. */
export async function remove(page, name) {
  await turnTo(page, 'Settings');
  await page.getByRole('button', { name: 'Delete deployment' }).click();
  const dialog = page.getByRole('dialog', { name: `Delete ${name} for good?` });
  const sure = dialog.getByRole('button', { name: 'Delete deployment' });
  const typed = dialog.getByLabel(`Type ${name} to go on`);
  await typed.fill(`${name}s`);
  assert.ok(await sure.isDisabled(), 'another name deletes nothing');
  await typed.fill(name);
  await sure.click();
  await page.getByRole('heading', { name: 'Projects' }).waitFor();
}
