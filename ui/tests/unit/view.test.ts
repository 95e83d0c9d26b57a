// What screens decide before they draw.
import { describe, expect, it } from 'vitest';
import { addressFault } from '../../apps/desktop/view/connect';
import { lastMonths } from '../../apps/desktop/view/earnings';
import { troubles } from '../../apps/desktop/view/health';
import { endsAt, switchedOn } from '../../apps/desktop/view/lending';
import { faults, snap } from '../../apps/desktop/view/limits';
import { isAddress, keyKind } from '../../apps/desktop/view/wallet';
import { search, sorted } from '../../apps/desktop/view/workload';
import { deskAddress, tokenOf } from '../../src/platform/choose';
import { wait } from '../../src/platform/socket';
import { ADDRESS, doctor, finding, problem, row, usual } from '../browser/fixtures';

describe('home', () => {
  it('shows what is in trouble first', () => {
    const rows = sorted([
      row(0, { phase: 'healthy' }),
      row(1, { phase: 'failed', problem: problem('build_failed', 'x', 'y') }),
      row(2, { phase: 'starting' }),
    ]);
    expect(rows.map((one) => one.phase.phase)).toEqual(['failed', 'starting', 'healthy']);
  });
  it('finds by name and address', () => {
    expect(search([row(0), row(1)], 'HELLO')).toHaveLength(1);
    expect(search([row(0), row(1)], ' ')).toHaveLength(2);
  });
  it('says each trouble once', () => {
    const { status, tunnel } = usual();
    const down = {
      ...status,
      engine: { ...status.engine, state: 'down' as const, problem: problem('engine_stopped', 'x', 'y') },
    };
    const sick = doctor({
      engine: finding('engine', 'bad', '', problem('engine_stopped', 'x', 'y')),
      clock: finding('clock', 'bad', '', problem('clock_off', 'x', 'y')),
    });
    expect(troubles(down, tunnel, sick).map((one) => one.from)).toEqual(['engine', 'doctor']);
    expect(troubles(status, tunnel, doctor())).toEqual([]);
  });
  it('keeps the switch on while a rule rests it', () => {
    expect(switchedOn({ state: 'paused', until: null })).toBe(true);
    expect(switchedOn({ state: 'off' })).toBe(false);
    expect(endsAt({ state: 'leaving', by: 'x' })).toBe('x');
  });
});

describe('forms', () => {
  it('hold limits to their grid and bounds', () => {
    expect(snap(1370, 250, [250, 8000])).toBe(1250);
    expect(snap(99_999, 250, [250, 8000])).toBe(8000);
  });
  it('see a port range that cannot be', () => {
    const { values, bounds } = usual().settings;
    const of = (port_first: number, port_last: number) => faults({ ...values.limits, port_first, port_last }, bounds);
    expect(of(20_000, 20_999)).toEqual({});
    expect(of(20_000, 19_999)).toEqual({ port_last: 'order' });
    expect(of(20_000, 20_003)).toEqual({ port_last: 'few' });
    expect(of(80, 70_000)).toEqual({ port_first: 'range', port_last: 'range' });
    expect(of(NaN, 20_999).port_first).toBe('range');
  });
  it('tell keys, keystores and addresses from other text', () => {
    expect(keyKind(`0x${'ab'.repeat(32)}`)).toBe('hex');
    expect(keyKind('{"version":3,"crypto":{}}')).toBe('keystore');
    expect(keyKind('{"hello":1}')).toBeUndefined();
    expect([isAddress(ADDRESS), isAddress(ADDRESS.slice(1))]).toEqual([true, false]);
  });
  it('name what is wrong with an address', () => {
    expect(addressFault('ttalkak.example')).toBe('address_scheme');
    expect(addressFault('https://a:b@ttalkak.example')).toBe('address_password');
    expect(addressFault('https://')).toBe('address_wrong');
    expect(addressFault('https://ttalkak.example')).toBeUndefined();
  });
  it('count months back over the new year', () => {
    expect(lastMonths(new Date(2027, 0, 31).getTime(), 3)).toEqual(['2027-01', '2026-12', '2026-11']);
  });
});

describe('the socket', () => {
  it('finds the desk and its token', () => {
    expect(tokenOf('#token=ab_C-9')).toBe('ab_C-9');
    expect(tokenOf('#/earnings')).toBeUndefined();
    expect(deskAddress({ protocol: 'http:', host: '127.0.0.1:7799' }, 'x')).toBe('ws://127.0.0.1:7799/desk?token=x');
  });
  it('waits longer and longer, never for ever, and not all at the same time', () => {
    expect(wait(0, 1)).toBe(200);
    expect(wait(3, 1)).toBe(1600);
    expect(wait(50, 1)).toBe(5000);
    expect(wait(50, 0)).toBe(2500);
  });
});
