// Repositories of GitHub, where this coordinator knows it and the team has connected it. Absent otherwise.
import type { components } from '$lib/generated/api';
import { api, maybe, taken } from './client';

type Schemas = components['schemas'];
export type GithubState = Schemas['GithubView'];
export type Repository = Schemas['RepositoryView'];
export type Entry = Schemas['FolderEntry'];

/** `owner/name` as the two places of a path. */
function placed(full: string) {
  const [owner = '', repository = ''] = full.split('/');
  return { owner, repository };
}

/** A form does not wait longer for what GitHub has. */
const PATIENCE_MS = 5000;

export const github = {
  /** Whether it is there. Never fails: without an answer in good time, it is not. */
  state: (): Promise<GithubState | undefined> => {
    const late = new Promise<undefined>((done) => setTimeout(() => done(undefined), PATIENCE_MS));
    return Promise.race([maybe(api.GET('/v1/github')).catch(() => undefined), late]);
  },
  repositories: (q: string) => taken(api.GET('/v1/github/repositories', { params: { query: { q } } })),
  branches: async (full: string): Promise<string[]> => {
    const told = await taken(
      api.GET('/v1/github/repositories/{owner}/{repository}/branches', { params: { path: placed(full) } }),
    );
    return told.items.map(({ name }) => name);
  },
  folder: async (full: string, branch: string, path: string): Promise<Entry[]> => {
    const params = { path: placed(full), query: { branch, path } };
    return (await taken(api.GET('/v1/github/repositories/{owner}/{repository}/folder', { params }))).entries;
  },
};
