const en = { 'app.name': 'Ttalkak' } as const;
export type DesktopWords = typeof en;
export default en;
