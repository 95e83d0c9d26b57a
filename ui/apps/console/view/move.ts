// The next move for a problem of a deployment, as something to press. Pure.

export type Move = 'build_log' | 'log' | 'env' | 'wallet' | 'settings' | 'again';

const MOVES: [Move, string[]][] = [
  [
    'build_log',
    [
      'build_failed',
      'build_timeout',
      'build_out_of_memory',
      'dockerfile_refused',
      'nothing_detected',
      'plan_unsupported',
      'manifest_invalid',
    ],
  ],
  [
    'log',
    [
      'app_exited',
      'app_out_of_memory',
      'app_never_listened',
      'app_wrong_port',
      'app_loopback_only',
      'app_unhealthy',
      'start_failed',
      'policy_violation',
    ],
  ],
  ['env', ['env_key_invalid', 'env_value_invalid', 'env_too_large']],
  [
    'wallet',
    [
      'balance_ended',
      'wallet_required',
      'mandate_required',
      'mandate_invalid',
      'mandate_exhausted',
      'funds_insufficient',
      'payment_refused',
    ],
  ],
  ['settings', ['term_over', 'term_invalid']],
];

const OF = new Map(MOVES.flatMap(([move, codes]) => codes.map((code) => [code, move] as const)));

/** What helps with a code; trying again for all else. */
export const moveOf = (code: string): Move => OF.get(code) ?? 'again';
