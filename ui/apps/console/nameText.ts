// What is wrong with a name or an address, in words.
import type { AddressFault, NameFault } from './view/name';
import { t } from './words';

export function nameText(fault: NameFault): string {
  if (fault.fault === 'long') return t('name.long', { n: fault.over });
  if (fault.fault === 'unseen' || fault.fault === 'foreign' || fault.fault === 'character')
    return t(`name.${fault.fault}`, { what: fault.what });
  return t(`name.${fault.fault}`);
}

export const addressText = (fault: AddressFault): string => t(`address.${fault}`);
