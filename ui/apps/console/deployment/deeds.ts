// What can be done to a deployment. Each says that it was done, with the way back where there is one.
import { toasts } from '$lib/parts/toasts.svelte';
import { api, freshKey, problemOf, taken, type Deployment } from '../client';
import { live } from '../live.svelte';
import { iso } from '../view/term';
import { t } from '../words';

const about = (one: Deployment) => ({ path: { deployment: one.id }, header: { 'Idempotency-Key': freshKey() } });

/** Carries out a deed. Answers whether it was. */
async function attempt(deed: () => Promise<Deployment>): Promise<boolean> {
  try {
    live.put(await deed());
    return true;
  } catch (thrown) {
    toasts.problem(problemOf(thrown));
    return false;
  }
}

export async function restart(one: Deployment): Promise<void> {
  const asked = async () =>
    (await taken(api.POST('/v1/deployments/{deployment}/restart', { params: about(one) }))).deployment;
  if (await attempt(asked)) toasts.say(t('did.restart', { name: one.name }), undo(one));
}

export async function redeploy(one: Deployment): Promise<void> {
  const asked = async () =>
    (await taken(api.POST('/v1/deployments/{deployment}/redeploy', { params: about(one), body: {} }))).deployment;
  if (await attempt(asked)) toasts.say(t('did.redeploy', { name: one.name }), undo(one));
}

export async function stop(one: Deployment): Promise<void> {
  const asked = () => taken(api.POST('/v1/deployments/{deployment}/stop', { params: about(one) }));
  const back = { label: t('did.start_again'), run: () => void start(one) };
  if (await attempt(asked)) toasts.say(t('did.stop', { name: one.name }), back);
}

export async function start(one: Deployment): Promise<void> {
  const asked = async () =>
    (await taken(api.POST('/v1/deployments/{deployment}/start', { params: about(one) }))).deployment;
  if (await attempt(asked)) toasts.say(t('did.start', { name: one.name }));
}

export async function cancel(one: Deployment): Promise<void> {
  const asked = () => taken(api.POST('/v1/deployments/{deployment}/cancel', { params: about(one) }));
  if (await attempt(asked)) toasts.say(t('did.cancel', { name: one.name }));
}

export async function rollback(one: Deployment, release: number): Promise<void> {
  const asked = async () =>
    (await taken(api.POST('/v1/deployments/{deployment}/rollback', { params: about(one), body: { release } })))
      .deployment;
  const before = one.release;
  const back = typeof before === 'number' ? { label: t('did.undo'), run: () => void rollback(one, before) } : undefined;
  if (await attempt(asked)) toasts.say(t('did.rollback', { n: release }), back);
}

export async function setTerm(one: Deployment, until: number | undefined): Promise<boolean> {
  const body = until === undefined ? {} : { until: iso(until) };
  const asked = () =>
    taken(api.PUT('/v1/deployments/{deployment}/term', { params: { path: { deployment: one.id } }, body }));
  const before = one.until ? Date.parse(one.until) : undefined;
  const done = await attempt(asked);
  if (done) toasts.say(t('did.term'), { label: t('did.undo'), run: () => void setTerm(one, before) });
  return done;
}

/** What runs moves to a fresh container of that size. */
export async function resize(one: Deployment, size: { memory_bytes: number; milli_cpu: number }): Promise<void> {
  const asked = () =>
    taken(api.PUT('/v1/deployments/{deployment}/size', { params: { path: { deployment: one.id } }, body: size }));
  const { memory_bytes, milli_cpu } = one;
  const back = { label: t('did.undo'), run: () => void resize(one, { memory_bytes, milli_cpu }) };
  if (await attempt(asked)) toasts.say(t('did.resize', { name: one.name }), back);
}

export async function setPart(one: Deployment, part: Deployment['part']): Promise<void> {
  const params = { path: { deployment: one.id } };
  const body = part ? { part } : {};
  const asked = () => taken(api.PUT('/v1/deployments/{deployment}/part', { params, body }));
  const before = one.part;
  if (await attempt(asked)) toasts.say(t('did.part'), { label: t('did.undo'), run: () => void setPart(one, before) });
}

/** A new release by this Dockerfile; by what is detected when it is empty. */
export async function rebuild(one: Deployment, dockerfile: string): Promise<boolean> {
  const asked = async () =>
    (await taken(api.POST('/v1/deployments/{deployment}/redeploy', { params: about(one), body: { dockerfile } })))
      .deployment;
  const done = await attempt(asked);
  if (done) toasts.say(t('did.redeploy', { name: one.name }), undo(one));
  return done;
}

export async function remove(one: Deployment): Promise<boolean> {
  const asked = () => taken(api.DELETE('/v1/deployments/{deployment}', { params: { path: { deployment: one.id } } }));
  const done = await attempt(asked);
  if (done) toasts.say(t('did.delete', { name: one.name }));
  return done;
}

/** A rollout that is on its way can be given up again; what serves goes on. */
function undo(one: Deployment) {
  return { label: t('did.undo'), run: () => void cancel(one) };
}
