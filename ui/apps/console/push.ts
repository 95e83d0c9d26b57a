// Push to deploy, as the API tells it. A coordinator without it answers nothing, and nothing is shown.
import { ask, maybe } from './client';

export interface PushView {
  on: boolean;
  branch: string;
  paths: string[];
  wait_for_checks: boolean;
  previews: { on: boolean; forks: boolean; ttl_ms: number; at_most: number };
  hook_url: string;
  secret_set: boolean;
  /** Hooks of this repository come by themselves. */
  github: boolean;
}

/** What is sent back: all that is a wish. */
export type PushWish = Pick<PushView, 'on' | 'branch' | 'paths' | 'wait_for_checks' | 'previews'>;

export interface Delivery {
  id: string;
  at: string;
  via: 'github' | 'gitlab' | 'generic';
  branch: string | null;
  commit: string | null;
  message: string | null;
  author: string | null;
  outcome: 'deployed' | 'skipped' | 'waiting' | 'failed';
  reason: string | null;
  release: number | null;
}

const at = (deployment: string) => `/v1/deployments/${encodeURIComponent(deployment)}`;

export const push = {
  read: (deployment: string) => maybe<PushView>(`${at(deployment)}/push`),
  change: (deployment: string, wish: PushWish) => ask<PushView>(`${at(deployment)}/push`, 'PUT', wish),
  secret: (deployment: string) => ask<{ hook_url: string; secret: string }>(`${at(deployment)}/push/secret`, 'POST'),
  deliveries: (deployment: string) => maybe<{ items: Delivery[] }>(`${at(deployment)}/deliveries?limit=20`),
};
