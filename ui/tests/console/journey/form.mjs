// The form of a new deployment: the repository picked at GitHub, or its address typed; then the one button.
import assert from 'node:assert/strict';

const repositories = (page) => page.getByRole('list', { name: 'Repositories' });

/** Finds a repository while typing, and takes it, a branch of it and a folder. */
export async function pick(page, { search, repository, branch, folder }) {
  const list = repositories(page);
  const address = page.getByLabel('Repository address');
  await list.getByRole('button', { name: 'me/blog' }).click();
  assert.match(await address.inputValue(), /me\/blog\.git$/);
  await page.getByRole('button', { name: 'Another one' }).click();
  await list.getByRole('button', { name: 'me/blog' }).waitFor();
  assert.equal(await address.inputValue(), '');
  await page.getByRole('searchbox', { name: 'Your repositories' }).fill(search);
  await list.getByRole('button', { name: 'me/blog' }).waitFor({ state: 'detached' });
  assert.equal(await list.getByRole('listitem').count(), 1);
  await list.getByRole('button', { name: repository }).click();
  await page.getByRole('combobox', { name: /^Branch/ }).click();
  await page.getByRole('option', { name: branch }).click();
  const folders = page.getByRole('group', { name: 'Folder' });
  await folders.getByText('README.md').waitFor();
  await folders.getByRole('button', { name: folder }).click();
  await folders.getByText('Dockerfile').waitFor();
  await folders.getByRole('button', { name: 'Up' }).click();
  await folders.getByText('README.md').waitFor();
  await folders.getByRole('button', { name: folder }).click();
  await folders.getByText(`/${folder}`).waitFor();
}

/** Gives it a name that nobody has. */
export async function call(page, name) {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByText('Free', { exact: true }).waitFor();
  await page.getByText(new RegExp(`^${name}\\.localhost`)).waitFor();
}

/** Presses, and comes to the page of what was made. */
export async function deploy(page, name) {
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await page.getByRole('heading', { name, exact: true }).waitFor();
}
