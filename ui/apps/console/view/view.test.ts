import { describe, expect, it } from 'vitest';
import type { Deployment, Project, Release } from '../client';
import { diff, isSame, planLines } from './diff';
import { found, type Sort } from './list';
import { deeds, left, progressOf, stageOf } from './phase';

const release = (part: Partial<Release>): Release => ({
  id: 'rel_1',
  number: 1,
  state: 'retired',
  created_at: '2026-11-01T00:00:00Z',
  ...part,
});

describe('a rollout', () => {
  it('has a place for each step, also for one that is not known', () => {
    expect(stageOf('plan_build', 'requested')).toBe('source');
    expect(stageOf('await_escrow', 'building')).toBe('start');
    expect(stageOf('mark_live', 'live')).toBe('publish');
    expect(stageOf('something_new', 'connecting')).toBe('connect');
  });

  it('tells how far a build is, and believes no nonsense', () => {
    expect(progressOf('step 4 of 7: npm ci')).toEqual({ step: 4, of: 7, what: 'npm ci' });
    expect(progressOf('step 4 of 7')).toEqual({ step: 4, of: 7, what: '' });
    for (const odd of ['', null, 'step 9 of 7: x', 'step 0 of 0', 'waiting for a provider'])
      expect(progressOf(odd)).toBeUndefined();
  });

  it('takes about as long as the last good one', () => {
    const at = Date.parse('2026-11-01T00:00:00Z');
    const good = { created_at: '2026-11-01T00:00:00Z', live_at: '2026-11-01T00:01:00Z' };
    const failed = { created_at: '2026-11-01T00:00:00Z', live_at: null };
    expect(left(at, at + 20_000, [failed, good])).toBe(40_000);
    expect(left(at, at + 90_000, [good])).toBeUndefined();
    expect(left(at, at, [failed])).toBeUndefined();
  });

  it('decides what can be asked', () => {
    const ask = (part: Partial<Deployment>) => deeds({ state: 'live', release: 1, ...part });
    expect(ask({})).toMatchObject({ restart: true, stop: true, start: false, cancel: false });
    expect(ask({ state: 'ended', release: null })).toMatchObject({ start: false, redeploy: true });
    expect(ask({ state: 'ended' })).toMatchObject({ restart: false, stop: false, start: true, redeploy: true });
    const rollout = { release: 2, step: 'await_image', since: '2026-11-01T00:00:00Z' };
    expect(ask({ rollout })).toMatchObject({ restart: false, cancel: true });
    expect(ask({ state: 'draining', rollout })).toMatchObject({ stop: false, cancel: false, redeploy: false });
  });
});

describe('two releases', () => {
  it('differ in what their owner would ask', () => {
    const plan = (port: number) => ({ port, dockerfile: `FROM node\nEXPOSE ${port}\n` }) as never;
    const before = release({ commit: 'a', env_keys: ['A', 'B'], image_bytes: 100, plan: plan(3000) });
    const after = release({ number: 2, commit: 'b', env_keys: ['B', 'C'], image_bytes: 130, plan: plan(8080) });
    expect(diff(before, after)).toEqual({
      changes: [{ what: 'commit', before: 'a', after: 'b' }],
      added: ['C'],
      removed: ['A'],
      plan: { before: ['port: 3000', 'dockerfile| EXPOSE 3000'], after: ['port: 8080', 'dockerfile| EXPOSE 8080'] },
      grown: 30,
    });
  });

  it('can be the same', () => {
    expect(isSame(diff(release({ commit: 'a' }), release({ commit: 'a', number: 2 })))).toBe(true);
  });

  it('have plans of any form', () => {
    expect(planLines({ a: [1, { b: null }], c: { d: 'x' } })).toEqual(['a.0: 1', 'c.d: x']);
  });
});

describe('five thousand projects', () => {
  const all: Project[] = Array.from({ length: 5000 }, (_, n) => ({
    id: `prj_${n}`,
    name: `shop-${n}`,
    deployments: 1,
    created_at: new Date(n * 1000).toISOString(),
    updated_at: new Date((5000 - n) * 1000).toISOString(),
  }));

  it('are sorted as asked', () => {
    const first = (sort: Sort) => found(all, '', sort)[0]?.name;
    expect(first('name')).toBe('shop-0');
    expect(first('-created_at')).toBe('shop-4999');
    expect(first('-updated_at')).toBe('shop-0');
    expect(found(all, ' SHOP-499 ', 'name').map((one) => one.name)).toContain('shop-4990');
  });

  it('answer within a tenth of the time that a person notices', () => {
    const times = ['s', 'sh', 'shop-4', 'shop-49', 'nothing'].map((text) => {
      const begin = performance.now();
      found(all, text, 'name');
      return performance.now() - begin;
    });
    expect(Math.max(...times)).toBeLessThan(100);
  });
});
