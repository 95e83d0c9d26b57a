// Which screen draws which page.
import type { Component } from 'svelte';
import type { PageName } from '../route.svelte';
import Disk from './disk/Disk.svelte';
import Doctor from './doctor/Doctor.svelte';
import Earnings from './earnings/Earnings.svelte';
import Home from './home/Home.svelte';
import Limits from './limits/Limits.svelte';
import Logs from './logs/Logs.svelte';
import Notices from './notices/Notices.svelte';
import Ports from './ports/Ports.svelte';
import Rules from './rules/Rules.svelte';
import Settings from './settings/Settings.svelte';
import Tunnel from './tunnel/Tunnel.svelte';
import Workload from './workload/Workload.svelte';

export const SCREENS: Record<PageName, Component> = {
  home: Home,
  workload: Workload,
  earnings: Earnings,
  rules: Rules,
  limits: Limits,
  disk: Disk,
  ports: Ports,
  tunnel: Tunnel,
  doctor: Doctor,
  notices: Notices,
  logs: Logs,
  settings: Settings,
};
