// Is all well? What a home screen says in one line, worst first. Pure.
import type { Doctor, Finding, Problem, Status, Tunnel } from '$lib/generated/desk';

export type Trouble =
  | { from: 'engine'; problem: Problem; since: string }
  | { from: 'link'; problem: Problem; since: string; refused: boolean }
  | { from: 'tunnel'; problem: Problem; since: string }
  | { from: 'doctor'; problem: Problem; finding: Finding };

/** All that stops or hampers lending. The doctor's word is left out where the trouble itself says it already. */
export function troubles(status: Status, tunnel: Tunnel | undefined, doctor: Doctor | undefined): Trouble[] {
  const found: Trouble[] = [];
  const { engine, link } = status;
  if (engine.state === 'down' && engine.problem) {
    found.push({ from: 'engine', problem: engine.problem, since: engine.since });
  }
  if ((link.state === 'down' || link.state === 'refused') && link.problem) {
    found.push({ from: 'link', problem: link.problem, since: link.since, refused: link.state === 'refused' });
  } else if (tunnel?.state === 'down' && tunnel.problem) {
    found.push({ from: 'tunnel', problem: tunnel.problem, since: tunnel.since });
  }
  const said = { engine: found.some((one) => one.from === 'engine'), link: found.some((one) => one.from === 'link') };
  for (const finding of doctor?.findings ?? []) {
    const doubled = (finding.check === 'engine' && said.engine) || (finding.check === 'coordinator' && said.link);
    if (finding.grade === 'bad' && finding.problem && !doubled)
      found.push({ from: 'doctor', problem: finding.problem, finding });
  }
  return found;
}

/** Findings that do not stop lending. */
export function warnings(doctor: Doctor | undefined): Finding[] {
  return (doctor?.findings ?? []).filter((finding) => finding.grade === 'warn');
}
