// Every scene of the console.
import { ACCOUNT } from './account.mjs';

export const SCENES = [...ACCOUNT];
