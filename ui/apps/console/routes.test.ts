import { describe, expect, it } from 'vitest';
import { parse, path } from './routes';

describe('addresses', () => {
  it('lead to pages and back', () => {
    const routes = [
      { at: '/', page: 'home', params: {} },
      { at: '/projects', page: 'projects', params: {} },
      { at: '/projects/shop', page: 'project', params: { project: 'shop' } },
      { at: '/deployments/shop-api', page: 'deployment', params: { name: 'shop-api' } },
      { at: '/deployments/shop-api/logs', page: 'deployment', params: { name: 'shop-api', tab: 'logs' } },
      { at: '/settings', page: 'settings', params: {} },
      { at: '/settings/tokens', page: 'settings', params: { section: 'tokens' } },
      { at: '/sign-in', page: 'sign-in', params: {} },
      { at: '/invitations/a%2Fb', page: 'invitation', params: { code: 'a/b' } },
    ] as const;
    for (const { at, page, params } of routes) {
      expect(parse(at), at).toEqual({ page, params });
      expect((path as (page: string, params: object) => string)(page, params)).toBe(at);
    }
  });

  it('are forgiving about slashes at the end and strict about all else', () => {
    expect(parse('/billing/')).toEqual({ page: 'billing', params: {} });
    for (const at of ['/nothing', '/deployments', '/deployments/shop/disk', '/deployments/shop/logs/2', '/Billing'])
      expect(parse(at), at).toBeUndefined();
  });

  it('survive what cannot be decoded or is far too long', () => {
    expect(parse('/projects/%E0%A4%A')).toBeUndefined();
    expect(parse(`/projects/${'a'.repeat(500)}`)).toBeUndefined();
  });

  it('carry any name', () => {
    const project = 'a b/ㄱ?#%';
    expect(parse(path('project', { project }))).toEqual({ page: 'project', params: { project } });
  });
});
