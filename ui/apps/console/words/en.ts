// What the console says, in English.
import deploy from './en.deploy';
import account from './en.account';
import audit from './en.audit';
import money from './en.money';
import problems from './en.problems';
import wallet from './en.wallet';

const en = {
  ...deploy,
  ...account,
  ...audit,
  ...money,
  ...wallet,
  'nav.label': 'Pages',
  'nav.home': 'Overview',
  'nav.projects': 'Projects',
  'nav.guide': 'Guide',
  'nav.billing': 'Billing',
  'nav.wallet': 'Wallet',
  'nav.skip': 'Skip to the page',
  'nav.sign_out': 'Sign out',
  'nav.theme': 'Theme: {theme}',
  'nav.language': '한국어로 보기',
  'theme.system': 'as the system',
  'theme.light': 'light',
  'theme.dark': 'dark',
  'page.unknown': 'There is no such page',
  'page.unknown_text': 'The address may be of an older build, or mistyped.',
  'page.to_home': 'To the overview',
  'page.load': 'Load again',
  'help.title': 'Keys',
  'help.search': 'Search',
  'help.help': 'These keys',
  'help.close': 'Close what is on top',
  'help.new': 'Deploy something',
  'state.stale': 'Shown as of {time}. The newest could not be loaded.',
  'overview.text': 'What runs, what it costs and how long the money lasts.',
  'overview.deployments': 'Deployments',
  'overview.name': 'Name',
  'overview.state': 'State',
  'overview.cost': 'Per hour',
  'overview.runway': 'Lasts',
  'overview.free': 'free of charge',
  'state.requested': 'Requested',
  'state.placed': 'Placed',
  'state.building': 'Building',
  'state.starting': 'Starting',
  'state.connecting': 'Connecting',
  'state.live': 'Live',
  'state.crashed': 'Crashed',
  'state.offline': 'Offline',
  'state.draining': 'Stopping',
  'state.ended': 'Ended',
  'reason.stopped': 'stopped by you',
  'reason.failed': 'failed',
  'reason.deleted': 'deleted',
  'reason.balance': 'the money was used up',
  'reason.term': 'its end date was reached',
} as const;

export type ConsoleWords = typeof en;
export default { ...problems, ...en };
