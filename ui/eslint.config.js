import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

// One file knows Tauri, so that the same screens run in a browser.
const tauri = {
  patterns: [{ group: ['@tauri-apps/*'], message: 'Only src/platform/tauri.ts speaks to Tauri.' }],
};
// A part knows no page, and the library knows no app.
const apps = {
  patterns: [...tauri.patterns, { group: ['**/apps/**'], message: 'The library knows no app.' }],
};

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/generated', 'shots'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { parserOptions: { extraFileExtensions: ['.svelte'] } },
    rules: {
      'no-undef': 'off',
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-imports': ['error', tauri],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      'svelte/require-each-key': 'error',
      'svelte/no-at-html-tags': 'error',
      // Pages are names after the hash of one document, not routes of a server.
      'svelte/no-navigation-without-resolve': 'off',
      'max-lines': ['error', { max: 400 }],
    },
  },
  { files: ['src/**'], rules: { 'no-restricted-imports': ['error', apps] } },
  { files: ['src/parts/**'], rules: { 'max-lines': ['error', { max: 150, skipBlankLines: true }] } },
  { files: ['src/platform/tauri.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['tests/**', '*.config.ts'], rules: { 'no-console': 'off' } },
);
