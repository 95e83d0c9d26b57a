// The coordinator's API, typed by its own description. Failures come out as problems: code, sentence, next move.
import type { ProblemText } from '$lib/i18n';
import type { components, paths } from '$lib/generated/api';
import createClient from 'openapi-fetch';
import { session } from './session.svelte';

type Schemas = components['schemas'];
export type Billing = Schemas['BillingView'];
export type ChainView = Schemas['ChainView'];
export type Agreement = Schemas['AgreementView'];
export type Cost = Schemas['DeploymentCost'];
export type Deployment = Schemas['DeploymentView'];
export type Mandate = Schemas['Mandate'];
export type Terms = Schemas['Terms'];

export const api = createClient<paths>({ baseUrl: window.location.origin });

api.use({
  onRequest({ request }) {
    for (const [name, value] of Object.entries(session.headers())) request.headers.set(name, value);
    return request;
  },
  onResponse({ response }) {
    if (response.status === 401 && session.signedIn) session.end(true);
  },
});

/** A failure that can be shown as it is. */
export class Failure extends Error {
  constructor(readonly problem: ProblemText) {
    super(problem.message);
  }
}

const AWAY: ProblemText = {
  code: 'coordinator_unreachable',
  message: 'The coordinator does not answer.',
  next: 'Check your connection and try again.',
};

/** Whatever was thrown, as a problem. */
export function problemOf(thrown: unknown): ProblemText {
  if (thrown instanceof Failure) return thrown.problem;
  // `fetch` fails with a TypeError when nobody answers.
  if (thrown instanceof TypeError) return AWAY;
  return { code: 'internal', message: 'Something went wrong in this page.', next: 'Load it again.' };
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of an answer. Throws a [`Failure`] with the coordinator's own words. */
export async function taken<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch {
    throw new Failure(AWAY);
  }
  if (answer.response.ok) return answer.data as T;
  const told = (answer.error as { error?: ProblemText } | undefined)?.error;
  throw new Failure(told ?? { ...AWAY, code: `http_${answer.response.status}` });
}
