// Who may ask for what, as the API's own description says it of each route.
import { readFileSync } from 'node:fs';
import { denied, type Action } from '../../../apps/console/account/rules';
import { places, refusal, type Refusal } from './answers';
import type { People } from '../world';

type Description = { paths: Record<string, Record<string, { security?: { token?: [Action] }[] }>> };
const { paths } = JSON.parse(
  readFileSync(new URL('../../../../coordinator/openapi.json', import.meta.url), 'utf8'),
) as Description;
const ROUTES = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, { security }]) => {
    const action = security?.flatMap(({ token }) => token ?? [])[0];
    return action ? [{ method: method.toUpperCase(), pattern: path.replace(/\{(\w+)\}/g, ':$1'), action }] : [];
  }),
);

/** What a caller needs for a route; nothing where everybody may ask. */
export function actionOf(method: string, path: string): Action | undefined {
  return ROUTES.find((one) => one.method === method && places(one.pattern, path))?.action;
}

/** The refusal that the coordinator would give, before the route is asked. */
export function refuse(people: People, method: string, path: string, csrf: unknown): Refusal | undefined {
  const action = actionOf(method, path);
  if (!action) return undefined;
  if (!people.signedIn) return refusal(401, 'unauthorized', 'Nobody is signed in.');
  if (method !== 'GET' && csrf !== people.csrf)
    return refusal(403, 'csrf_refused', 'The request did not come from the console.');
  const why = denied({ team: people.team(), scope: people.scope }, action);
  return why && refusal(403, 'forbidden', `This takes ${JSON.stringify(why)}.`);
}
