// Every page of the console in every state that it can be in, to be looked at and to be judged by axe.
import { ACCOUNT } from './account';
import { DEPLOY } from './deploy';
import type { Scene } from './scene';

export { openScene, type Opened, type Scene } from './scene';
export const SCENES: Scene[] = [...ACCOUNT, ...DEPLOY];
