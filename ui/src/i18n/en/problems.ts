// Words for problems by their code, where a screen can say it better than the sentence that comes with it: the next move
// in the words of screens instead of commands. What is not here is shown as it came.

const problems = {
  'problem.unauthorized.next': 'Sign in again.',
  'problem.forbidden.next': 'Use an account that may do this.',
  'problem.not_found.next': 'Check the name.',
  'problem.build_failed.next': 'The end of the build log says why.',
  'problem.app_exited.next': 'The log shows its last words.',
  'problem.app_unhealthy.next': 'The log may say why.',
  'problem.enrol_code_invalid.next': 'Ask for a new code and enter that one.',
  'problem.agent_unknown.next': 'Connect this computer again.',
  'problem.agent_revoked.next': 'Connect this computer again with a new code.',
} as const;

export type ProblemNext = keyof typeof problems;
export default problems;
