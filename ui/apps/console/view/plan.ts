// A build plan as it crosses the wire (`crates/planner/src/build_plan.rs`), as far as screens show it. Pure.

export interface PlanShape {
  platform: string;
  framework?: string | null;
  package_manager?: string | null;
  runtime?: string | null;
  output_dir?: string | null;
  start?: string | null;
  port?: number;
  evidence?: { file: string; found: string; so: string }[];
  warnings?: string[];
  dockerfile?: string | undefined;
}

/** What is known as a plan; absent when it is something else. */
export function planOf(told: unknown): PlanShape | undefined {
  const plan = told as PlanShape | null | undefined;
  return typeof plan?.platform === 'string' ? plan : undefined;
}

export const FACTS = ['framework', 'runtime', 'package_manager', 'start', 'output_dir', 'port'] as const;

/** Whether nothing of the app's own runs in it: a web server hands its files to browsers. */
export function servesFiles(plan: PlanShape): boolean {
  return !plan.start && ['cra', 'vite', 'static', 'static-build', 'next'].includes(plan.platform);
}
