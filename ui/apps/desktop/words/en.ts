// All that the desktop's screens say.
import shell from './en/shell';
import home from './en/home';
import problems from './en/problems';
import machine from './en/machine';
import earnings from './en/earnings';
import rules from './en/rules';
import setup from './en/setup';
import settings from './en/settings';

const words = { ...shell, ...home, ...machine, ...earnings, ...rules, ...setup, ...settings };

export type DesktopWords = typeof words;
export default { ...problems, ...words };
