// Repositories of GitHub, where this coordinator knows it and the team has connected it. Absent otherwise.
import { ask, maybe } from './client';

export interface GithubState {
  configured: boolean;
  connected: boolean;
  install_url: string | null;
}

export interface Repository {
  full_name: string;
  private: boolean;
  default_branch: string;
  pushed_at: string | null;
  git_url: string;
}

export interface Entry {
  name: string;
  kind: 'file' | 'folder';
}

interface PageOf<T> {
  items: T[];
  next_cursor?: string | null;
}

const ROOT = '/v1/github';
const named = (full: string) => full.split('/').map(encodeURIComponent).join('/');

export const github = {
  state: () => maybe<GithubState>(ROOT),
  repositories: (q: string) => ask<PageOf<Repository>>(`${ROOT}/repositories?${new URLSearchParams({ q })}`),
  branches: async (full: string): Promise<string[]> => {
    const told = await ask<PageOf<string | { name: string }>>(`${ROOT}/repositories/${named(full)}/branches`);
    return told.items.map((one) => (typeof one === 'string' ? one : one.name));
  },
  folder: async (full: string, branch: string, path: string): Promise<Entry[]> => {
    const query = new URLSearchParams({ branch, path });
    const told = await ask<{ entries: Entry[] }>(`${ROOT}/repositories/${named(full)}/folder?${query}`);
    return told.entries;
  },
};
