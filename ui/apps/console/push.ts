// Push to deploy, as the API tells it. A coordinator without it answers nothing, and nothing is shown.
import type { components } from '$lib/generated/api';
import { ask, maybe } from './client';

type Schemas = components['schemas'];
export type PushView = Schemas['PushView'];
/** What is sent back: all that is a wish. */
export type PushWish = Schemas['SetPush'];
export type Delivery = Schemas['DeliveryView'];

const at = (deployment: string) => `/v1/deployments/${encodeURIComponent(deployment)}`;

export const push = {
  read: (deployment: string) => maybe<PushView>(`${at(deployment)}/push`),
  change: (deployment: string, wish: PushWish) => ask<PushView>(`${at(deployment)}/push`, 'PUT', wish),
  secret: (deployment: string) => ask<Schemas['HookSecret']>(`${at(deployment)}/push/secret`, 'POST'),
  deliveries: (deployment: string) => maybe<Schemas['Page_DeliveryView']>(`${at(deployment)}/deliveries?limit=20`),
};
