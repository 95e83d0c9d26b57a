// The words that parts say in any app. Problems by code stand in problems.ts.
import problems from './en/problems';

const parts = {
  'part.copy': 'Copy',
  'part.copied': 'Copied',
  'part.close': 'Close',
  'part.cancel': 'Cancel',
  'part.dismiss': 'Dismiss',
  'part.retry': 'Try again',
  'part.search': 'Search',
  'part.clear': 'Clear',
  'part.loading': 'Loading',
  'part.working': 'Working',
  'part.since': '{time} since {when}',
  'part.code': 'Code',
  'part.confirm_type': 'Type {word} to go on',
  'part.log_follow': 'Follow',
  'part.log_paused': 'Paused. {n} {n|line|lines} below',
  'part.log_empty': 'Nothing was written yet.',
  'part.log_found': '{n} of {all}',
  'part.log_label': 'Log',
  'part.log_skipped': '{n} {n|line|lines} left out: they came faster than they could be shown.',
  'part.log_none': 'No line has “{text}”.',
  'part.rows': '{n} {n|row|rows}',
  'part.no_match': 'Nothing matches “{text}”.',
  'part.worth': 'about {worth}',
  'part.week_hint':
    'Drag to mark hours. With the keyboard: arrow keys move, Space marks, Shift with an arrow key marks on.',
  'part.week_cell_on': '{day} {hour}, lent',
  'part.week_cell_off': '{day} {hour}, not lent',
  'part.week_label': 'Hours of lending',
  'part.address_label': 'Address {address}',
  'part.more': 'More actions',
  'part.notices': 'Messages',
  'part.slider_value': '{value} of {max}',
  'part.opens_browser': 'opens in the browser',
  'part.sort': 'Sort by {column}',
  'day.0': 'Mon',
  'day.1': 'Tue',
  'day.2': 'Wed',
  'day.3': 'Thu',
  'day.4': 'Fri',
  'day.5': 'Sat',
  'day.6': 'Sun',
} as const;

export type PartWords = typeof parts;
const en = { ...problems, ...parts };
export default en;
