// The next move of problems in the words of whoever lends this computer.
const problems = {
  'problem.app_out_of_memory.next': 'Its tenant can give it more memory.',
  'problem.app_wrong_port.next': 'Its tenant can mend that.',
  'problem.ports_exhausted.next': 'Widen the port range under Limits.',
  'problem.not_enrolled.next': 'Connect this computer first.',
  'problem.wallet_required.next': 'Make a wallet, or name an address to be paid at.',
} as const;
export default problems;
