// What a screen says about a workload. Pure: words are given as keys.
import type { Problem, WorkloadPhase, WorkloadRow } from '$lib/generated/desk';
import type { Tone } from '$lib/parts/StatusLine.svelte';

export type PhaseKind = WorkloadPhase['phase'];

const TONE: Record<PhaseKind, Tone> = {
  waiting: 'coming',
  fetching: 'coming',
  building: 'coming',
  starting: 'coming',
  checking: 'coming',
  healthy: 'good',
  unhealthy: 'warn',
  backing_off: 'bad',
  stopping: 'off',
  failed: 'bad',
};

export function phaseTone(phase: WorkloadPhase): Tone {
  return TONE[phase.phase];
}

/** Why it is as it is. */
export function phaseProblem(phase: WorkloadPhase): Problem | null {
  switch (phase.phase) {
    case 'waiting':
    case 'unhealthy':
      return phase.why;
    case 'backing_off':
      return phase.last;
    case 'failed':
      return phase.problem;
    case 'fetching':
    case 'building':
    case 'starting':
    case 'checking':
    case 'healthy':
    case 'stopping':
      return null;
  }
}

const ORDER: Record<Tone, number> = { bad: 0, warn: 1, coming: 2, good: 3, off: 4 };

/** What needs a look first, then by name. */
export function sorted(rows: WorkloadRow[]): WorkloadRow[] {
  const grave = (row: WorkloadRow) => ORDER[phaseTone(row.phase)];
  return [...rows].sort(
    (a, b) => grave(a) - grave(b) || a.name.localeCompare(b.name) || a.lease.localeCompare(b.lease),
  );
}

/** The rows that a text is found in: name, address or lease. */
export function search(rows: WorkloadRow[], text: string): WorkloadRow[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return rows;
  return rows.filter((row) =>
    [row.name, row.url ?? '', row.lease].some((field) => field.toLowerCase().includes(wanted)),
  );
}

/** What a row is called where its deployment's name is not known. */
export function rowName(row: Pick<WorkloadRow, 'name' | 'lease'>): string {
  return row.name === '' ? row.lease.slice(-8) : row.name;
}

/** An address without its scheme, as people say it. */
export function bareUrl(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/$/, '');
}
