import type { DesktopWords } from './en';
const ko = { 'app.name': '딸깍' } as const satisfies Record<keyof DesktopWords, string>;
export default ko;
