// The icon of each page.
import Bell from '@lucide/svelte/icons/bell';
import CalendarClock from '@lucide/svelte/icons/calendar-clock';
import Coins from '@lucide/svelte/icons/coins';
import HardDrive from '@lucide/svelte/icons/hard-drive';
import House from '@lucide/svelte/icons/house';
import Network from '@lucide/svelte/icons/network';
import Plug from '@lucide/svelte/icons/plug';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Settings from '@lucide/svelte/icons/settings';
import SlidersHorizontal from '@lucide/svelte/icons/sliders-horizontal';
import Stethoscope from '@lucide/svelte/icons/stethoscope';
import type { PAGES } from '../route.svelte';

export const ICONS: Record<(typeof PAGES)[number], typeof Bell> = {
  home: House,
  earnings: Coins,
  rules: CalendarClock,
  limits: SlidersHorizontal,
  disk: HardDrive,
  ports: Plug,
  tunnel: Network,
  doctor: Stethoscope,
  notices: Bell,
  logs: ScrollText,
  settings: Settings,
};
