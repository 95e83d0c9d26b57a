// Push to deploy, as the API tells it. A coordinator without it answers nothing, and nothing is shown.
import type { components } from '$lib/generated/api';
import { api, maybe, taken } from './client';

type Schemas = components['schemas'];
export type PushView = Schemas['PushView'];
/** What is sent back: all that is a wish. */
export type PushWish = Schemas['SetPush'];
export type Delivery = Schemas['DeliveryView'];

const DELIVERIES = 20;
const of = (deployment: string) => ({ path: { deployment } });

export const push = {
  read: (deployment: string) => maybe(api.GET('/v1/deployments/{deployment}/push', { params: of(deployment) })),
  change: (deployment: string, body: PushWish) =>
    taken(api.PUT('/v1/deployments/{deployment}/push', { params: of(deployment), body })),
  secret: (deployment: string) =>
    taken(api.POST('/v1/deployments/{deployment}/push/secret', { params: of(deployment) })),
  deliveries: (deployment: string) =>
    maybe(
      api.GET('/v1/deployments/{deployment}/deliveries', {
        params: { ...of(deployment), query: { limit: DELIVERIES } },
      }),
    ),
};
