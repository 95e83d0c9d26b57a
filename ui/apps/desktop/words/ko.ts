// All that the desktop's screens say, in Korean.
import shell from './ko/shell';
import home from './ko/home';
import problems from './ko/problems';
import machine from './ko/machine';
import earnings from './ko/earnings';
import rules from './ko/rules';
import setup from './ko/setup';
import settings from './ko/settings';
import type { DesktopWords } from './en';

const words = { ...shell, ...home, ...machine, ...earnings, ...rules, ...setup, ...settings } satisfies Record<
  keyof DesktopWords,
  string
>;

export default { ...problems, ...words };
