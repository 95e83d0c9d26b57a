// The coordinator's API, typed by its own description. Failures come out as problems: code, sentence, next move.
import type { ProblemText } from '$lib/i18n';
import type { components, paths } from '$lib/generated/api';
import createClient from 'openapi-fetch';
import { guard } from './session.svelte';

type Schemas = components['schemas'];
export type Billing = Schemas['BillingView'];
export type ChainView = Schemas['ChainView'];
export type Agreement = Schemas['AgreementView'];
export type Cost = Schemas['DeploymentCost'];
export type Deployment = Schemas['DeploymentView'];
export type Accepted = Schemas['DeploymentAccepted'];
export type Wish = Schemas['CreateDeployment'];
export type Release = Schemas['ReleaseView'];
export type Project = Schemas['ProjectView'];
export type EnvList = Schemas['EnvList'];
export type EnvView = Schemas['EnvView'];
export type EnvEntry = Schemas['EnvEntry'];
/** A variable as rows show it: kept already, or about to be. */
export type EnvItem = Omit<EnvEntry, 'value'> & Pick<EnvView, 'value'>;
export type LogKind = Schemas['LogKind'];
export type LogLineView = Schemas['LogLineView'];
export type PriceBook = Schemas['PriceBook'];
export type Mandate = Schemas['Mandate'];
export type Terms = Schemas['Terms'];

/** A line that changes is back by then. */
const AGAIN_MS = 400;

/** A question that a change of networks broke off is asked once more; what changes something is not. */
async function steady(request: Request): Promise<Response> {
  if (request.method !== 'GET') return fetch(request);
  try {
    return await fetch(request.clone());
  } catch (thrown) {
    if (!(thrown instanceof TypeError) || request.signal.aborted) throw thrown;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    return fetch(request);
  }
}

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: steady });

api.use(guard);

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

/** The body of an answer; absent where a coordinator without that route says so, which is no failure. */
export async function maybe<T>(asked: Promise<Answer<T>>): Promise<T | undefined> {
  try {
    return await taken(asked);
  } catch (thrown) {
    const { code } = problemOf(thrown);
    if (code === 'not_found' || code === 'method_not_allowed' || code === 'http_404') return undefined;
    throw thrown;
  }
}

/** A key that makes asking twice harmless. */
export function freshKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
