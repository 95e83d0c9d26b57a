// The Git host of the tests: commits that lie ready are pushed to it, and it tells of them as GitHub does.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { url } from './step.mjs';

const run = promisify(execFile);
/** `folder` and `bare`: where the commits are and go; `pushes`: by name, each with its commit and its signed delivery. */
const host = JSON.parse(process.env.CONSOLE_HOST ?? 'null');

/** The address of a repository that a person would copy. */
export const addressOf = (repository) => `${host.url}/${repository}.git`;

/** Pushes one of the commits, and has its delivery sent. */
export async function push(name) {
  const { commit, branch, headers, body } = host.pushes[name];
  await run('git', ['-C', host.folder, 'push', '-q', host.bare, `${commit}:refs/heads/${branch}`]);
  const answer = await fetch(`${url}/v1/hooks/github`, { method: 'POST', headers, body });
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { taken: 1, replayed: false });
  return commit;
}
